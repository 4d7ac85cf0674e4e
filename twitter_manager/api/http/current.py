"""What the request in progress can reach: the services, its id, the key it came with, what it asks to be done once."""

from typing import cast

from flask import current_app, g

from twitter_manager.models import ApiKey
from twitter_manager.services import Services
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = [
    "api_key",
    "idempotent_call",
    "keep_api_key",
    "keep_idempotent_call",
    "keep_request_id",
    "request_id",
    "services",
]


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


def keep_idempotent_call(value: IdempotentCall) -> None:
    """Notes what the Idempotency-Key of this request says."""
    g.idempotent_call = value


def idempotent_call() -> IdempotentCall | None:
    """What is to be done once, for the service that does it; None where no Idempotency-Key came."""
    return cast(IdempotentCall | None, g.get("idempotent_call"))
