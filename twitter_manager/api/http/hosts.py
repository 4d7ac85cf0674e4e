"""Which host names a request may use. Without this any page a person visits could reach a service on 127.0.0.1
through a name of its own that resolves there (DNS rebinding)."""

from urllib.parse import urlsplit

from twitter_manager.api.http.application import Application, Request
from twitter_manager.config import Settings
from twitter_manager.errors import Malformed
from twitter_manager.host_names import host_name

__all__ = ["names_of", "register"]

_ALWAYS = ("127.0.0.1", "localhost", "::1")


def names_of(settings: Settings) -> frozenset[str]:
    """Every name that is served: this machine's own, the callback's, and ALLOWED_HOSTS."""
    callback = urlsplit(settings.callback_url).hostname or ""
    return frozenset({*_ALWAYS, callback, *settings.allowed_hosts} - {""})


def register(app: Application, settings: Settings) -> None:
    """Refuses every request to `app` with another host."""
    served = names_of(settings)

    @app.check
    def check_host(request: Request) -> None:
        # HTTP/1.0 may come without one; a browser never does
        host = request.environ.get("HTTP_HOST")
        if host is not None and host_name(host) not in served:
            raise Malformed("host_not_allowed")
