"""What is installed is pinned: each list's lock has its pins and what they need in turn, all by their hashes."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTS = sorted(ROOT.glob("requirements*.txt"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def pins(path: Path) -> dict[str, str]:
    """By name: the version, in a list with those that it includes, or in a lock."""
    text = path.read_text(encoding="utf-8")
    found = dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", text, re.MULTILINE))
    for name in re.findall(r"^-r (\S+)", text, re.MULTILINE):
        found |= pins(ROOT / name)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found.items()}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_line_of_a_list_is_a_pin_and_says_why(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(("#", "-r "))]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+( +# .+)?", line)] == []


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_its_lock_has_its_pins(path: Path) -> None:
    assert pins(path).items() <= pins(path.with_suffix(".lock")).items(), "run: make lock"


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_its_lock_has_nothing_without_a_hash_and_names_no_place(path: Path) -> None:
    text = path.with_suffix(".lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w-])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(path.with_suffix(".lock")))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r".*(?:://|index-url|find-links|trusted-host).*", text) == []


def test_newman_and_what_it_needs_are_locked_likewise() -> None:
    folder = ROOT / "tests" / "e2e"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages.pop("")["dependencies"] == wanted, "run: make lock"
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert [name for name, each in packages.items() if "integrity" not in each or "resolved" in each] == []


def test_what_is_installed_into_one_environment_has_one_version() -> None:
    locks = [pins(ROOT / f"requirements{name}.lock") for name in ("", "-postgres", "-dev", "-bench")]
    for name in set().union(*locks):
        assert len({lock[name] for lock in locks if name in lock}) == 1, f"{name}: run make lock"


def test_make_installs_nothing_but_what_is_locked() -> None:
    installed = re.findall(r"-r (requirements\S*)", MAKEFILE)
    assert set(installed) == {path.with_suffix(".lock").name for path in LISTS}
    assert len(re.findall(r"\$\(LOCKED\) -r", MAKEFILE)) == len(installed)


def test_the_project_is_built_by_the_pinned_setuptools_and_brings_its_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = pins(ROOT / "requirements-setup.txt")["setuptools"]
    assert project["build-system"]["requires"] == [f"setuptools=={version}"]
    data = {path.suffix for path in (ROOT / "twitter_manager").rglob("*.*")} - {".py", ".pyc"}
    assert {f"*{suffix}" for suffix in data} == set(project["tool"]["setuptools"]["package-data"]["*"])
