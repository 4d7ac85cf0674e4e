"""GET /: the page that tells a newcomer the next step. Needs no key: it shows no secret, and nobody real."""

import shlex
from collections.abc import Sequence

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from twitter_manager.api import oauth
from twitter_manager.api.http import current, pages
from twitter_manager.api.http.callback import is_callback_at_home
from twitter_manager.api.tweet_responses import waiting_for
from twitter_manager.config import Settings
from twitter_manager.models import Account
from twitter_manager.storage import accounts, tweet_lists
from twitter_manager.storage.tweet_filter import Order, TweetFilter

__all__ = ["blueprint"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1d5fa8"/>'
    '<path d="M4 5h8M8 5v7" stroke="#fff" stroke-width="2"/></svg>'
)
_SHOWN = 5  # accounts
_MAX_PARTS = 100  # of a thread, which may all wait for its first one
_OLDEST_FIRST = Order("created", descending=False)

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def show() -> Response:
    """What this is, how it stands, and what to do next."""
    if is_callback_at_home():
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])
        return oauth.answer_callback()
    services = current.services()
    report = services.health.report()
    counted = tweet_lists.count_by_status(services.db)
    mock, because = services.mock_mode.is_on_because()
    known = accounts.list_of_environment(services.db, mock=mock, limit=_SHOWN)
    pending = _pending_of(known)
    return pages.page(
        "home.html",
        base=request.url_root.rstrip("/"),
        mock=mock,
        because=because,
        cannot_connect=not mock and not services.settings.twitter_client_id,
        reasons=report.reasons,
        notices=report.notices,
        resting=report.resting_other_world,
        accounts=sum(accounts.count_by_status(services.db).values()),
        known=known if mock else (),  # whom X is real for, who has a key may know
        pending=pending if mock else None,
        tweets=counted,
        total=sum(counted.values()),
        step=_next_step(connected=bool(known), created=bool(counted), pending=pending is not None),
        secrets_file=shlex.quote(_secrets_file(services.settings)),
    )


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """What browsers ask for beside every page."""
    return Response(_ICON, mimetype="image/svg+xml")


def _pending_of(known: Sequence[Account]) -> int | None:
    """A tweet that waits to be told to go out, for the examples; of the accounts that are shown."""
    for account in known:
        which = TweetFilter(statuses=("pending",), account_id=account.id)
        for found in tweet_lists.list_page(current.services().db, which, limit=_MAX_PARTS, order=_OLDEST_FIRST):
            if waiting_for(found) is None:
                return found.tweet.id
    return None


def _next_step(*, connected: bool, created: bool, pending: bool) -> str:
    """connect | create | post | look: what has not been done yet."""
    if not connected:
        return "connect"
    if not created:
        return "create"
    return "post" if pending else "look"


def _secrets_file(settings: Settings) -> str:
    """Where the key lies: as seen from the service's folder, or from anywhere if it is elsewhere."""
    path = settings.secrets_path
    return path.relative_to(settings.root).as_posix() if path.is_relative_to(settings.root) else str(path)
