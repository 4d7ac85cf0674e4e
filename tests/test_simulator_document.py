"""docs/simulator.md: every page, option, command, setting and fault is as the program has it."""

import json
import re
from dataclasses import fields
from pathlib import Path

import click
from flask import Flask

from twitter_manager.services.environments import CONSENT_PATH, POSTS_PATH
from twitter_manager.simulator import control, fault_responses, routes
from twitter_manager.simulator.fault_responses import AFTER, BEFORE
from twitter_manager.simulator.faults import Rule
from twitter_manager.simulator.settings import SimulatorSettings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The last table under the heading: the other cells of each row by its first one."""
    section = re.split(r"^#+ ", DOCUMENT.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in cells[2:]}


def words(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_0-9]+)`", text))


def test_every_fault_stands_where_it_belongs() -> None:
    assert list(rows("X did nothing")) == list(BEFORE)
    assert sorted(rows("X did it")) == sorted(AFTER)


def test_every_option_of_a_fault_is_named_and_no_other() -> None:
    source = Path(fault_responses.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r"options(?:\.get\(|\[)\"(\w+)\"", source)) - {"is_api"}
    named = [words(row[0]) for heading in ("X did nothing", "X did it") for row in rows(heading).values()]
    assert set().union(*named) == read


def test_every_field_of_a_fault() -> None:
    assert sorted(rows("Faults")) == sorted({field.name for field in fields(Rule)} - {"id", "kind"})


def test_every_command() -> None:
    assert list(rows("Commands")) == list(control.COMMANDS)


def test_every_setting_with_its_default() -> None:
    documented = {name: json.loads(row[0].strip("`")) for name, row in rows("Settings").items()}
    assert documented == {field.name: field.default for field in fields(SimulatorSettings)}


def test_every_option_of_the_command(app: Flask) -> None:
    command = app.cli.commands["simulator"]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert list(rows("By itself")) == [option.opts[0] for option in options]


def test_the_pages() -> None:
    pages = [cell for row in rows("Its pages").values() for cell in row]
    alone = [route.path for route in routes.ROUTES if route.method == "GET" and not route.is_api]
    assert pages == [f"`{CONSENT_PATH}`", f"`{alone[0]}`", f"`{POSTS_PATH}{alone[1]}`", f"`{alone[1]}`"]
