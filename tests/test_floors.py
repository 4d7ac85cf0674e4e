"""The floors of the house: who may import what. A module that stands on no floor fails here until it is given one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "twitter_manager"

# Top to bottom. What stands in one row are neighbours, who never import each other.
FLOORS = (
    ("__main__",),
    ("start",),
    ("factory",),
    ("cli",),
    ("api", "worker"),
    ("services",),
    ("storage", "twitter", "receivers", "media_files", "simulator", "serving", "logs"),
    ("config",),
    ("setting_values",),
    (
        "crypto",
        "models",
        "database_url",
        "host_names",
        "env_files",
        "responses",
        "untrusted_times",
        "sqlite_file",
        "sqlite_rows",
    ),
    ("errors",),
    (
        "error_codes",
        "timestamps",
        "version",
        "capacity",
        "start_lock",
        "private_files",
        "scratch_folders",
        "terminal",
        "final_response",
    ),
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}

# The rooms of services/, top to bottom; the same rule: down only, and neighbours never.
WINGS = (
    ("__init__",),
    ("startup", "doctor", "maintenance", "copies"),
    ("dispatch", "publishing", "webhooks"),
    ("accounts", "encryption"),
    ("health", "mock_mode", "api_keys"),
    ("wakeup", "alerts"),
    ("context",),
    ("notifier", "environments", "seats", "audit"),
    ("rate_limits",),
    ("posts", "backoff", "calls_per_minute", "secrets_file"),
)
WING_OF = {wing: number for number, wings in enumerate(WINGS) for wing in wings}

# Packages of others that only some rooms, folders or files may import.
WHERE = {
    "flask": ("__main__", "start", "factory", "cli", "api"),
    "werkzeug": ("factory", "api"),
    "click": ("__main__", "cli"),
    "jinja2": ("api",),
    "markupsafe": ("api",),
    "pydantic": ("api",),
    "pydantic_core": ("api",),
    "waitress": ("serving",),
    "sqlite3": ("sqlite_file.py", "sqlite_rows.py", "storage/sqlite", "simulator"),
    "psycopg": ("storage/postgres",),
    # services/environments.py is the one place where the transport is chosen
    "requests": ("twitter", "simulator/adapter.py", "services/environments.py"),
    "urllib3": ("twitter", "simulator/adapter.py"),
    "certifi": ("receivers",),
    "cryptography": ("crypto", "setting_values"),
    "dotenv": ("env_files",),
}

# Modules of ours that only some of us may import: storage/__init__.py alone knows which database it is.
WHERE_OURS = {
    "twitter_manager.storage.sqlite": ("storage/__init__.py", "storage/sqlite"),
    "twitter_manager.storage.postgres": ("storage/__init__.py", "storage/postgres"),
    "twitter_manager.sqlite_file": ("storage/sqlite", "simulator"),
    "twitter_manager.sqlite_rows": ("storage/sqlite", "simulator"),
}

SQL_ROOMS = ("storage", "simulator", "sqlite_rows")
SQL = re.compile(
    r"\b(select\s.+?\sfrom|insert\s+(or\s+\w+\s+)?into|update\s+\w+\s+set|delete\s+from|create\s+(unique\s+)?"
    r"(table|index|trigger)|drop\s+table|alter\s+table|pragma\s+\w+|begin\s+immediate)\b",
    re.IGNORECASE | re.DOTALL,
)


FOLDERS = [path.parent for path in sorted(PACKAGE.rglob("__init__.py")) if path.parent != PACKAGE]


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def name_in_package(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: str) -> str:
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, wherever in the file; the names in `from twitter_manager import …` are modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here, so that a path can be read off them"
            assert node.module is not None
            if node.module in ("twitter_manager", "twitter_manager.services", "twitter_manager.storage"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def faults_of_imports(path: str, source: str) -> list[str]:
    """What the module at `path` (seen from the package) imports and may not."""
    room, faults = room_of(path), []
    for name in imported(ast.parse(source)):
        parts = name.split(".")
        if parts[0] == "twitter_manager":
            other = parts[1]
            if other != room and FLOOR_OF.get(other, -1) <= FLOOR_OF[room]:
                faults.append(f"{path} may not import {name}")
            if other == room == "services" and not goes_down_a_wing(path, parts):
                faults.append(f"{path} may not import {name}")
        elif parts[0] in WHERE and not stands_in(path, WHERE[parts[0]]):
            faults.append(f"{path} may not import {name}")
        for ours, places in WHERE_OURS.items():
            if f"{name}.".startswith(f"{ours}.") and not stands_in(path, places):
                faults.append(f"{path} may not import {name}")
    return faults


def stands_in(path: str, places: tuple[str, ...]) -> bool:
    """Whether the module at `path` is one of the files, or in one of the rooms and folders."""
    return any(path == place or path.startswith(f"{place}/") or room_of(path) == place for place in places)


def goes_down_a_wing(path: str, imported_parts: list[str]) -> bool:
    """Whether a module of services/ may import another one: of its own wing, or of one below it."""
    wing = path.split("/")[1].removesuffix(".py")
    other = imported_parts[2] if len(imported_parts) > 2 else "__init__"
    return other == wing or WING_OF.get(other, -1) > WING_OF[wing]


def parts_put_into_texts(source: str) -> list[str]:
    """What stands in the braces of f-strings."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FormattedValue))
    return [ast.unparse(node.value) for node in nodes]


def lines_with_sql(source: str) -> list[int]:
    tree = ast.parse(source)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    )
    return [text.lineno for text in texts if SQL.search(str(text.value))]


def test_every_module_stands_on_a_floor_and_every_floor_is_inhabited() -> None:
    assert {room_of(name_in_package(path)) for path in modules()} == set(FLOOR_OF)


def test_every_wing_of_the_services_has_its_place() -> None:
    wings = {name_in_package(path).split("/")[1].removesuffix(".py") for path in (PACKAGE / "services").rglob("*.py")}
    assert wings == set(WING_OF)


@pytest.mark.parametrize(
    ("folder", "may_import"), [("http", {"http", "openapi"}), ("openapi", {"http", "openapi", "error_response"})]
)
def test_what_every_call_passes_knows_no_resource(folder: str, may_import: set[str]) -> None:
    found = {
        (path.name, name)
        for path in (PACKAGE / "api" / folder).glob("*.py")
        for name in imported(ast.parse(path.read_text()))
        if f"{name}.".startswith("twitter_manager.api.") and not may_import.intersection(name.split(".")[2:3])
    }
    assert not found


@pytest.mark.parametrize("path", modules(), ids=name_in_package)
def test_imports_go_down_only(path: Path) -> None:
    assert faults_of_imports(name_in_package(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules(), ids=name_in_package)
def test_sql_is_in_storage_and_simulator_only(path: Path) -> None:
    if room_of(name_in_package(path)) not in SQL_ROOMS:
        assert lines_with_sql(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "storage").glob("*.py")), ids=name_in_package)
def test_statements_are_put_together_from_constants(path: Path) -> None:
    if path.name != "tweet_lists.py":  # it chooses between constants
        parts = parts_put_into_texts(path.read_text(encoding="utf-8"))
        assert [part for part in parts if not re.fullmatch(r"[A-Z_]+", part)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("services/publishing/publish.py", "from twitter_manager.api.http import current"),
        ("services/publishing/publish.py", "from twitter_manager import worker"),
        ("twitter/client.py", "from twitter_manager.storage import tweets"),
        ("api/tweets.py", "import twitter_manager.worker.loop"),
        ("storage/tweets.py", "def late():\n    from twitter_manager.services import build"),
        ("error_codes/posting.py", "from twitter_manager.timestamps import now"),
        ("services/publishing/publish.py", "import flask"),
        ("worker/loop.py", "from flask import current_app"),
        ("services/health.py", "import sqlite3"),
        ("storage/tweets.py", "import sqlite3"),
        ("storage/tweets.py", "from twitter_manager.storage import sqlite"),
        ("services/startup.py", "from twitter_manager.storage.sqlite.engine import SqliteDatabase"),
        ("storage/tweets.py", "from twitter_manager import sqlite_file"),
        ("services/accounts/tokens.py", "import requests"),
        ("services/publishing/publish.py", "from twitter_manager.services.dispatch import decisions"),
        ("services/webhooks/endpoints.py", "from twitter_manager.services.dispatch import recovery"),
        ("services/dispatch/send.py", "from twitter_manager.services.publishing.enqueue import enqueue"),
        ("services/accounts/tokens.py", "from twitter_manager.services.dispatch import decisions"),
        ("services/accounts/manage.py", "from twitter_manager.services import publishing"),
        ("services/context.py", "from twitter_manager.services import Services"),
        ("simulator/server.py", "from requests.adapters import HTTPAdapter"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str) -> None:
    assert len(faults_of_imports(path, source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        'q.one("SELECT 1 AS yes FROM tweet")',
        'tx.execute("update tweet set status = 1")',
        'tx.execute(f"DELETE FROM tweet WHERE {condition}")',
        'run("PRAGMA user_version")',
    ],
)
def test_sql_in_a_string_is_found(source: str) -> None:
    assert len(lines_with_sql(source)) == 1


def test_a_docstring_may_speak_of_selecting_from_a_table() -> None:
    assert (
        lines_with_sql('def f():\n    """Like SELECT x FROM y."""\n    return "Select a person, then update it"') == []
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(PACKAGE).as_posix())
def test_each_folder_has_a_map_of_its_files(folder: Path) -> None:
    """In its own docstring or, as services/ and api/http/ do, in that of the folder around it."""
    maps = "".join(docstring_of(each) for each in (folder, folder.parent))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert [name for name in sorted(files) if not re.search(rf"\b{name}\b", maps)] == []


def test_the_map_in_the_readme_has_every_noun() -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    wings = (PACKAGE / "services" / wing for wing in ("accounts", "dispatch", "publishing", "rate_limits", "webhooks"))
    files = [path for folder in (*wings, PACKAGE / "storage", PACKAGE / "twitter") for path in folder.glob("*.py")]
    general = {"__init__", "database", "rows"}
    named = [name_in_package(path) for path in sorted(files) if path.stem not in general]
    assert [name for name in named if f"`{name}`" not in readme] == []


def docstring_of(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""


def test_the_package_itself_imports_nothing_and_has_the_map() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert [type(node) for node in tree.body] == [ast.Expr]
    docstring = ast.get_docstring(tree) or ""
    for room in FLOOR_OF:
        assert re.search(rf"^\s+{room}(/|\.py)\s", docstring, re.MULTILINE), f"{room} is missing on the map"
