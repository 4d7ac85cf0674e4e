"""Looking users up (docs.x.com: users lookup)."""

from typing import Any

from twitter_manager.simulator import users
from twitter_manager.simulator.call import Call
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.problems import Refusal, invalid_parameter, json_response, missing_resource
from twitter_manager.simulator.serializers import user_json, view_of
from twitter_manager.simulator.users import User

__all__ = ["show", "show_by_username", "show_me"]


def show_me(call: Call) -> Response:
    """GET /2/users/me: the owner of the token."""
    return json_response(200, _body(call, call.user))


def show(call: Call) -> Response:
    """GET /2/users/{id}."""
    user = users.find(call.db, call.path_id())
    if user is None:
        return json_response(200, {"errors": [missing_resource("user", "id", call.path_id())]})
    return json_response(200, _body(call, user))


def show_by_username(call: Call) -> Response:
    """GET /2/users/by/username/{username}."""
    name = call.values["username"]
    if not users.username_fits(name):
        message = f"The `username` query parameter value [{name}] does not match ^[A-Za-z0-9_]{{1,15}}$"
        raise Refusal(invalid_parameter("username", name, message))
    user = users.find_by_username(call.db, name)
    if user is None:
        return json_response(200, {"errors": [missing_resource("user", "username", name)]})
    return json_response(200, _body(call, user))


def _body(call: Call, user: User) -> dict[str, Any]:
    return {"data": user_json(call.db, user, view_of(call))}
