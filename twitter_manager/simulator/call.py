"""One call in progress: what the handlers of every section get."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twitter_manager.simulator.messages import Request
from twitter_manager.simulator.problems import Refusal, invalid_body, invalid_parameter
from twitter_manager.simulator.routes import Route
from twitter_manager.simulator.settings import SimulatorSettings
from twitter_manager.simulator.users import User

__all__ = ["Call", "id_of"]


def id_of(text: str) -> str | None:
    """The text if it can be an id of X's: ^[0-9]{1,19}$ and below 2**63; else None."""
    fits = text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63
    return text if fits else None


@dataclass(frozen=True)
class Call:
    """A request within the world's transaction. `caller`: the bearer's user; None where none is needed."""

    db: sqlite3.Connection
    now: datetime
    request: Request
    route: Route
    values: Mapping[str, str]
    settings: SimulatorSettings
    caller: User | None

    @property
    def user(self) -> User:
        """The user whose token it is. Raises LookupError where the call has none."""
        if self.caller is None:
            raise LookupError("this call has no user")
        return self.caller

    def path_id(self) -> str:
        """The {id} in the path. Raises Refusal (400) when it is no id."""
        given = self.values["id"]
        if id_of(given) is None:
            raise Refusal(invalid_parameter("id", given, f"The `id` query parameter value [{given}] is not valid"))
        return given

    def one(self, name: str) -> str | None:
        """A query parameter that may be given once. Raises Refusal (400)."""
        values = self.request.query.get(name)
        if values and len(values) > 1:
            raise Refusal(invalid_parameter(name, values[1], f"The query parameter [{name}] can only be used once"))
        return values[0] if values else None

    def many(self, name: str) -> list[str]:
        """A comma-separated query parameter. Raises Refusal (400)."""
        return [part for part in (self.one(name) or "").split(",") if part]

    def json_object(self) -> dict[str, Any]:
        """Raises Refusal (400) when the body is no JSON object."""
        if not self.request.headers.get("content-type", "").lower().startswith("application/json"):
            raise Refusal(invalid_body("Content-Type must be application/json"))
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise Refusal(invalid_body("Requests with bodies must be valid JSON")) from error
        if not isinstance(body, dict):
            raise Refusal(invalid_body("Requests with bodies must be a JSON object"))
        return body
