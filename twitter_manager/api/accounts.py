"""GET /api/v1/accounts: the connected accounts."""

from flask import Blueprint, Response, jsonify

from twitter_manager.api import current, inputs
from twitter_manager.api.shapes import account_to_json
from twitter_manager.storage import accounts

__all__ = ["blueprint"]

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1/accounts")


@blueprint.get("")
def show_all() -> Response:
    """One page of the accounts, oldest first."""
    page, limit = inputs.page_in_query()
    found = accounts.list_all(current.services().db)
    first = (page - 1) * limit
    rows = [account_to_json(account) for account in found[first : first + limit]]
    return jsonify({"accounts": rows, "total": len(found), "page": page, "limit": limit})
