"""GET /: the page that tells a newcomer the next step. Needs no key and shows no secret."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from twitter_manager.api import oauth
from twitter_manager.api.http import current, pages
from twitter_manager.config import SECRETS_FILE, Settings
from twitter_manager.storage import accounts, tweet_lists

__all__ = ["blueprint"]

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def show() -> Response:
    """What this is, how it stands, and what to do next."""
    if oauth.is_callback_at_home():
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])
        return oauth.answer_callback()
    services = current.services()
    report = services.health.report()
    counted = tweet_lists.count_by_status(services.db)
    because = services.mock_mode.why_on()
    people = sum(accounts.count_by_status(services.db).values())
    return pages.page(
        "home.html",
        base=request.url_root.rstrip("/"),
        mock=because is not None,
        because=because,
        reasons=report.reasons,
        notices=report.notices,
        resting=report.resting_other_world,
        accounts=people,
        tweets=counted,
        total=sum(counted.values()),
        step=_next_step(accounts=people, tweets=counted),
        secrets_file=_secrets_file(services.settings),
    )


def _next_step(*, accounts: int, tweets: dict[str, int]) -> str:
    """connect | create | post | look: what has not been done yet."""
    if not accounts:
        return "connect"
    if not tweets:
        return "create"
    return "post" if tweets.get("pending") else "look"


def _secrets_file(settings: Settings) -> str:
    """Where the key lies, as seen from the service's folder; if elsewhere, no path of the machine is told."""
    path = settings.secrets_path
    inside = path.is_relative_to(settings.root)
    return path.relative_to(settings.root).as_posix() if inside else f"$INSTANCE_DIR/{SECRETS_FILE}"
