"""The consent page's endpoint, /i/oauth2/authorize (docs.x.com: OAuth 2.0, authorization code)."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twitter_manager.simulator import consent_page, grants, same_origin, users
from twitter_manager.simulator.call import Call
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.problems import Refusal
from twitter_manager.simulator.users import User

__all__ = ["decide", "show"]

READ_AND_WRITE = ("tweet", "follows", "mute", "like", "list", "block", "bookmark", "dm", "broadcast")
SCOPES = frozenset(
    {
        "tweet.moderate.write",
        "users.read",
        "users.email",
        "offline.access",
        "space.read",
        "timeline.read",
        "media.write",
    }
    | {f"{noun}.{verb}" for noun in READ_AND_WRITE for verb in ("read", "write")}
)
STATE_LENGTH = 500
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
BAD_NAME = "That is no username: 1 to 15 letters, digits or underscores."


@dataclass(frozen=True)
class Application:
    client_id: str
    redirect_uri: str
    scope: str
    state: str
    challenge: str
    method: str


def show(call: Call) -> Response:
    """GET: the page; with mock_user=NAME that user consents at once, unless another site sent the request."""
    asked = _application(call)
    name = call.one("mock_user")
    if name is not None and not same_origin.is_elsewhere(call.request.headers):
        return _approve(call, asked, name)
    return _page(call, asked)


def decide(call: Call) -> Response:
    """POST: the decision. The authorize parameters stay in the query, so that the page works under any prefix."""
    if not same_origin.is_own(call.request.headers, host=call.request.headers.get("host", "")):
        raise Refusal(consent_page.refused("The choice was sent by another page."))
    asked = _application(call)
    form = call.request.form()
    if form.get("decision") == "decline":
        return _back(asked, {"error": "access_denied"})
    name = form.get("new_user") or form.get("user") or ""
    name = name.strip().removeprefix("@")
    if not users.username_fits(name):
        return _page(call, asked, mistake=BAD_NAME)
    return _approve(call, asked, name)


def _approve(call: Call, asked: Application, name: str) -> Response:
    if not users.username_fits(name):
        raise Refusal(consent_page.refused(BAD_NAME))
    user: User = users.ensure(call.db, name, now=call.now)
    code = grants.insert_code(
        call.db,
        client_id=asked.client_id,
        user_id=user.id,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        challenge=asked.challenge,
        method=asked.method,
        now=call.now,
    )
    return _back(asked, {"code": code})


def _page(call: Call, asked: Application, *, mistake: str = "") -> Response:
    names = [user.username for user in users.list_all(call.db)]
    return consent_page.question(
        client_id=asked.client_id, scopes=asked.scope.split(), usernames=names, mistake=mistake
    )


def _back(asked: Application, parameters: dict[str, str]) -> Response:
    """302 to the app, its own query kept (RFC 6749 §4.1.2)."""
    parts = urlsplit(asked.redirect_uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("state", asked.state), *parameters.items()])
    return Response(302, {"location": urlunsplit(parts._replace(query=query)), "cache-control": "no-store"})


def _application(call: Call) -> Application:
    """Raises Refusal with a 400 page, never a redirect, since the address is not checked yet."""
    given = {name: call.one(name) or "" for name in _NAMES}
    for problem, wrong in _problems(call, given):
        if wrong:
            raise Refusal(consent_page.refused(problem))
    return Application(
        given["client_id"],
        given["redirect_uri"],
        given["scope"],
        given["state"],
        given["code_challenge"],
        given["code_challenge_method"],
    )


_NAMES = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


def _problems(call: Call, given: dict[str, str]) -> list[tuple[str, bool]]:
    unknown_client = grants.has_clients(call.db) and not _is_registered(call, given["client_id"])
    unknown_scopes = set(given["scope"].split()) - SCOPES
    return [
        ("response_type must be code.", given["response_type"] != "code"),
        ("client_id is missing.", not given["client_id"]),
        ("client_id is not known to this X.", unknown_client),
        ("redirect_uri must be a whole URL without a fragment.", not _is_return_address(given["redirect_uri"])),
        ("redirect_uri is no registered callback of this X.", not _is_known_address(call, given["redirect_uri"])),
        ("state is missing.", not given["state"]),
        (f"state is longer than {STATE_LENGTH} characters.", len(given["state"]) > STATE_LENGTH),
        ("scope is missing.", not given["scope"].split()),
        (f"scope names what X does not know: {' '.join(sorted(unknown_scopes))}.", bool(unknown_scopes)),
        ("code_challenge_method must be S256 or plain.", given["code_challenge_method"] not in {"S256", "plain"}),
        ("code_challenge must be 43 to 128 characters (RFC 7636).", not CHALLENGE.fullmatch(given["code_challenge"])),
    ]


def _is_registered(call: Call, client_id: str) -> bool:
    try:
        grants.client_secret(call.db, client_id)
    except LookupError:
        return False
    return True


def _is_known_address(call: Call, uri: str) -> bool:
    """Registered, or on this machine: a program that gets the code there could have asked for it here."""
    return grants.is_registered_callback(call.db, uri) or (_is_return_address(uri) and _is_loopback(uri))


def _is_loopback(uri: str) -> bool:
    host = urlsplit(uri).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_return_address(uri: str) -> bool:
    if not uri.isprintable() or " " in uri or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and parts.scheme not in {"javascript", "data"}
