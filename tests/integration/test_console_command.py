"""twitter-manager …: the same commands as flask --app app …, in whichever folder one stands."""

from pathlib import Path

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup

from tests.integration.test_cli import (
    ROOT,
    clean_environment,
    end,
    finished,
    free_port,
    healthy,
    process,
)
from tests.support.eventually import eventually
from twitter_manager import config
from twitter_manager.__main__ import main


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a folder with nothing in it but an empty .env: somebody set it up."""
    found = clean_environment(tmp_path)
    (tmp_path / "app.py").unlink()
    (tmp_path / ".env").touch()
    return found


def test_it_has_every_command_and_serve(app: Flask) -> None:
    flasks = set(FlaskGroup().commands) - {"run"}
    assert set(main.commands) == set(app.cli.commands) | flasks | {"serve"}
    assert all(isinstance(command, click.Command) and command.help for command in main.commands.values())


def test_it_serves_and_says_which_instance(tmp_path: Path, environment: dict[str, str]) -> None:
    port = free_port()
    (tmp_path / ".env").write_text(f"PORT={port}\nINSTANCE_DIR=kept\n")
    where = f"Instance: {tmp_path / 'kept'}, database: {tmp_path / 'kept' / 'twitter_manager.db'}"
    with process(environment, "-m", "twitter_manager", "serve") as running:
        eventually(lambda: healthy(port))
        keys = finished(environment, "-m", "twitter_manager", "keys", "list")
        doctor = finished(environment, "-m", "twitter_manager", "doctor")
        out, _ = end(running)
    assert running.returncode == 0
    assert where in out.splitlines()
    assert (keys.returncode, keys.stderr.splitlines()) == (0, [where])
    assert "API_KEY" in keys.stdout
    assert (doctor.returncode, doctor.stderr.splitlines()) == (0, [where])


def test_bad_settings_are_told_by_each_command_and_by_the_doctor(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / ".env").write_text("PORT=many")
    for words in (["serve"], ["keys", "list"]):
        done = finished(environment, "-m", "twitter_manager", *words)
        assert (done.returncode, done.stderr.split()[0]) == (1, "PORT")
    doctor = finished(environment, "-m", "twitter_manager", "doctor")
    assert (doctor.returncode, doctor.stdout.split()[:3]) == (1, ["fail", "settings", "PORT"])
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_help_and_version_need_no_settings(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / ".env").write_text("PORT=many")
    for word in ("--help", "--version"):
        assert finished(environment, "-m", "twitter_manager", word).returncode == 0


@pytest.mark.parametrize("name", [".env", "instance"])
def test_whose_settings_it_takes(tmp_path: Path, name: str) -> None:
    assert config.folder_of(tmp_path) == ROOT, "the clone's, where nothing is set up here"
    (tmp_path / name).mkdir()
    assert config.folder_of(tmp_path) == tmp_path
    assert config.folder_of(ROOT) == ROOT


def test_a_package_that_runs_from_no_clone_takes_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "__file__", str(tmp_path / "site-packages" / "twitter_manager" / "config.py"))
    assert config.folder_of(tmp_path) == tmp_path
