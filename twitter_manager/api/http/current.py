"""What belongs to the request in progress: the services, its id, its API key, its Idempotency-Key."""

from typing import cast

from flask import current_app, g

from twitter_manager.models import ApiKey
from twitter_manager.services import Services
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = [
    "api_key",
    "idempotent_call",
    "request_id",
    "services",
    "set_api_key",
    "set_idempotent_call",
    "set_request_id",
]


def services() -> Services:
    """Built once in the factory."""
    return cast(Services, current_app.extensions["services"])


def set_request_id(value: str) -> None:
    """For responses and logs."""
    g.request_id = value


def request_id() -> str:
    """'-' before it has one."""
    return str(g.get("request_id", "-"))


def set_api_key(key: ApiKey) -> None:
    g.api_key = key


def api_key() -> ApiKey | None:
    """None where none is needed."""
    return cast(ApiKey | None, g.get("api_key"))


def set_idempotent_call(value: IdempotentCall) -> None:
    g.idempotent_call = value


def idempotent_call() -> IdempotentCall | None:
    """None where no Idempotency-Key was sent."""
    return cast(IdempotentCall | None, g.get("idempotent_call"))
