"""Which requests are X's answer to a connection that was begun: at /auth/callback, and TWITTER_CALLBACK_URL's path."""

from urllib.parse import unquote, urlsplit

from flask import request

from twitter_manager.api.http import current
from twitter_manager.config import Settings

__all__ = ["OAUTH1", "is_callback", "is_callback_at_home", "path_of_callback"]

OAUTH1 = frozenset({"oauth_token", "oauth_verifier"})
_FROM_X = frozenset({"state", "code", "error", *OAUTH1})


def is_callback() -> bool:
    """Whether the request in progress is X's answer."""
    return request.endpoint == "oauth.callback" or (request.endpoint == "home.show" and is_callback_at_home())


def is_callback_at_home() -> bool:
    """Whether a request to '/' is X's answer: TWITTER_CALLBACK_URL is the bare address, and X's parameters are in."""
    return path_of_callback(current.services().settings) == "/" and not _FROM_X.isdisjoint(request.args)


def path_of_callback(settings: Settings) -> str:
    return unquote(urlsplit(settings.callback_url).path).removesuffix("/") or "/"  # as Application reads paths
