"""docs/api.md says of every call what the OpenAPI document says, and its examples are calls that the service takes."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.documented_client import chapters, document, validator
from tests.support.service import Service
from twitter_manager.config import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
STATES = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def row(method: str, path: str, operation: dict[str, Any]) -> str:
    """The call's row, as it must stand in the document."""
    query = " ".join(f"`{name}`" for name in query_of(operation))
    fields = fields_of(operation)
    needed = [f"**`{name}`**" for name, required in fields.items() if required]
    body = " ".join(needed + [f"`{name}`" for name, required in fields.items() if not required])
    good = " ".join(status for status in operation["responses"] if status.startswith("2"))
    return f"| `{method} {path}` | {operation['summary']} | {query} | {body} | {good} |".replace("  ", " ")


def query_of(operation: dict[str, Any]) -> list[str]:
    shared = document()["components"]["parameters"]
    found = [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in operation["parameters"]]
    return [each["name"] for each in found if each["in"] == "query"]


def fields_of(operation: dict[str, Any]) -> dict[str, bool]:
    """Each field of the body, and whether it must be there; of several bodies those that any of them has."""
    if "requestBody" not in operation:
        return {}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    named = document()["components"]["schemas"]
    found: dict[str, bool] = {}
    schemas = [named[each["$ref"].rpartition("/")[2]] for each in schema.get("anyOf", [schema])]
    for each in schemas:
        for name in each["properties"]:
            found[name] = all(name in other.get("required", ()) for other in schemas)
    return found


def section(title: str) -> str:
    return re.split(r"^## ", re.split(rf"^## {title}\n", DOCUMENT, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("chapter", chapters())
def test_every_call_is_in_the_table_of_its_chapter(chapter: str) -> None:
    expected = [row(*each) for each in operations() if each[2]["tags"] == [chapter]]
    written = re.findall(r"^\| `[A-Z]+ /.*\|$", section(chapter), re.MULTILINE)
    assert written == expected, f"docs/api.md, {chapter}: its rows must be\n" + "\n".join(expected)


def test_every_field_of_a_post_is_explained() -> None:
    fields = {
        name for path in ("/api/v1/tweets", "/api/v1/tweets/batch", "/api/v1/threads") for name in fields_at(path)
    }
    explained = re.findall(r"^\| `(\w+)` \|", section("Publishing"), re.MULTILINE)
    assert len(set(explained)) == len(explained)
    assert set(explained) == fields


def fields_at(path: str) -> dict[str, bool]:
    return fields_of(document()["paths"][path]["post"])


def examples() -> list[str]:
    """The calls with curl, each in one line."""
    blocks = re.findall(r"^```bash\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    return re.findall(r"^curl .*$", "\n".join(blocks).replace("\\\n", " "), re.MULTILINE)


def matching(method: str, path: str) -> tuple[str, dict[str, Any]]:
    for known, pattern, operation in operations():
        if known == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return pattern, operation
    raise AssertionError(f"no call is {method} {path}")


def test_there_is_an_example_for_each_chapter() -> None:
    tags = {matching(*called(line)[:2])[1]["tags"][0] for line in examples()}
    assert tags == set(chapters())


def called(line: str) -> tuple[str, str, str | None]:
    """Method, path with query, and body of a line with curl."""
    words = shlex.split(line)
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
    (url,) = (word for word in words if word.startswith("$URL"))
    return method, urlsplit(url.removeprefix("$URL")).path, body


@pytest.mark.parametrize("line", examples())
def test_an_example_is_a_call_that_the_document_allows(line: str) -> None:
    method, path, body = called(line)
    pattern, operation = matching(method, path)
    (url,) = (word for word in shlex.split(line) if word.startswith("$URL"))
    assert set(parse_qs(urlsplit(url).query)) <= set(query_of(operation)), line
    if body is not None:
        assert "Content-Type: application/json" in line
        escaped = pattern.replace("/", "~1")
        place = f"/paths/{escaped}/{method.lower()}/requestBody/content/application~1json/schema"
        validator(place).validate(json.loads(body))
    assert ("X-API-Key: $KEY" in line) == (operation.get("security") != [])


def test_the_names_of_older_documents_are_understood(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    older = section("Names of older documents")
    for name in re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", older, re.MULTILINE):
        also = {each.metadata.get("also"): each.name.upper() for each in _settings()}
        assert also.get(name[0]) == name[1]
    assert "`?status=published`" in older
    alice = service.connect("alice")
    number = service.tweet(alice, "one")
    service.beat()
    posted = service.services.publishing.post_now(number)
    assert posted is None
    service.run_due()
    published = service.client.get("/api/v1/tweets?status=published").json
    assert [each["id"] for each in published["tweets"]] == [number]
    paths = re.findall(r"`([A-Z]+) (/[\w/{}.-]+)[^`]*`", older)
    assert paths
    for method, path in paths:
        assert (method, path) in {(method, path) for method, path, _ in operations()}, path


def _settings() -> tuple[Any, ...]:
    from dataclasses import fields

    return fields(Settings)


@pytest.mark.parametrize("text", [DOCUMENT, STATES], ids=["api.md", "states.md"])
def test_every_link_and_file_that_is_named_is_there(text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    files = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md|json))`", text))
    assert {
        name for name in files if not (ROOT / name).exists() and not (ROOT / "twitter_manager" / name).exists()
    } == set()
