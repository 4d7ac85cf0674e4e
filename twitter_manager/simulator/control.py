"""Commands to a simulator that runs as a server, under /_simulator: what World offers in Python, as JSON.

Only server.py uses it; in mock mode it cannot be reached from outside.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from twitter_manager.simulator import same_origin
from twitter_manager.simulator.messages import Request, Response
from twitter_manager.simulator.problems import json_response
from twitter_manager.simulator.world import World

__all__ = ["is_command", "respond"]

PREFIX = "/_simulator/"
LATEST = 1000


def is_command(request: Request) -> bool:
    """Whether the request is for the simulator itself, not for X."""
    return request.path.startswith(PREFIX)


def respond(world: World, request: Request, *, host: str) -> Response:
    """400 with `error` for an invalid command, 403 for one from a web page. `host`: the name this server listens on."""
    refused = _refusal(request, host)
    if refused:
        return json_response(403, {"error": refused})
    command = COMMANDS.get(f"{request.method} {request.path.removeprefix(PREFIX)}")
    if command is None:
        return json_response(404, {"error": "no such command", "commands": sorted(COMMANDS)})
    try:
        body = json.loads(request.body or b"{}")
        query = {name: values[0] for name, values in request.query.items()}
        return json_response(200, command(world, body if request.body else query))
    except (ValueError, TypeError, LookupError) as error:
        return json_response(400, {"error": str(error)})


def _refusal(request: Request, host: str) -> str | None:
    """Why the command is refused, or None."""
    # any web page that a person visits can send requests to this machine
    named = request.headers.get("host", "")
    if not same_origin.names_this_machine(named, also=host):
        return "the Host header must be an address, localhost or the name this server listens on"
    if "origin" in request.headers or not same_origin.is_own(request.headers, host=named):
        return "commands are not taken from web pages"
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.body and kind != "application/json":
        return "the Content-Type must be application/json"
    return None


def _state(world: World, _given: dict[str, Any]) -> object:
    return {
        "users": [asdict(user) for user in world.users()],
        "posts": len(world.posts()),
        "settings": asdict(world.settings),
        "faults": [asdict(rule) for rule in world.faults.rules()],
    }


def _posts(world: World, given: dict[str, Any]) -> object:
    return {"posts": [asdict(post) for post in world.posts(given.get("username"))]}


def _calls(world: World, given: dict[str, Any]) -> object:
    """The count of all that match, and the latest thousand."""
    calls = world.calls(method=given.get("method"), path=given.get("path"), username=given.get("username"))
    return {"total": len(calls), "calls": [asdict(call) for call in calls[-LATEST:]]}


def _add_fault(world: World, given: dict[str, Any]) -> object:
    return {"id": world.faults.add(given.pop("kind", ""), **given)}


def _clear_faults(world: World, given: dict[str, Any]) -> object:
    world.faults.clear(call=given.get("call"))
    return {"faults": []}


def _settings(world: World, given: dict[str, Any]) -> object:
    return asdict(world.change(**given))


def _user(world: World, given: dict[str, Any]) -> object:
    return asdict(world.user(given.pop("username", ""), **given))


def _sign_in(world: World, given: dict[str, Any]) -> object:
    return asdict(world.sign_in(given.pop("username", ""), **given))


def _expire_tokens(world: World, _given: dict[str, Any]) -> object:
    return {"expired": world.expire_access_tokens()}


def _suspend(world: World, given: dict[str, Any]) -> object:
    world.suspend(given.get("username", ""), suspended=given.get("suspended", True))
    return {"suspended": given.get("suspended", True)}


def _edit(world: World, given: dict[str, Any]) -> object:
    return asdict(world.edit(str(given["id"]), str(given["text"])))


def _disconnect(world: World, given: dict[str, Any]) -> object:
    world.disconnect(given.get("username", ""))
    return {"disconnected": True}


COMMANDS: dict[str, Callable[[World, dict[str, Any]], object]] = {
    "GET state": _state,
    "GET posts": _posts,
    "GET calls": _calls,
    "POST faults": _add_fault,
    "DELETE faults": _clear_faults,
    "POST settings": _settings,
    "POST users": _user,
    "POST sign-in": _sign_in,
    "POST expire-tokens": _expire_tokens,
    "POST suspend": _suspend,
    "POST disconnect": _disconnect,
    "POST edit": _edit,
}
