"""docs/errors.md says of every code what error_codes/ says, with its real HTTP status; none is unknown or unused."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from twitter_manager.api.http import errors as api_errors
from twitter_manager.error_codes import CODES, accounts, media, posting, requests, webhooks
from twitter_manager.serving import refusals

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "twitter_manager"
DOCUMENT = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")

# Calls whose arguments with these positions or names are codes.
FIRST = {kind.__name__ for kind in api_errors.STATUSES} | {
    "ServiceError",
    "sentence_of",
    "Held",
    "Unconfirmed",
    "Failed",
    "RenewalFailed",
}
SECOND = {"AppRefused", "AccountLost", "AccountPaused"}
NAMED = {"code", "error_code"}


@cache
def trees() -> tuple[ast.Module, ...]:
    """Every module that may name our codes; the simulator's words are X's."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(("error_codes/", "simulator/")):
            found.append(ast.parse(path.read_text(encoding="utf-8")))
    return tuple(found)


def calls() -> Iterator[tuple[str, set[str]]]:
    """Every call in a function, under the last part of its name, and the codes among its arguments."""
    for tree in trees():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            assigned = {
                target.id: node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    called = node.func
                    name = str(getattr(called, "attr", None) or getattr(called, "id", ""))
                    yield name, set(codes_of_call(name, node, assigned))


def texts(node: ast.expr, assigned: dict[str, ast.expr]) -> Iterator[str]:
    """The texts that an argument can be: itself, a choice between some, or what a variable was given before."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value, assigned)
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body, assigned)
            yield from texts(orelse, assigned)
        case ast.Name(id=name) if name in assigned:
            yield from texts(assigned[name], {})


def codes_of_call(name: str, call: ast.Call, assigned: dict[str, ast.expr]) -> Iterator[str]:
    if name in FIRST and call.args:
        yield from texts(call.args[0], assigned)
    if name in SECOND and len(call.args) > 1:
        yield from texts(call.args[1], assigned)
    for keyword in call.keywords:
        if keyword.arg in NAMED:
            yield from texts(keyword.value, assigned)


def codes_in_use() -> set[str]:
    """Codes that the package writes out, in whatever place, and those made by f"account_{status}"."""
    found = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr) and ast.unparse(node).startswith("f'account_"):
                found |= {"account_suspended", "account_failed", "account_inactive"}
    found |= {"database_unavailable"}  # StorageUnavailable gives it itself
    return found & set(CODES)


@cache
def raised_statuses() -> dict[str, set[int]]:
    """By code: the statuses of the answers in which it can stand, as the code says them."""
    statuses: defaultdict[str, set[int]] = defaultdict(set)
    kinds = {kind.__name__: status for kind, status in api_errors.STATUSES.items()}
    kinds["Failed"] = 502  # a failed tweet answers who waits for it
    for name, codes in calls():
        for code in codes if name in kinds else ():
            statuses[code].add(kinds[name])
    for table in (api_errors._HTTP_CODES, {int(status): code for status, code in refusals._CODES.items()}):
        for status, code in table.items():
            statuses[code].add(status)
    statuses["database_unavailable"].add(503)
    statuses["internal_error"].add(500)
    return dict(statuses)


@cache
def rows() -> dict[str, list[str]]:
    """By code: the cells `where`, `sentence`, `cause`, `remedy` of its row."""
    lines = re.findall(r"^\| `([a-z0-9_]+)` \|(.*)\|$", DOCUMENT, re.MULTILINE)
    assert len(lines) == len({code for code, _ in lines}), "a code stands twice"
    return {code: [cell.strip() for cell in cells.split("|")] for code, cells in lines}


def test_the_document_has_every_code_and_no_other() -> None:
    assert set(rows()) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_document_says_what_the_code_says(code: str) -> None:
    meant = CODES[code]
    assert rows()[code][1:] == [meant.sentence, meant.cause, meant.remedy]


@pytest.mark.parametrize("code", CODES)
def test_the_document_names_the_statuses_of_the_answers(code: str) -> None:
    where = rows()[code][0]
    assert {int(number) for number in re.findall(r"\d+", where)} == raised_statuses().get(code, set())


def test_every_code_that_is_raised_or_stored_is_known() -> None:
    used = {code for _, codes in calls() for code in codes}
    assert used - set(CODES) == set()
    assert len(used) > 40, "the search finds the codes"


def test_every_code_in_sql_is_known() -> None:
    """Triggers and queries name codes, too."""
    paths = [*(PACKAGE / "storage").rglob("*.py"), *(PACKAGE / "storage").rglob("*.sql")]
    found: set[str] = set()
    for path in paths:
        for text in re.findall(
            r"(?:error_code|rest_code)\s+(?:NOT\s+)?(?:IN|=|<>)\s+(\([^)]*\)|'\w+')", path.read_text()
        ):
            found |= set(re.findall(r"'(\w+)'", text))
    assert "oauth1_not_supported" in found
    assert found - set(CODES) == set()


def test_a_code_stands_in_one_file_only() -> None:
    assert sum(len(each.CODES) for each in (requests, accounts, posting, media, webhooks)) == len(CODES)


def test_every_code_is_in_use() -> None:
    assert set(CODES) - codes_in_use() == set()


def test_what_a_code_says_is_fit_for_a_table_and_for_a_person() -> None:
    for code, meant in CODES.items():
        for text in (meant.sentence, meant.cause, meant.remedy):
            assert text, code
            assert "|" not in text, code
