"""The answers have the shapes of X's own OpenAPI document, where it is at hand."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.support.simulator import Caller
from twitter_manager.simulator import routes
from twitter_manager.simulator.world import World

DOCUMENT = Path(__file__).parents[4] / "shared" / "x-openapi.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="X's OpenAPI document is not here")

EVERYTHING = {
    "post.fields": "created_at,entities,public_metrics,conversation_id,note_post,attachments,lang,edit_controls",
    "expansions": "referenced_posts,author_id,in_reply_to_user_id,edit_history_post_ids,username",
    "user.fields": "created_at,public_metrics,subscription_type,verified,verified_type,description,profile_image_url",
}


@cache
def document() -> Any:
    return json.loads(DOCUMENT.read_text())


def assert_fits(body: Any, schema: str) -> None:
    """`body` fits the schema, and every name in it is one the schema knows."""
    full = {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]}
    jsonschema.Draft202012Validator(full).validate(body)
    assert_known(body, {"$ref": f"#/components/schemas/{schema}"})


def assert_known(body: Any, schema: dict[str, Any]) -> None:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(body, dict) and "properties" in schema:
        assert set(body) <= set(schema["properties"])
        for name, value in body.items():
            assert_known(value, schema["properties"][name])
    if isinstance(body, list) and "items" in schema:
        for item in body:
            assert_known(item, schema["items"])


@pytest.fixture
def rich(alice: Caller) -> str:
    """A thread with links, media, a poll, a quote and a long text; the id of its first post."""
    first = alice.posted("see https://example.com & <more>")
    alice.posted("a reply", reply={"in_reply_to_tweet_id": first})
    alice.posted("a quote", quote_tweet_id=first)
    alice.posted("media", media={"media_ids": ["5"]})
    alice.posted("poll", poll={"options": ["a", "b"], "duration_minutes": 5})
    alice.posted("long https://example.org " * 20)
    return first


def test_creating_and_deleting(alice: Caller) -> None:
    created = alice.post("hello").json()
    assert_fits(created, "CreatePostsResponse")
    deleted = alice.call("DELETE", f"/2/tweets/{created['data']['id']}").json()
    assert_fits(deleted, "DeletePostsResponse")


def test_reading_posts(alice: Caller, rich: str, timeline: Callable[..., Any]) -> None:
    fields = {name: EVERYTHING[name] for name in ("post.fields", "expansions", "user.fields")}
    assert_fits(alice.get(f"/2/tweets/{rich}", **fields), "GetPostsByIdResponse")
    assert_fits(alice.get("/2/tweets", ids=f"{rich},1", **fields), "GetPostsByIdsResponse")
    page = timeline(max_results="5", **fields)
    assert_fits(page, "GetUsersPostsResponse")
    assert {"data", "includes", "meta"} <= set(page)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/2/users/me", "GetUsersMeResponse"),
        ("/2/users/{}", "GetUsersByIdResponse"),
        ("/2/users/by/username/alice", "GetUsersByUsernameResponse"),
        ("/2/users/42", "GetUsersByIdResponse"),
    ],
)
def test_reading_users(alice: Caller, world: World, path: str, schema: str) -> None:
    body = alice.get(path.format(world.user("alice").id), **{"user.fields": EVERYTHING["user.fields"]})
    assert_fits(body, schema)


def test_refusals(alice: Caller) -> None:
    problem = alice.call("GET", "/2/users/me", params={"colour": "red"}).json()
    full = {"$ref": "#/components/schemas/InvalidRequestProblem", "components": document()["components"]}
    jsonschema.Draft202012Validator(full).validate(problem)


def test_every_api_route_is_one_of_xs_and_takes_its_parameters() -> None:
    shared = document()["components"]["parameters"]
    for route in routes.ROUTES:
        if not route.is_api:
            continue
        operation = document()["paths"][route.path][route.method.lower()]
        given = [shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in operation.get("parameters", [])]
        assert route.query == {p["name"] for p in given if p["in"] == "query"} | (route.query & {"tweet.fields"})
        scopes = next(way["OAuth2UserToken"] for way in operation["security"] if "OAuth2UserToken" in way)
        assert route.scopes == set(scopes)
