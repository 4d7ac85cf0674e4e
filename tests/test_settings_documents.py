"""Settings, `.env.example` and the table in README.md name the same settings with the same defaults."""

import re
import subprocess
import sys
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from twitter_manager.config import Settings, load
from twitter_manager.services.startup import prepare

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

SETTINGS = {each.name.upper(): each for each in fields(Settings) if "derived" not in each.metadata}
ALIASES = {each.metadata["also"] for each in SETTINGS.values()} - {None}

# What follows from other settings has no default of its own in Settings.
FOLLOWS = {
    "TWITTER_CALLBACK_URL": "http://127.0.0.1:5555/auth/callback",
    "INSTANCE_DIR": "instance",
    "MEDIA_DIR": "instance/media",
    "LOG_DIR": "instance/logs",
}


def as_text(value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}h"
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def in_example() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def in_readme() -> dict[str, str]:
    """The first two cells of each row whose first cell is a name: | `NAME` | `default` or words | … |"""
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| ([^|]*?) \|", section, re.MULTILINE))


def test_env_example_names_every_setting_and_no_other() -> None:
    assert set(in_example()) == set(SETTINGS)


def test_readme_names_every_setting_and_no_other() -> None:
    assert set(in_readme()) == set(SETTINGS)


def test_each_setting_stands_once_in_env_example_and_nothing_in_it_is_set() -> None:
    lines = EXAMPLE.splitlines()
    assert all(line.startswith("#") or not line for line in lines)
    assert len(re.findall(r"^# ?[A-Z][A-Z0-9_]+=", EXAMPLE, re.MULTILINE)) == len(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_env_example_shows_the_default(name: str) -> None:
    assert in_example()[name] == FOLLOWS.get(name, as_text(SETTINGS[name].default))


@pytest.mark.parametrize("name", SETTINGS)
def test_readme_shows_the_same_default(name: str) -> None:
    default, cell = in_example()[name], in_readme()[name]
    if default:
        assert cell == f"`{default}`"
    else:
        assert cell
        assert "`" not in cell, "what has no default is described in words"


def test_secrets_have_no_value_in_env_example() -> None:
    secret = {name for name, each in SETTINGS.items() if each.metadata["secret"]}
    assert {name for name in secret if in_example()[name]} == set()


def test_both_documents_name_the_other_names_that_are_accepted() -> None:
    assert {name for name in ALIASES if name not in EXAMPLE or name not in README} == set()


def test_every_line_of_env_example_taken_as_it_is_changes_nothing(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in in_example().items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    shown, default = load(tmp_path, environ={}), Settings(root=tmp_path)
    follows = {name.lower() for name in FOLLOWS}
    for each in fields(Settings):
        if each.name not in follows:
            assert getattr(shown, each.name) == getattr(default, each.name), each.name
    for name in ("callback_url", "instance_path", "database_path", "log_path", "mock_by_default", "secrets_path"):
        assert getattr(shown, name) == getattr(default, name), name


def test_the_commands_in_env_example_make_keys_that_the_service_takes(tmp_path: Path) -> None:
    commands = re.findall(r'^#   python -c "(.*)"$', EXAMPLE, re.MULTILINE)
    api_key, encryption_key = (
        subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.strip()
        for command in commands
    )
    settings = load(tmp_path, environ={"API_KEY": api_key, "ENCRYPTION_KEY": encryption_key})
    prepared = prepare(settings)
    assert not prepared.made_keys
    assert not settings.secrets_path.exists()
