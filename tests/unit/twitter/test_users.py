"""GET /2/users/me: who it is, in either spelling, or that it cannot be told."""

from typing import Any

import pytest

from tests.support.wire import answering, reply, serving
from twitter_manager.twitter import users
from twitter_manager.twitter.errors import OutcomeUnknown, Unauthorized
from twitter_manager.twitter.users import User

ME = {"id": "1999999999999999999", "username": "alice", "name": "Alice A.", "public_metrics": {"followers_count": 7}}


def get_me(data: Any) -> User:
    with serving(answering(reply(200, {"data": data}))) as server:
        return users.get_me(server.x(), "token")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, User("1999999999999999999", "alice", "Alice A.", 7)),
        ({"public_metrics": {"followers_count": 0}}, User("1999999999999999999", "alice", "Alice A.", 0)),
        ({"public_metrics": {"followers_count": -3}}, User("1999999999999999999", "alice", "Alice A.", None)),
        ({"public_metrics": {}}, User("1999999999999999999", "alice", "Alice A.", None)),
        ({"public_metrics": None}, User("1999999999999999999", "alice", "Alice A.", None)),
        ({"name": None}, User("1999999999999999999", "alice", "alice", 7)),
    ],
)
def test_read(changes: dict[str, Any], expected: User) -> None:
    assert get_me(ME | changes) == expected


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "alice",
        {},
        ME | {"id": None},
        ME | {"id": 5},
        ME | {"id": "²"},
        ME | {"id": "1a"},
        ME | {"username": ""},
    ],
    ids=str,
)
def test_not_to_be_read(data: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        get_me(data)


def test_the_request() -> None:
    with serving(answering(reply(200, {"data": ME}))) as server:
        users.get_me(server.x(), "token", account_id=3)
    (request,) = server.requests
    assert request.line.startswith("GET /2/users/me?user.fields=")
    assert request.header("authorization") == "Bearer token"


def test_a_token_that_is_not_accepted() -> None:
    with serving(answering(reply(401, {"title": "Unauthorized"}))) as server, pytest.raises(Unauthorized):
        users.get_me(server.x(), "token")


def test_where_x_does_not_know_a_field_it_is_asked_without() -> None:
    unknown = reply(400, {"title": "Invalid Request", "detail": "The query parameter [user.fields] is not one of […]"})
    plain = {name: ME[name] for name in ("id", "username", "name")}
    with serving(answering(unknown, reply(200, {"data": plain}))) as server:
        assert users.get_me(server.x(), "token").followers is None
    assert "user.fields" not in server.requests[1].line
