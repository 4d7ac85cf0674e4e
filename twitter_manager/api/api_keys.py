"""API keys: made, shown and revoked with an admin key; none may do more than the one that made it."""

import json
from typing import Annotated, Literal

from flask import Response, jsonify
from pydantic import Field

from twitter_manager import models
from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import Username, find_accounts
from twitter_manager.api.openapi.fields import Count, Id, NextCursor, Page, ResponseModel, Rows, Time
from twitter_manager.api.openapi.operations import CURSOR, LIMIT, PAGE, Chapter, Operation, Resource
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.services.api_keys import SCOPES, Scope, state_of
from twitter_manager.storage.api_keys import KeyChoice
from twitter_manager.timestamps import to_text
from twitter_manager.twitter.text.parse import is_blank

__all__ = ["blueprint"]

World = Literal["mock", "live"]

blueprint = Resource(
    "api_keys",
    __name__,
    url_prefix="/api/v1/keys",
    chapter=Chapter("Keys", "Who may call, and what each key may do. Only admin keys see and change this."),
)


class Key(ResponseModel):
    """A key, without the key itself: that is not kept."""

    id: Id
    name: Annotated[str, Field(examples=["the newsroom"])]
    state: Literal["active", "expired", "replaced", "revoked"]
    source: Annotated[
        Literal["api", "command", "setting"], Field(description="setting: it is, or was, the value of API_KEY.")
    ]
    scopes: Annotated[list[Scope], Field(examples=[["write"]])]
    account_ids: Annotated[
        list[Id] | None, Field(description="The only accounts that there are for it; null: all.", examples=[[1]])
    ]
    world: Annotated[
        World | None, Field(description="Only while mock mode is on (mock) or off (live).", examples=[None])
    ]
    expires_at: Annotated[Time | None, Field(examples=[None])]
    requests_per_minute: Annotated[int | None, Field(ge=1, description="null: any number.", examples=[None])]
    created_at: Time
    last_used_at: Annotated[Time | None, Field(description="To the minute.", examples=[None])]
    revoked_at: Annotated[Time | None, Field(examples=[None])]


def _to_json(key: models.ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "state": state_of(key, current.services().clock()),
        "source": "api" if key.made_by is not None and key.source == "command" else key.source,
        "scopes": key.scopes.split(),
        "account_ids": None if key.account_ids is None else json.loads(key.account_ids),
        "world": key.world,
        "expires_at": key.expires_at and to_text(key.expires_at),
        "requests_per_minute": key.requests_per_minute,
        "created_at": to_text(key.created_at),
        "last_used_at": key.last_used_at and to_text(key.last_used_at),
        "revoked_at": key.revoked_at and to_text(key.revoked_at),
    }


class KeyBody(inputs.BulkBody):
    """What the key may do. A limit that is left out is none, so that an empty one is refused."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    account_ids: Annotated[list[inputs.Id], Field(min_length=1, max_length=1000)] = inputs.LEFT_OUT
    accounts: Annotated[list[Username], Field(min_length=1, max_length=1000)] = inputs.LEFT_OUT
    world: World = inputs.LEFT_OUT
    expires_at: inputs.Moment = inputs.LEFT_OUT
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000), inputs.DIGITS] = inputs.LEFT_OUT


class KeyMade(ResponseModel):
    """It is there. The key itself is shown this once."""

    message: Annotated[str, Field(examples=["Key made; it is shown this once"])]
    api_key: Annotated[
        str, Field(description="What goes into X-API-Key.", examples=["q7V0cD1mTkR8nXw2LhYfZbJ4sPeU6aGiq7V0cD1mTkR"])
    ]
    key: Key


@blueprint.post("")
@Operation(
    bodies=(KeyBody,),
    example={"name": "the newsroom", "scopes": ["write"], "account_ids": [1], "requests_per_minute": 60},
    responses={201: KeyMade},
    scope="admin",
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def create() -> tuple[Response, int]:
    """Makes a key that may do no more than the one that asks; the answer shows it this once."""
    new = inputs.body(KeyBody)
    if not new.name.isprintable() or is_blank(new.name):
        what = "has nothing visible" if is_blank(new.name) else "has a character that cannot be printed"
        raise Invalid("invalid_field", sentence=f"name {what}", field="name")
    maker = current.api_key()
    choice = KeyChoice(
        scopes=[scope for scope in SCOPES if scope in new.scopes],
        account_ids=find_accounts(new.account_ids, new.accounts),
        world=new.world,
        expires_at=new.expires_at,
        requests_per_minute=new.requests_per_minute,
        made_by=None if maker is None else maker.id,
    )
    made, text = current.services().api_keys.create(new.name, choice, maker=maker)
    return jsonify({"message": "Key made; it is shown this once", "api_key": text, "key": _to_json(made)}), 201


class KeyList(ResponseModel):
    """A page of the keys."""

    keys: list[Key]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursor


@blueprint.get("")
@Operation(query=(CURSOR, PAGE, LIMIT), responses={200: KeyList}, scope="admin")
def show_all() -> Response:
    """One page of the keys, oldest first, those that are revoked too; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    after = inputs.cursor_in_query("after")
    every = current.services().api_keys.list_for(current.api_key())
    rest = [key for key in every if key.id > after] if after else every[(page - 1) * limit :]
    more = inputs.cursor_after(rest[limit - 1].id) if len(rest) > limit else None
    place = {"total": len(every), "page": page, "limit": limit, "next_cursor": more}
    return jsonify({"keys": [_to_json(key) for key in rest[:limit]], **place})


@blueprint.get("/<key_id>")
@Operation(responses={200: Key}, scope="admin", errors={NotFound: ("api_key_not_found",)})
def show(key_id: str) -> Response:
    """One key and what it may do, never the key itself."""
    number = inputs.to_id(key_id, field="key_id")
    return jsonify(_to_json(current.services().api_keys.get(number)))


class KeyRevoked(ResponseModel):
    """It is of no use any more."""

    message: Annotated[str, Field(examples=["Key revoked"])]
    key: Key


@blueprint.delete("/<key_id>")
@Operation(
    responses={200: KeyRevoked},
    scope="admin",
    errors={NotFound: ("api_key_not_found",), Conflict: ("last_admin_key",)},
)
def revoke(key_id: str) -> Response:
    """Revokes a key for good; its webhooks are switched off."""
    revoked = current.services().api_keys.revoke_but_last(inputs.to_id(key_id, field="key_id"))
    return jsonify({"message": _WHAT_NEXT if revoked.source == "setting" else "Key revoked", "key": _to_json(revoked)})


_WHAT_NEXT = (
    "Key revoked. It is the value of API_KEY: one in secrets.env is replaced at the next start, another one must be "
    "replaced before it"
)
