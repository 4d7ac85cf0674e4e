"""Unknown parameters of the query are refused, according to the Operation: a misspelt one would otherwise do something
else than was meant, such as deleting more."""

from collections.abc import Mapping

from twitter_manager.api.http.application import Application, Request
from twitter_manager.api.http.auth import API
from twitter_manager.api.http.body_models import printable
from twitter_manager.api.http.callback import is_callback_at_home
from twitter_manager.api.openapi.operations import Operation, operations_of
from twitter_manager.errors import Invalid

__all__ = ["OPEN", "register"]

# Here X, the simulated one too, decides what comes: a parameter that it or a proxy adds must not break a consent.
OPEN = frozenset({"oauth.callback", "consent.show", "consent.decide"})
_KEY = "api_key"

_Repeatable = Mapping[str, bool]  # by name: may it have several values


def register(app: Application) -> None:
    """Checks the query of each request to `app`. To be called after `auth.register`, and after its routes are
    registered."""
    known = {endpoint: _repeatable(operation) for endpoint, operation in operations_of(app).items()}

    @app.check
    def check_query(request: Request) -> None:
        if request.query_string and request.endpoint is not None and not _is_open(request):
            _check(request, known.get(request.endpoint, {}))


def _repeatable(operation: Operation) -> _Repeatable:
    found = {each.name: each.schema["type"] == "array" for each in operation.query}
    return found | {f"{name}[]": True for name, several in found.items() if several}


def _is_open(request: Request) -> bool:
    return request.endpoint in OPEN or (request.endpoint == "home.show" and is_callback_at_home())


def _check(request: Request, known: _Repeatable) -> None:
    for name, values in request.args.lists():
        if name == _KEY and request.path.startswith(API):
            continue
        if name not in known:
            raise Invalid("invalid_field", sentence=_unknown(known), field=printable(name))
        if len(values) > 1 and not known[name]:
            raise Invalid("invalid_field", sentence=f"{name} is given more than once", field=name)


def _unknown(known: _Repeatable) -> str:
    names = ", ".join(sorted(name for name in known if not name.endswith("[]")))
    return f"A query parameter is not known here; this call takes {names or 'none'}"
