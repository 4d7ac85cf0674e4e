"""The audit: which key changed what, and what was refused."""

from collections.abc import Mapping
from typing import Annotated, Literal

import orjson
from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.openapi.fields import REQUEST_ID, Count, Id, NextCursorBefore, ResponseModel, Rows, Time
from twitter_manager.api.openapi.operations import (
    ACCOUNT,
    ACCOUNT_ID,
    CURSOR,
    LIMIT,
    OUR_ID,
    Chapter,
    Operation,
    Parameter,
    Resource,
)
from twitter_manager.errors import Conflict, NotFound
from twitter_manager.models import AuditEntry
from twitter_manager.storage import api_keys, audit
from twitter_manager.timestamps import to_text

__all__ = ["blueprint"]

blueprint = Resource(
    "audit",
    __name__,
    url_prefix="/api/v1",
    chapter=Chapter("Audit", "Which key changed what, and what was refused; kept for 90 days."),
)


class Entry(ResponseModel):
    """A call or a command that changed something, or was refused by a state or by X; never a text or a secret."""

    id: Id
    created_at: Time
    actor: Annotated[Literal["key", "command"], Field(description="A call with a key, or a command of this machine.")]
    key_id: Annotated[Id | None, Field(description="For an account that is connected: who began that.")]
    key_name: Annotated[str | None, Field(description="What it is called.", examples=["the newsroom"])]
    request_id: Annotated[str | None, Field(examples=[REQUEST_ID])]
    method: Annotated[str | None, Field(examples=["POST"])]
    route: Annotated[str, Field(description="A path, or a command.", examples=["/api/v1/tweet"])]
    account_id: Id | None
    subject: Annotated[
        Literal["tweet", "thread", "batch", "webhook", "account", "api_key"] | None, Field(examples=["tweet"])
    ]
    subject_id: Id | None
    counts: Annotated[
        dict[str, Count] | None, Field(description="Where one call changes several: how many.", examples=[None])
    ]
    http_status: Annotated[int | None, Field(description="Of the answer; null for a command.", examples=[201])]
    error_code: Annotated[str | None, Field(description="Where it was refused.", examples=[None])]


def _to_json(entry: AuditEntry, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "id": entry.id,
        "created_at": to_text(entry.created_at),
        "actor": entry.actor,
        "key_id": entry.api_key_id,
        "key_name": names.get(entry.api_key_id or 0),
        "request_id": entry.request_id,
        "method": entry.method,
        "route": entry.route,
        "account_id": entry.account_id,
        "subject": entry.subject,
        "subject_id": entry.subject_id,
        "counts": entry.counts and orjson.loads(entry.counts),
        "http_status": entry.status,
        "error_code": entry.code,
    }


class AuditList(ResponseModel):
    """A page of the audit."""

    entries: list[Entry]
    limit: Rows
    next_cursor: NextCursorBefore


_KEY_ID = Parameter(name="key_id", schema=OUR_ID, description="Only what this key did.")
_SINCE = Parameter(
    name="since", schema={"type": "string", "format": "date-time"}, description="Only from this moment on."
)


@blueprint.get("/audit")
@Operation(
    query=(_KEY_ID, ACCOUNT_ID, ACCOUNT, _SINCE, CURSOR, LIMIT),
    responses={200: AuditList},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
    scope="admin",
    whole_service=True,
)
def show() -> Response:
    """Which key changed what, newest first, filtered by key, account and time; `cursor` goes on."""
    limit = inputs.number_in_query("limit", default=inputs.MAX_ROWS, maximum=inputs.MAX_ROWS)
    which = audit.AuditFilter(
        api_key_id=inputs.id_in_query("key_id"),
        account_id=account_in_query(),
        since=inputs.moment_in_query("since"),
        before=inputs.cursor_in_query(),
    )
    services = current.services()
    found = audit.list_page(services.db, which, limit=limit + 1)
    more = inputs.cursor_before(found[limit - 1].id) if len(found) > limit else None
    names = api_keys.names_of(services.db, {entry.api_key_id for entry in found if entry.api_key_id is not None})
    entries = [_to_json(entry, names) for entry in found[:limit]]
    return jsonify({"entries": entries, "limit": limit, "next_cursor": more})
