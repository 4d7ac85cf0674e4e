"""Connecting an account: GET /api/v1/auth/twitter begins, X sends the person back to the callback.

The callback needs no key: the state in it is the proof that it was begun here.
"""

import re
from typing import Annotated
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, jsonify, request
from pydantic import Field

from twitter_manager.api.accounts import ACCOUNTS, AccountConnected, account_to_json
from twitter_manager.api.http import current, pages
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.openapi.fields import ResponseModel
from twitter_manager.api.openapi.operations import ACCOUNT, OUR_ID, Operation, Parameter, Resource
from twitter_manager.config import Settings
from twitter_manager.errors import Conflict, Invalid, Malformed, NotFound, NotNow, StartRefused

__all__ = ["answer_callback", "blueprint", "is_callback_at_home", "register_callback"]

CALLBACK = "/auth/callback"
_STATE = re.compile(r"[A-Za-z0-9._~-]{16,500}")
_ERROR = re.compile(r"[a-z_]{1,64}")
_MAX_CODE = 2000
_OAUTH1 = frozenset({"oauth_token", "oauth_verifier"})
_FROM_X = frozenset({"state", "code", "error", *_OAUTH1})

blueprint = Resource("oauth", __name__, chapter=ACCOUNTS)


class StartedConnection(ResponseModel):
    """Where a person lets the service use an account; serves once, for 10 minutes."""

    auth_url: Annotated[
        str,
        Field(
            description="To be opened in a browser. In mock mode `&mock_user=NAME` says yes for that person at once.",
            examples=["http://127.0.0.1:5555/mock/i/oauth2/authorize?response_type=code&client_id=mock-client"],
        ),
    ]
    state: Annotated[str, Field(min_length=16, examples=["q7V0cD1mTkR8nXw2LhYfZbJ4sPeU6aGi"])]


@blueprint.get("/api/v1/auth/twitter")
@Operation(
    query=(Parameter(name="account_id", schema=OUR_ID, description="Reconnect this very account."), ACCOUNT),
    responses={200: StartedConnection},
    errors={
        NotFound: ("account_not_found",),
        Conflict: ("other_world",),
        NotNow: ("oauth_not_configured",),
    },
)
def begin() -> Response:
    """The address at which a person lets us use an account, and its state; `account_id` reconnects that account."""
    key = current.api_key()
    begun = current.services().connections.begin(api_key_id=key.id if key else None, account_id=account_in_query())
    return jsonify({"auth_url": begun.auth_url, "state": begun.state})


def _from_x(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string"}, description=description)


@blueprint.get(CALLBACK)
@Operation(
    query=(
        _from_x("state", "What `auth_url` carried."),
        _from_x("code", "X's code, good for 30 s."),
        _from_x("error", "X's word for why not."),
        _from_x("oauth_token", "Of OAuth 1.0a: refused."),
        _from_x("oauth_verifier", "Of OAuth 1.0a: refused."),
    ),
    responses={200: AccountConnected},
    errors={
        Malformed: (
            "invalid_state",
            "connect_declined",
            "code_missing",
            "exchange_failed",
            "client_refused",
            "identity_unreadable",
        ),
        NotFound: ("account_not_found",),
        Conflict: ("other_user",),
        Invalid: ("oauth1_not_supported",),
        NotNow: ("oauth_not_configured",),
    },
    page=True,
)
def callback() -> Response:
    """Where X sends the person back to."""
    return answer_callback()


def answer_callback() -> Response:
    """Ends what `begin` began: a page for a browser, JSON for a program that asks for it."""
    account = current.services().connections.finish(
        state=_state(), code=_code(), error=_error(), oauth1=not _OAUTH1.isdisjoint(request.args)
    )
    if pages.wants_page():
        return pages.page("connected.html", account=account)
    return jsonify({"message": f"Connected @{account.username}", "account": account_to_json(account)})


def is_callback_at_home() -> bool:
    """Whether a request to '/' is X's answer: TWITTER_CALLBACK_URL is the bare address, and X's parameters are in."""
    return _path_of(current.services().settings) == "/" and not _FROM_X.isdisjoint(request.args)


def register_callback(app: Flask, settings: Settings) -> None:
    """Answers at the path of TWITTER_CALLBACK_URL too. Raises StartRefused where another page has it already.

    A callback at '/' is the home page's path, which tells the two apart itself.
    """
    path = _path_of(settings)
    if path in (CALLBACK, "/"):
        return
    taken = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    if path in taken or "<" in path:
        raise StartRefused("TWITTER_CALLBACK_URL names a path that this service uses for something else")
    app.add_url_rule(path, endpoint="oauth.callback", view_func=callback)


def _path_of(settings: Settings) -> str:
    return unquote(urlsplit(settings.callback_url).path) or "/"


def _state() -> str | None:
    """The state, if it can be one of ours."""
    given = request.args.get("state", "")
    return given if _STATE.fullmatch(given) else None


def _code() -> str | None:
    given = request.args.get("code", "")
    return given if given and given.isprintable() and len(given) <= _MAX_CODE else None


def _error() -> str | None:
    """X's own word for why not (RFC 6749 §4.1.2.1); anything else that was put there is not carried on."""
    given = request.args.get("error")
    return given if not given or _ERROR.fullmatch(given) else "invalid_request"
