"""What the request in progress can reach: the services, its id, the key it came with, what it asks to be done once."""

from typing import cast

from flask import current_app, g

from twitter_manager.models import ApiKey
from twitter_manager.services import Services
from twitter_manager.storage.idempotency_keys import Once

__all__ = ["api_key", "keep_api_key", "keep_once", "keep_request_id", "once", "request_id", "services"]


def services() -> Services:
    """What the product does, wired once in the factory."""
    return cast(Services, current_app.extensions["services"])


def keep_request_id(value: str) -> None:
    """Notes under which id this request stands in answers and logs."""
    g.request_id = value


def request_id() -> str:
    """The id of this request; '-' before it has one."""
    return str(g.get("request_id", "-"))


def keep_api_key(key: ApiKey) -> None:
    """Notes the key that was accepted."""
    g.api_key = key


def api_key() -> ApiKey | None:
    """The key that was accepted; None where none is asked for."""
    return cast(ApiKey | None, g.get("api_key"))


def keep_once(value: Once) -> None:
    """Notes what the Idempotency-Key of this request says."""
    g.once = value


def once() -> Once | None:
    """What is to be done once, for the service that does it; None where no Idempotency-Key came."""
    return cast(Once | None, g.get("once"))
