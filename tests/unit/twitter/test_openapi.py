"""Every request that twitter/ builds is one that X's own OpenAPI document describes, where that is at hand."""

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
import responses
from requests import PreparedRequest

from twitter_manager.config import Settings
from twitter_manager.twitter import oauth2, tweets, users
from twitter_manager.twitter.client import XClient

DOCUMENT = Path(__file__).parents[4] / "shared" / "x-openapi.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="X's OpenAPI document is not here")

API = "https://api.x.com"
OLD_DIALECT = {"tweet.fields"}  # x-api.md §0: asked only where the new words brought nothing
AN_ID = "1999999999999999999"


@cache
def document() -> Any:
    return json.loads(DOCUMENT.read_text())


@pytest.fixture
def sent() -> Any:
    """Calls to X are answered with a post without a date, so that both dialects are asked; what was sent is kept."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as x:
        anywhere = re.compile(rf"{API}/.*")
        x.get(f"{API}/2/users/me", json={"data": {"id": AN_ID, "username": "alice"}})
        x.post(f"{API}/2/tweets", json={"data": {"id": AN_ID, "text": "hello"}}, status=201)
        x.get(anywhere, json={"data": [{"id": AN_ID, "text": "hello"}], "meta": {"result_count": 1}})
        x.delete(anywhere, json={"data": {"deleted": True}})
        yield x.calls


WITH_A_POLL = tweets.NewPost(
    text="What do you say?", poll={"options": ["Yes", "No"], "duration_minutes": 60}, reply_settings="mentionedUsers"
)
EVERYTHING = tweets.NewPost(
    text="See this",
    reply_to=AN_ID,
    media_ids=[AN_ID],
    community_id="5",
    made_with_ai=True,
    paid_partnership=True,
)

CALLS = {
    "create": lambda x: tweets.create(x, "token", tweets.NewPost(text="hello")),
    "create with everything": lambda x: tweets.create(x, "token", EVERYTHING),
    "create with a quote": lambda x: tweets.create(x, "token", tweets.NewPost(text="this", quote_of=AN_ID)),
    "create with a poll": lambda x: tweets.create(x, "token", WITH_A_POLL),
    "create a reply": lambda x: tweets.create(x, "token", tweets.NewPost(text="hello", reply_to=AN_ID)),
    "delete": lambda x: tweets.delete(x, "token", AN_ID),
    "look up": lambda x: tweets.get_many(x, "token", [AN_ID, "5"]),
    "list since": lambda x: tweets.list_own(x, "token", AN_ID, since_id="5"),
    "list from": lambda x: tweets.list_own(x, "token", AN_ID, start_time=datetime(2026, 11, 20, tzinfo=UTC)),
    "me": lambda x: users.get_me(x, "token"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_request_is_as_x_describes_it(sent: Any, name: str) -> None:
    CALLS[name](XClient(API))
    requests = [call.request for call in sent]
    assert requests
    for request in requests:
        assert_described(request)


def assert_described(request: PreparedRequest) -> None:
    url = urlsplit(request.url or "")
    path = str(url.path)
    template, values = next(filter(None, (_match(each, path) for each in document()["paths"])))
    operation = document()["paths"][template][str(request.method).lower()]
    parameters = {each["name"]: each for each in map(_resolved, operation.get("parameters", []))}
    for parameter, value in values.items():
        _check(value, parameters[parameter]["schema"])
    query = {key: value for key, (value,) in parse_qs(str(url.query), strict_parsing=bool(url.query)).items()}
    for parameter, value in query.items():
        if parameter not in OLD_DIALECT:
            assert parameters[parameter]["in"] == "query"
            _check(_typed(value, parameters[parameter]["schema"]), parameters[parameter]["schema"])
    required = {each["name"] for each in parameters.values() if each.get("required") and each["in"] == "query"}
    assert required <= set(query)
    if request.body is None:
        assert not operation.get("requestBody", {}).get("required")
    else:
        assert request.headers["Content-Type"] == "application/json"
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        _check(json.loads(request.body), schema)


def test_the_scopes_asked_for_by_default_are_xs() -> None:
    flows = document()["components"]["securitySchemes"]["OAuth2UserToken"]["flows"]
    known = set(flows["authorizationCode"]["scopes"])
    assert set(Settings.twitter_scopes.split()) <= known
    assert oauth2.TOKEN_PATH in flows["authorizationCode"]["tokenUrl"]


def _resolved(parameter: dict[str, Any]) -> Any:
    if "$ref" not in parameter:
        return parameter
    return document()["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]


def _match(template: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The path's values, where it fits the template; a template without a variable goes before one with."""
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values = {}
    for name, value in zip(wanted, given, strict=True):
        if name.startswith("{") and value.isdigit():
            values[name[1:-1]] = value
        elif name != value:
            return None
    return template, values


def _typed(text: str, schema: dict[str, Any]) -> Any:
    if schema.get("type") == "array":
        return text.split(",")
    return int(text) if schema.get("type") == "integer" else text


def _check(value: Any, schema: dict[str, Any]) -> None:
    full = {**schema, "components": document()["components"]}
    jsonschema.Draft202012Validator(full, format_checker=jsonschema.FormatChecker()).validate(value)
