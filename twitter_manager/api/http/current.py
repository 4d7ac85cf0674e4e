"""What belongs to the request in progress: the services, its id, its API key, its Idempotency-Key."""

from typing import cast

from flask import current_app

from twitter_manager.api.http.application import request_in_progress
from twitter_manager.models import ApiKey
from twitter_manager.services import Services
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["api_key", "idempotent_call", "request_id", "services"]


def services() -> Services:
    """Built once in the factory."""
    return cast(Services, current_app.extensions["services"])


def request_id() -> str:
    """'-' before it has one."""
    return request_in_progress().id


def api_key() -> ApiKey | None:
    """None where none is needed."""
    return request_in_progress().api_key


def idempotent_call() -> IdempotentCall | None:
    """None where no Idempotency-Key was sent."""
    return request_in_progress().idempotent_call
