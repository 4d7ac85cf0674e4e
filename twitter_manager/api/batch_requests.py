"""What is sent to publish a batch: a row that is wrong concerns no other row, so each is read by itself."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field, SkipValidation, TypeAdapter, ValidationError

from twitter_manager.api.http import inputs
from twitter_manager.api.post_requests import PostBody, PostFields
from twitter_manager.errors import Invalid
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.batches import UnreadableRow

__all__ = ["BatchBody", "SharedPost", "SharedPostBody"]

Row = PublishRequest | UnreadableRow

_MAX_POSTS = 1000
_ID: TypeAdapter[int] = TypeAdapter(inputs.Id)


class _Switches(inputs.Body):
    dry_run: bool = False
    atomic: bool = False


class BatchBody(_Switches):
    """Up to 1,000 posts."""

    tweets: Annotated[list[SkipValidation[PostBody]], Field(min_length=1, max_length=_MAX_POSTS)]  # each by itself

    def rows(self) -> list[Row]:
        """One row per post."""
        return _rows(self.tweets, name="tweets")


AccountIds = Annotated[list[SkipValidation[inputs.Id]], Field(min_length=1, max_length=_MAX_POSTS)]


class SharedPostBody(_Switches, PostFields):
    """One post for several accounts, each named once."""

    account_ids: AccountIds


class SharedPost(_Switches):
    """How a SharedPostBody is read: what is beside these fields is the post, and its faults are those of every row."""

    model_config = ConfigDict(extra="allow")

    account_ids: AccountIds

    def rows(self) -> list[Row]:
        """One row per account. Raises Invalid for an account beside them."""
        post = self.model_extra or {}
        if "account_id" in post:
            raise Invalid("invalid_field", sentence="account_id does not go with account_ids", field="account_id")
        return _each_once(_rows([{**post, "account_id": each} for each in self.account_ids], name="account_ids"))


def _rows(values: Sequence[object], *, name: str) -> list[Row]:
    read = inputs.rows(PostBody, values, name=name)
    return [
        row.to_publish_request(row.account_id) if isinstance(row, PostBody) else UnreadableRow(_account_id(value), row)
        for value, row in zip(values, read, strict=True)
    ]


def _account_id(row: object) -> int | None:
    """Whose the row says that it is."""
    try:
        return _ID.validate_python(row["account_id"], strict=True) if isinstance(row, dict) else None
    except (KeyError, ValidationError):
        return None


def _each_once(rows: Sequence[Row]) -> list[Row]:
    """Without those of an account that had one already."""
    seen: set[int | None] = set()
    found = []
    for row in rows:
        if row.account_id is None or row.account_id not in seen:
            found.append(row)
        seen.add(row.account_id)
    return found
