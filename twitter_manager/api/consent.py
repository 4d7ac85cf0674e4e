"""In mock mode: the simulated X's page on which a person lets the app use an account."""

from urllib.parse import quote

from flask import Blueprint, Response, request

from twitter_manager.api.http import current, pages
from twitter_manager.errors import Malformed, NotFound, StorageUnavailable
from twitter_manager.services.environments import CONSENT_PATH
from twitter_manager.simulator.answers import answer
from twitter_manager.simulator.messages import Request
from twitter_manager.simulator.world import WorldUnavailable

__all__ = ["blueprint"]

_PATH_AT_X = "/i/oauth2/authorize"

blueprint = Blueprint("consent", __name__)


@blueprint.get(CONSENT_PATH)
def show() -> Response:
    """The page; with `mock_user=NAME` that person says yes at once."""
    return _answer_of_simulated_x()


@blueprint.post(CONSENT_PATH)
def decide() -> Response:
    """What the person chose on it."""
    return _answer_of_simulated_x()


def _answer_of_simulated_x() -> Response:
    """Raises NotFound when mock mode is off: then nobody can connect a simulated account. Raises Malformed for a
    program whose link or choice is refused: it could not read the page that says so."""
    services = current.services()
    if not services.mock_mode.is_on():
        raise NotFound("not_found")
    query = quote(request.query_string, safe="%&=+;,/?:@!$'()*~.-_")
    asked = Request.from_target(
        request.method, f"{_PATH_AT_X}?{query}", headers=dict(request.headers), body=request.get_data(cache=False)
    )
    try:
        reply = answer(services.simulated(), asked)
    except WorldUnavailable as error:
        raise StorageUnavailable(str(error)) from error
    if reply.status == 400 and not pages.wants_page():
        raise Malformed("consent_refused")
    return Response(reply.body, status=reply.status, headers=dict(reply.headers))
