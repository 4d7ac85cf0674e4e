"""Which account is meant: by `account_id`, or by `account`, a username of the present world, wherever that stands.

Usernames become ids here and nowhere else; an id alone costs no statement. An account that there is not for the key of
the request is no account.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.body_models import USERNAME
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.services import audit
from twitter_manager.storage import accounts, service_state

__all__ = [
    "AccountCriterion",
    "AccountFields",
    "Username",
    "account_in_path",
    "account_in_query",
    "find_account",
    "find_accounts",
    "get_account",
]

_USERNAME = re.compile(USERNAME)
_IN_PATH = "An account in a path is its id, or its username with @, such as @alice"

Username = Annotated[str, Field(pattern=USERNAME, examples=["@alice"])]


class AccountFields(inputs.Body):
    """An account: by one of the two, or by both if they say the same."""

    account_id: inputs.Id | None = None
    account: Username | None = None


class AccountCriterion(inputs.BulkBody):
    """Whose of many: everybody's where neither is given."""

    account_id: inputs.Id = inputs.LEFT_OUT
    account: Username = inputs.LEFT_OUT


def find_account(asked: AccountFields | AccountCriterion) -> int | None:
    """The id of the account that is named; None where none is. Raises NotFound, Conflict, and Invalid for two different
    ones."""
    return _resolve(asked.account_id, asked.account)


def get_account(asked: AccountFields) -> int:
    """The id of the account that is named. Raises as `find_account`, and Invalid where none is named."""
    found = find_account(asked)
    if found is None:
        sentence = "account_id is required, or account with a username"
        raise Invalid("invalid_field", sentence=sentence, field="account_id")
    return found


def account_in_query() -> int | None:
    """The id of the account that the query names; None where it names none. Raises as `find_account`."""
    username = inputs.text_in_query("account")
    if username is not None and not _USERNAME.fullmatch(username):
        raise Invalid("invalid_field", sentence="account must be a username such as @alice", field="account")
    return _resolve(inputs.id_in_query("account_id"), username)


def account_in_path(text: str) -> int:
    """The id in a path, or the one of `@username` there. Raises Invalid, NotFound, Conflict."""
    if text.startswith("@") and _USERNAME.fullmatch(text):
        found = _id_of(text, field="account_id")
    else:
        found = inputs.to_id(text, field="account_id", sentence=_IN_PATH)
        access.check_account(found)
    audit.note("account", found, account_id=found)
    return found


def find_accounts(account_ids: Sequence[int] | None, usernames: Sequence[str] | None) -> list[int] | None:
    """The ids of those that are named by their ids, and of those of the field `accounts`, each once; None where neither
    is given. That there are such ids is not checked. Raises NotFound, Conflict."""
    if account_ids is None and usernames is None:
        return None
    named = {_id_of(each, field="accounts") for each in usernames or ()}
    return sorted(named.union(account_ids or ()))


def _resolve(account_id: int | None, username: str | None) -> int | None:
    if account_id is not None:
        access.check_account(account_id, field="account_id")
    found = account_id if username is None else _id_of(username, field="account")
    audit.note(account_id=found)
    if account_id not in (None, found):
        raise Invalid("invalid_field", sentence="account and account_id name different accounts", field="account")
    return found


def _id_of(username: str, *, field: str) -> int:
    db, name = current.services().db, username.removeprefix("@")
    mock = service_state.mock_mode(db)
    found, elsewhere = (accounts.find_id(db, name, mock=each) for each in (mock, not mock))
    if found is not None and access.sees(found):
        return found
    if elsewhere is not None and access.sees(elsewhere):
        raise Conflict("other_world", field=field)
    raise NotFound("account_not_found", field=field)
