"""Which account is meant: by `account_id`, or by `account`, a username of the present world, wherever that stands.

Usernames become ids here and nowhere else; an id alone costs no statement.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.errors import Invalid, NotFound
from twitter_manager.storage import accounts, service_state

__all__ = [
    "USERNAME",
    "AccountCriterion",
    "AccountFields",
    "Username",
    "account_in_path",
    "account_in_query",
    "find_account",
    "get_account",
    "list_accounts",
]

USERNAME = r"^@?[A-Za-z0-9_]{1,20}$"
_USERNAME = re.compile(USERNAME)

Username = Annotated[str, Field(pattern=USERNAME, examples=["@alice"])]


class AccountFields(inputs.Body):
    """An account: by one of the two, or by both if they say the same."""

    account_id: inputs.Id | None = None
    account: Username | None = None


class AccountCriterion(inputs.BulkBody):
    """Whose of many: everybody's where neither is given."""

    account_id: inputs.Id = inputs.LEFT_OUT
    account: Username = inputs.LEFT_OUT


def find_account(asked: AccountFields | AccountCriterion, *, place: str = "") -> int | None:
    """The id of the account that is named; None where none is. `place` stands in front of the fields' names.

    Raises NotFound, and Invalid for two different ones.
    """
    return _resolve(asked.account_id, asked.account, place=place)


def get_account(asked: AccountFields, *, place: str = "") -> int:
    """The id of the account that is named. Raises as `find_account`, and Invalid where none is named."""
    found = find_account(asked, place=place)
    if found is None:
        field = f"{place}account_id"
        raise Invalid("invalid_field", sentence=f"{field} is required, or account with a username", field=field)
    return found


def list_accounts(ids: Sequence[int] | None, usernames: Sequence[str] | None) -> list[int]:
    """The ids of all that are named, each once. Raises NotFound, and Invalid where none is named."""
    if ids is None and usernames is None:
        raise Invalid("invalid_field", sentence="account_ids is required, or accounts", field="account_ids")
    named = [_id_of(username, field=f"accounts.{place}") for place, username in enumerate(usernames or ())]
    return list(dict.fromkeys([*(ids or ()), *named]))


def account_in_query() -> int | None:
    """The id of the account that the query names; None where it names none. Raises as `find_account`."""
    username = inputs.text_in_query("account")
    if username is not None and not _USERNAME.fullmatch(username):
        raise Invalid("invalid_field", sentence="account must be a username such as @alice", field="account")
    return _resolve(inputs.id_in_query("account_id"), username)


def account_in_path(text: str) -> int:
    """The id in a path, or the one of `@username` there. Raises Invalid, NotFound."""
    if text.startswith("@") and _USERNAME.fullmatch(text):
        return _id_of(text, field="account_id")
    return inputs.to_id(text, field="account_id")


def _resolve(account_id: int | None, username: str | None, *, place: str = "") -> int | None:
    if username is None:
        return account_id
    field = f"{place}account"
    found = _id_of(username, field=field)
    if account_id not in (None, found):
        raise Invalid("invalid_field", sentence=f"{field} and account_id name different accounts", field=field)
    return found


def _id_of(username: str, *, field: str) -> int:
    db = current.services().db
    found = accounts.find_id(db, username.removeprefix("@"), mock=service_state.mock_mode(db))
    if found is None:
        raise NotFound("account_not_found", field=field)
    return found
