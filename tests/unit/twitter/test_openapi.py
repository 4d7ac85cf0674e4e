"""Every request that twitter/ builds is one that X's own OpenAPI document describes, where that is at hand."""

import email.policy
import json
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
import responses
from requests import PreparedRequest

from twitter_manager.config import Settings
from twitter_manager.twitter import media, oauth2, tweets, users
from twitter_manager.twitter.client import XClient

DOCUMENT = Path(__file__).parents[4] / "shared" / "x-openapi.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="X's OpenAPI document is not here")

API = "https://api.x.com"
OLD_DIALECT = {"tweet.fields"}  # asked only where the new words brought nothing
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
        x.post(re.compile(rf"{API}/2/media/.*"), json={"data": {"id": AN_ID}})
        x.get(f"{API}/2/media/upload", json={"data": {"id": AN_ID}})
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

GIF = "tweet_gif"
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
    **{
        f"begin an upload of {media_type}": lambda x, media_type=media_type, category=category: media.initialize(
            x, "token", media_type=media_type, total_bytes=7, media_category=category
        )
        for media_type, category in (
            ("video/mp4", "tweet_video"),
            ("image/gif", "tweet_gif"),
            ("image/png", "tweet_image"),
            ("text/srt", "subtitles"),
        )
    },
    "send a piece": lambda x: media.append(x, "token", AN_ID, media.MAX_SEGMENTS - 1, b"\xff\x00\r\n"),
    "end an upload": lambda x: media.finalize(x, "token", AN_ID),
    "look at an upload": lambda x: media.status(x, "token", AN_ID),
    "upload an image": lambda x: media.upload_image(x, "token", b"\x89PNG", media_type="image/png"),
    "upload a GIF": lambda x: media.upload_image(x, "token", b"GIF89a", media_type="image/gif", media_category=GIF),
    "set an alt text": lambda x: media.set_alt_text(x, "token", AN_ID, "x" * 1000),
    "add subtitles": lambda x: media.add_subtitles(
        x, "token", AN_ID, subtitles_id="5", language_code="DE", display_name="Deutsch"
    ),
    "delete subtitles": lambda x: media.delete_subtitles(x, "token", AN_ID, language_code="DE"),
}
GRANTED = set(Settings.twitter_scopes.split())


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
    ways = [way["OAuth2UserToken"] for way in operation["security"] if "OAuth2UserToken" in way]
    assert any(set(scopes) <= GRANTED for scopes in ways)
    assert_body(request, operation)


def assert_body(request: PreparedRequest, operation: dict[str, Any]) -> None:
    described = operation.get("requestBody")
    if request.body is None:
        assert not (described or {}).get("required")
        return
    kind = str(request.headers["Content-Type"]).partition(";")[0]
    if described is None:  # finalize: X's document has no body, X itself has asked for an object
        assert (kind, request.body) == ("application/json", b"{}")
        return
    schema = described["content"][kind]["schema"]
    if kind == "application/json":
        _check(json.loads(request.body), schema)
    else:
        _check(_fields(request), schema)


def _fields(request: PreparedRequest) -> dict[str, Any]:
    """Those of a multipart body, digits as numbers; the file, whatever is in it, as a text."""
    head = f"Content-Type: {request.headers['Content-Type']!s}\r\n\r\n".encode()
    body = head + b"".join(bytes(piece) for piece in request.body)  # type: ignore[union-attr,arg-type]
    assert int(request.headers["Content-Length"]) == len(body) - len(head)
    found: dict[str, Any] = {}
    for part in email.message_from_bytes(body, EmailMessage, policy=email.policy.HTTP).iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        assert name not in found
        text = part.get_payload(decode=True).decode("latin-1")  # type: ignore[union-attr]
        found[name] = int(text) if text.isdigit() and part.get_filename() is None else text
    return found


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
