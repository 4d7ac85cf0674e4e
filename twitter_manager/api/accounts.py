"""Accounts: the list, one of them, switching it off and on, renewing its token, letting it go."""

from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.shapes import account_details_to_json, account_to_json
from twitter_manager.models import Account
from twitter_manager.storage import accounts, tweet_lists

__all__ = ["blueprint"]

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1/accounts")


class AccountChange(inputs.Body):
    """Off (`false`): its tweets are held. On again: they go on."""

    is_active: bool


class AccountCleanUp(inputs.Body):
    """Which accounts to let go."""

    statuses: Annotated[list[Literal["failed", "suspended", "inactive"]], Field(min_length=1)]


@blueprint.get("")
def show_all() -> Response:
    """One page of the accounts, oldest first; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    after = inputs.cursor_in_query("after")
    db = current.services().db
    offset = 0 if after else (page - 1) * limit
    found = accounts.list_page(db, limit=limit + 1, after=after or 0, offset=offset)
    more = inputs.cursor_after(found[limit - 1].id) if len(found) > limit else None
    place = {"total": accounts.count(db), "page": page, "limit": limit, "next_cursor": more}
    return jsonify({"accounts": [account_to_json(account) for account in found[:limit]], **place})


@blueprint.get("/<account_id>")
def show(account_id: str) -> Response:
    """One account with its scopes, its health and its counts."""
    return _details(accounts.get(current.services().db, inputs.to_id(account_id, field="account_id")))


@blueprint.patch("/<account_id>")
def change(account_id: str) -> Response:
    """Switches an account off or on."""
    number = inputs.to_id(account_id, field="account_id")
    asked = inputs.body(AccountChange)
    return _details(current.services().accounts.switch(number, active=asked.is_active))


@blueprint.delete("/<account_id>")
def remove(account_id: str) -> Response:
    """Revokes at X and deletes the account with its tweets; `keep_tweets=1` only revokes and forgets the tokens."""
    number = inputs.to_id(account_id, field="account_id")
    if inputs.flag_in_query("keep_tweets"):
        current.services().accounts.forget_tokens(number)
        return jsonify({"message": "Account disconnected, its tweets are kept", "deleted_tweets": 0})
    removed = current.services().accounts.remove(number)
    return jsonify({"message": "Account deleted", "deleted_tweets": removed.tweets})


@blueprint.post("/cleanup")
def clean_up() -> Response:
    """Lets every account in one of these statuses go, as DELETE does."""
    asked = inputs.body(AccountCleanUp)
    gone = current.services().accounts.clean_up(asked.statuses)
    message = f"Accounts deleted: {gone.accounts}"
    return jsonify({"message": message, "deleted_accounts": gone.accounts, "deleted_tweets": gone.tweets})


@blueprint.post("/<account_id>/refresh")
def refresh(account_id: str) -> Response:
    """Renews the account's token now."""
    number = inputs.to_id(account_id, field="account_id")
    inputs.body(inputs.NoFields)
    account = current.services().accounts.renew(number)
    return jsonify({"message": "Token renewed", "account": account_to_json(account)})


def _details(account: Account) -> Response:
    counts = tweet_lists.count_by_status(current.services().db, account.id)
    return jsonify(account_details_to_json(account, counts))
