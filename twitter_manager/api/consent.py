"""In mock mode: the simulated X's pages. On one a person lets the app use an account, the others show posts."""

from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, Response, request

from twitter_manager.api.http import current, pages
from twitter_manager.errors import Malformed, NotFound, StorageUnavailable, TooLarge
from twitter_manager.services import Services
from twitter_manager.services.environments import CONSENT_PATH, POSTS_PATH
from twitter_manager.simulator import consent_page
from twitter_manager.simulator.messages import Request
from twitter_manager.simulator.messages import Response as Answer
from twitter_manager.simulator.responses import respond
from twitter_manager.simulator.world import WorldUnavailable

__all__ = ["blueprint"]

_PATH_AT_X = "/i/oauth2/authorize"
_MAX_FORM = 16 * 1024  # bytes: four MiB of "&" would be two million fields

blueprint = Blueprint("consent", __name__)


@blueprint.get(CONSENT_PATH)
def show() -> Response:
    """The page; with `mock_user=NAME` that person says yes at once."""
    return _answer_of_simulated_x()


@blueprint.post(CONSENT_PATH)
def decide() -> Response:
    """What the person chose on it."""
    return _answer_of_simulated_x()


@blueprint.get(f"{POSTS_PATH}/<username>/status/<post_id>")
def show_post(username: str, post_id: str) -> Response:
    """A post of a simulated account, as X would show it."""
    services = _services_in_mock_mode()
    asked = Request("GET", f"/{username}/status/{post_id}")
    return _response(_answered(lambda: respond(services.simulated(), asked)))


def _answer_of_simulated_x() -> Response:
    """Raises Malformed for a program whose link or choice is refused: it could not read the page that says so. Raises
    TooLarge."""
    services = _services_in_mock_mode()
    if (request.content_length or 0) > _MAX_FORM:
        raise TooLarge("body_too_large")
    response = _answered(lambda: _refusal(services) or respond(services.simulated(), _asked()))
    if response.status == 400 and not pages.wants_page():
        raise Malformed("consent_refused")
    return _response(response)


def _services_in_mock_mode() -> Services:
    """Raises NotFound when mock mode is off: then nothing simulated is shown, and nobody connects such an account."""
    services = current.services()
    if not services.mock_mode.is_on():
        raise NotFound("not_found")
    return services


def _answered(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except WorldUnavailable as error:
        raise StorageUnavailable(str(error)) from error


def _response(response: Answer) -> Response:
    return Response(response.body, status=response.status, headers=dict(response.headers))


def _refusal(services: Services) -> Answer | None:
    """For a link that was not made here: this page needs no key, so its state must be one that a key was given."""
    state, address = request.args.get("state", ""), request.args.get("redirect_uri", "")
    if services.connections.awaits_simulated(state=state, redirect_uri=address):
        services.simulated().register_callback(address)
        return None
    return consent_page.refused("This link was not made here, was used already, or is more than ten minutes old.")


def _asked() -> Request:
    query = quote(request.query_string, safe="%&=+;,/?:@!$'()*~.-_")
    body = request.get_data(cache=False)
    return Request.from_target(request.method, f"{_PATH_AT_X}?{query}", headers=dict(request.headers), body=body)
