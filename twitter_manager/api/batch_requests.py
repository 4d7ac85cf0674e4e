"""What is sent to publish a batch: a row that is wrong concerns no other row, so each is read by itself."""

from collections.abc import Iterator, Sequence
from typing import Annotated, TypeGuard

from pydantic import ConfigDict, Field, SkipValidation

from twitter_manager.api.http import inputs
from twitter_manager.api.post_requests import PostBody, PostFields
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.batches import UnreadableRow

__all__ = ["BatchBody", "SharedPost", "SharedPostBody"]

Row = PublishRequest | UnreadableRow

_MAX_POSTS = 1000


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
        """One row per account."""
        post = self.model_extra or {}
        return _rows([{**post, "account_id": each} for each in _each_once(self.account_ids)], name="account_ids")


def _rows(values: Sequence[object], *, name: str) -> list[Row]:
    read = inputs.rows(PostBody, values, name=name)
    return [
        row.to_publish_request(row.account_id) if isinstance(row, PostBody) else UnreadableRow(_account_id(value), row)
        for value, row in zip(values, read, strict=True)
    ]


def _each_once(account_ids: Sequence[object]) -> Iterator[object]:
    seen: set[int] = set()
    for each in account_ids:
        if _is_id(each):
            if each in seen:
                continue
            seen.add(each)
        yield each


def _account_id(row: object) -> int | None:
    """Whose the row says that it is."""
    account_id = row.get("account_id") if isinstance(row, dict) else None
    return account_id if _is_id(account_id) else None


def _is_id(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= inputs.MAX_ID
