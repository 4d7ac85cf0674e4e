"""Connecting an account: GET /api/v1/auth/twitter begins, X sends the person back to the callback.

The callback needs no key: the state in it is the proof that it was begun here.
"""

import re
from contextlib import suppress
from typing import Annotated

from flask import Flask, Response, jsonify, request
from pydantic import Field

from twitter_manager.api.accounts import ACCOUNTS, AccountConnected, account_to_json
from twitter_manager.api.http import current, pages
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.http.callback import OAUTH1, is_callback, path_of_callback
from twitter_manager.api.openapi.fields import ResponseModel
from twitter_manager.api.openapi.operations import ACCOUNT, OUR_ID, Operation, Parameter, Resource
from twitter_manager.config import CALLBACK_PATH, Settings
from twitter_manager.errors import Conflict, Forbidden, Invalid, Malformed, NotFound, NotNow, ServiceError, StartRefused
from twitter_manager.models import OAuthState

__all__ = [
    "answer_callback",
    "blueprint",
    "callback_page",
    "register_callback",
]


_STATE = re.compile(r"[A-Za-z0-9._~-]{16,500}")
_ERROR = re.compile(r"[a-z_]{1,64}")
_MAX_CODE = 2000

_NEW_LINK = "Ask whoever gave you the link for a new one; if you run this service, begin again from its first page."
_OPERATOR = "You did nothing wrong. Tell whoever runs this service, and name the request id below."
# What a person in a browser can do, who has no API key and knows no API.
_ADVICE = {
    "connect_declined": "You said no at X, so nothing is done for your account. If you meant yes, begin again.",
    "connect_refused": f"X refused the request of this service before you could say yes or no. {_OPERATOR}",
    "invalid_state": f"This address works once, and for ten minutes. {_NEW_LINK}",
    "code_missing": "X sent you back without a yes or a no. Begin again.",
    "exchange_failed": "X gives half a minute to get from its page to this one, and that may have been too short. "
    "Begin again; if it happens once more, tell whoever runs this service.",
    "exchange_unanswered": "This service could not reach X just now. Begin again in a moment; if it happens once more, "
    "tell whoever runs this service.",
    "client_refused": f"X does not take the keys of this service. {_OPERATOR}",
    "other_user": "At X you are logged in as somebody else. Log in there as the user of the account that is to be "
    "connected again, then begin again.",
    "identity_unreadable": "You said yes, but X did not say who you are. Begin again in a moment.",
    "account_not_found": f"The account that was to be connected again was deleted meanwhile. {_NEW_LINK}",
    "oauth1_not_supported": f"X sent you back in a way that is no longer used. {_OPERATOR}",
}
_OTHER_ADVICE = "Load this page again in a moment. If that does not help, tell whoever runs this service."

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
    scope="write",  # whoever follows the link gives the service an account
    errors={
        NotFound: ("account_not_found",),
        Conflict: ("other_world",),
        NotNow: ("oauth_not_configured",),
    },
)
def begin() -> Response:
    """The address at which a person lets us use an account, and its state; `account_id` reconnects that account."""
    key, account_id = current.api_key(), account_in_query()
    if key is not None and key.account_ids is not None and account_id is None:
        sentence = "This key is limited to accounts: account_id says which of them is connected again"
        raise Forbidden("key_scope", sentence=sentence, field="account_id")
    # a Host header was checked against the names that are served; HTTP/1.0 may come without one
    came_by = request.root_url if "HTTP_HOST" in request.environ else None
    begun = current.services().connections.begin(
        api_key_id=key.id if key else None, account_id=account_id, came_by=came_by
    )
    return jsonify({"auth_url": begun.auth_url, "state": begun.state})


def _from_x(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string"}, description=description)


@blueprint.get(CALLBACK_PATH)
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
            "connect_refused",
            "code_missing",
            "exchange_failed",
            "exchange_unanswered",
            "client_refused",
            "identity_unreadable",
        ),
        NotFound: ("account_not_found",),
        Conflict: ("other_user",),
        Invalid: ("oauth1_not_supported",),
        NotNow: ("oauth_not_configured", "too_many_waiting"),
    },
    page=True,
)
def callback() -> Response:
    """Where X sends the person back to."""
    return answer_callback()


def answer_callback() -> Response:
    """Ends what `begin` began: a page for a browser, JSON for a program that asks for it."""
    connected = current.services().connections.finish(
        state=_state(), code=_code(), error=_error(), oauth1=not OAUTH1.isdisjoint(request.args)
    )
    account, already = connected.account, connected.already
    if pages.wants_page():
        return pages.page("connected.html", account=account, already=already)
    message = f"@{account.username} is already connected" if already else f"Connected @{account.username}"
    return jsonify({"message": message, "account": account_to_json(account)})


def callback_page(error: ServiceError, begun: OAuthState | None) -> Response | None:
    """What a person is shown whose account was not connected; None unless X sent a browser here, whatever it accepts.

    `begun`: what this very request spent in vain, and may begin again.
    """
    return _not_connected_page(error, begun) if is_callback() and pages.wants_page() else None


def _not_connected_page(error: ServiceError, begun: OAuthState | None) -> Response:
    again = None
    with suppress(NotNow):  # then there is no link
        again = current.services().connections.begin_again(begun) if begun else None
    return pages.page(
        "not_connected.html",
        error=error.sentence,
        advice=_ADVICE.get(error.code, _OTHER_ADVICE),
        begin_again=again.auth_url if again else None,
    )


def register_callback(app: Flask, settings: Settings) -> None:
    """Answers at the path of TWITTER_CALLBACK_URL too. Raises StartRefused where another page has it already.

    A callback at '/' is the home page's path, which tells the two apart itself.
    """
    path = path_of_callback(settings)
    if path in (CALLBACK_PATH, "/"):
        return
    taken = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    if path in taken or "<" in path:
        raise StartRefused("TWITTER_CALLBACK_URL names a path that this service uses for something else")
    app.add_url_rule(path, endpoint="oauth.callback", view_func=callback)


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
