"""Accounts: the list, one of them, switching it off and on, renewing its token, letting it go."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import orjson
from flask import Response, jsonify
from pydantic import Field

from twitter_manager import models
from twitter_manager.api.health import FiringAlert
from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.account_names import account_in_path
from twitter_manager.api.openapi.fields import Count, Id, NextCursor, Page, ResponseModel, Rows, Time, XId
from twitter_manager.api.openapi.operations import ANY_CODE, CURSOR, LIMIT, PAGE, Chapter, Operation, Resource, flag
from twitter_manager.api.tweet_responses import StatusCounts, XWords
from twitter_manager.error_codes import hint_of, sentence_of
from twitter_manager.errors import Conflict, NotFound, NotNow, SlowDown, XRefused
from twitter_manager.services.alerts import alert_to_json
from twitter_manager.storage import accounts, alerts, attempt_outcomes, lanes, tweet_lists
from twitter_manager.timestamps import earlier, to_text

__all__ = ["ACCOUNTS", "AccountConnected", "account_to_json", "blueprint"]

ACCOUNTS = Chapter("Accounts", "Connect X accounts by OAuth 2.0, look at them, switch them off and on, let them go.")

DAY = 86_400.0
_PERIODS = {"day": 1, "week": 7}

blueprint = Resource("accounts", __name__, url_prefix="/api/v1/accounts", chapter=ACCOUNTS)


class Account(ResponseModel):
    """A connected X account. It is the X user id, whatever its handle is today."""

    id: Id
    username: Annotated[str, Field(examples=["alice"])]
    name: Annotated[str, Field(examples=["Alice"])]
    twitter_user_id: Annotated[XId | None, Field(examples=["1000000000000000001"])]
    status: Literal["active", "suspended", "failed", "inactive"]
    is_active: Annotated[bool, Field(examples=[True])]
    followers: Annotated[int | None, Field(ge=0, description="As last known.", examples=[42])]
    created_at: Time
    linked_at: Time
    updated_at: Time
    token_expires_at: Time | None
    mock: Annotated[bool, Field(description="It belongs to the simulated X.", examples=[True])]


def account_to_json(account: models.Account) -> dict[str, object]:
    """An account in a list; never a token."""
    return {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "twitter_user_id": account.x_user_id,
        "status": account.status,
        "is_active": account.status == "active",
        "followers": account.followers,
        "created_at": to_text(account.created_at),
        "linked_at": to_text(account.linked_at),
        "updated_at": to_text(account.updated_at),
        "token_expires_at": account.token_expires_at and to_text(account.token_expires_at),
        "mock": account.mock,
    }


class AccountList(ResponseModel):
    """A page of the accounts."""

    accounts: list[Account]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursor


@blueprint.get("")
@Operation(query=(CURSOR, PAGE, LIMIT), responses={200: AccountList})
def show_all() -> Response:
    """One page of the accounts, oldest first; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    after = inputs.cursor_in_query("after")
    db = current.services().db
    offset = 0 if after else (page - 1) * limit
    found = accounts.list_page(db, limit=limit + 1, after=after or 0, offset=offset, among=access.among())
    more = inputs.cursor_after(found[limit - 1].id) if len(found) > limit else None
    paging = {"total": accounts.count(db, among=access.among()), "page": page, "limit": limit, "next_cursor": more}
    return jsonify({"accounts": [account_to_json(account) for account in found[:limit]], **paging})


Rate = Annotated[float | None, Field(ge=0, le=1, description="null: there were none.", examples=[0.98])]


class SuccessRate(ResponseModel):
    """Of the attempts that X took or refused in that time, how many it took."""

    day: Rate
    week: Rate


class LastFailure(ResponseModel):
    """The last time that something did not go out, whatever did since."""

    at: Time
    error: Annotated[str, Field(examples=["Failed to post tweet"])]
    error_code: Annotated[str, Field(examples=["post_refused"])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=["Change the text."])]
    twitter: Annotated[XWords | None, Field(description="X's own words.", examples=[None])]


class Resting(ResponseModel):
    """Nothing is sent for the account before `until`."""

    until: Time
    error: Annotated[str, Field(examples=["Rate limit exceeded. Please try again later."])]
    error_code: Annotated[str, Field(examples=["rate_limited"])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=["Nothing: it goes on by itself."])]


class AccountHealth(ResponseModel):
    """How an account is."""

    state: Literal["active", "degraded", "suspended", "failed", "inactive"]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    needs_reconnect: bool
    token_issued_at: Time | None
    token_expires_at: Time | None
    success_rate: SuccessRate
    last_failure: Annotated[LastFailure | None, Field(examples=[None])]
    resting: Annotated[Resting | None, Field(examples=[None])]
    alert: Annotated[FiringAlert | None, Field(description="alert.account, while it fires.", examples=[None])]


class TweetCounts(StatusCounts):
    """An account's tweets by status; a status that none has may be missing."""

    total: Count


class AccountDetails(Account):
    """An account with what it may do, how it is, and how many tweets it has; never a token."""

    scopes: Annotated[list[str], Field(examples=[["tweet.read", "tweet.write", "users.read", "offline.access"]])]
    health: AccountHealth
    tweet_counts: TweetCounts


def _details_to_json(account: models.Account, counts: Mapping[str, int]) -> dict[str, object]:
    """One account with what it may do, how it is, and how many tweets it has; never a token."""
    return {
        **account_to_json(account),
        "scopes": account.scopes.split(),
        "health": {
            "state": "degraded" if account.status == "active" and account.unauthorized_streak else account.status,
            "error": None if account.error_code is None else sentence_of(account.error_code),
            "error_code": account.error_code,
            "needs_reconnect": account.status in ("failed", "suspended") or account.access_token is None,
            "token_issued_at": account.token_issued_at and to_text(account.token_issued_at),
            "token_expires_at": account.token_expires_at and to_text(account.token_expires_at),
            **_sending_to_json(account),
        },
        "tweet_counts": {"total": sum(counts.values()), **counts},
    }


def _sending_to_json(account: models.Account) -> dict[str, object]:
    db, now = current.services().db, current.services().clock()
    alert, lane = alerts.find(db, f"account {account.id}"), lanes.get(db, account.id)
    return {
        "success_rate": {name: _success_rate(account.id, earlier(now, days * DAY)) for name, days in _PERIODS.items()},
        "last_failure": None if alert is None else _last_failure_to_json(alert),
        "resting": _resting_to_json(lane) if lane.rest_until is not None and lane.rest_until > now else None,
        "alert": None if alert is None or alert.firing_since is None else alert_to_json(alert),
    }


def _success_rate(account_id: int, since: datetime) -> float | None:
    posted, refused = attempt_outcomes.count_ended(current.services().db, account_id, since=since)
    return round(posted / (posted + refused), 4) if posted + refused else None


def _last_failure_to_json(alert: models.Alert) -> dict[str, object]:
    words = None if alert.twitter_error is None else orjson.loads(alert.twitter_error)
    return {"at": alert.failed_at and to_text(alert.failed_at), **_why(alert.error_code or ""), "twitter": words}


def _resting_to_json(lane: models.Lane) -> dict[str, object]:
    return {"until": lane.rest_until and to_text(lane.rest_until), **_why(lane.rest_code or "x_unclear")}


def _why(code: str) -> dict[str, object]:
    return {"error": sentence_of(code), "error_code": code, "hint": hint_of(code)}


def _details(account: models.Account) -> Response:
    counts = tweet_lists.count_by_status(current.services().db, among=[account.id])
    return jsonify(_details_to_json(account, counts))


@blueprint.get("/<account_id>")
@Operation(responses={200: AccountDetails}, errors={NotFound: ("account_not_found",), Conflict: ("other_world",)})
def show(account_id: str) -> Response:
    """One account with its scopes, its health and its counts."""
    return _details(accounts.get(current.services().db, account_in_path(account_id)))


class AccountChange(inputs.Body):
    """Off (`false`): its tweets are held. On again: they go on."""

    is_active: inputs.Flag


@blueprint.patch("/<account_id>")
@Operation(
    bodies=(AccountChange,),
    example={"is_active": False},
    responses={200: AccountDetails},
    errors={NotFound: ("account_not_found",), Conflict: ("account_needs_reconnect", "other_world")},
)
def change(account_id: str) -> Response:
    """Switches an account off or on."""
    number = account_in_path(account_id)
    asked = inputs.body(AccountChange)
    return _details(current.services().accounts.switch(number, active=asked.is_active))


class AccountDeleted(ResponseModel):
    """It is gone, or only its tokens are."""

    message: Annotated[str, Field(examples=["Account deleted"])]
    deleted_tweets: Count


@blueprint.delete("/<account_id>")
@Operation(
    query=(flag("keep_tweets", "1: only revoke and forget the tokens; account and tweets stay."),),
    responses={200: AccountDeleted},
    scope="admin",
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",), NotNow: ("account_busy", "too_many_waiting")},
)
def remove(account_id: str) -> Response:
    """Revokes at X and deletes the account with its tweets; `keep_tweets=1` only revokes and forgets the tokens."""
    number = account_in_path(account_id)
    if inputs.flag_in_query("keep_tweets"):
        current.services().accounts.clear_tokens(number)
        return jsonify({"message": "Account disconnected, its tweets are kept", "deleted_tweets": 0})
    removed = current.services().accounts.remove(number)
    return jsonify({"message": "Account deleted", "deleted_tweets": removed.tweets})


class AccountCleanUp(inputs.BulkBody):
    """Which accounts to let go."""

    statuses: Annotated[list[Literal["failed", "suspended", "inactive"]], Field(min_length=1, max_length=3)]


class AccountsDeleted(ResponseModel):
    """How many are gone."""

    message: Annotated[str, Field(examples=["Accounts deleted: 0"])]
    deleted_accounts: Count
    deleted_tweets: Count


@blueprint.post("/cleanup")
@Operation(
    bodies=(AccountCleanUp,),
    example={"statuses": ["failed", "suspended"]},
    responses={200: AccountsDeleted},
    scope="admin",
    errors={NotFound: ("account_not_found",), NotNow: ("account_busy", "too_many_waiting")},
)
def clean_up() -> Response:
    """Lets every account in one of these statuses go, as DELETE does."""
    asked = inputs.body(AccountCleanUp)
    gone = current.services().accounts.clean_up(asked.statuses, among=access.among())
    message = f"Accounts deleted: {gone.accounts}"
    return jsonify({"message": message, "deleted_accounts": gone.accounts, "deleted_tweets": gone.tweets})


class AccountConnected(ResponseModel):
    """The account, and what happened to it."""

    message: Annotated[str, Field(examples=["Connected @alice"])]
    account: Account


@blueprint.post("/<account_id>/refresh")
@Operation(
    bodies=(inputs.NoFields,),
    responses={200: AccountConnected},
    errors={
        NotFound: ("account_not_found",),
        Conflict: (
            "account_inactive",
            "account_needs_reconnect",
            "oauth_not_configured",
            "other_world",
            "token_unreadable",
        ),
        SlowDown: ("rate_limit_exceeded",),
        XRefused: ANY_CODE,
        NotNow: ("too_many_waiting",),
    },
)
def refresh(account_id: str) -> Response:
    """Renews the account's token now."""
    number = account_in_path(account_id)
    inputs.body(inputs.NoFields)
    account = current.services().accounts.renew(number)
    return jsonify({"message": "Token renewed", "account": account_to_json(account)})
