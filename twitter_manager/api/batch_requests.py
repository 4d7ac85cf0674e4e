"""What is sent to publish a batch: a row that is wrong concerns no other row, so each is read by itself."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field, SkipValidation, TypeAdapter, ValidationError

from twitter_manager.api.http import inputs
from twitter_manager.api.http.account_names import AccountFields, Username, get_account
from twitter_manager.api.post_requests import PostBody, PostFields
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.batches import UnreadableRow

__all__ = ["BatchBody", "SharedPost", "SharedPostBody"]

Row = PublishRequest | UnreadableRow

_MAX_POSTS = 1000
_MAX_TEXT = 600_000  # characters of all rows together: weighing them must not keep everybody else waiting
_ID: TypeAdapter[int] = TypeAdapter(inputs.Id)


class _Switches(inputs.Body):
    dry_run: inputs.Flag = False
    atomic: inputs.Flag = False


class BatchBody(_Switches):
    """Up to 1,000 posts, with 600,000 characters in all."""

    tweets: Annotated[list[SkipValidation[PostBody]], Field(min_length=1, max_length=_MAX_POSTS)]  # each by itself

    def rows(self) -> list[Row]:
        """One row per post."""
        return _rows(self.tweets, name="tweets")


AccountIds = Annotated[list[SkipValidation[inputs.Id]], Field(min_length=1, max_length=_MAX_POSTS)]
Usernames = Annotated[list[SkipValidation[Username]], Field(min_length=1, max_length=_MAX_POSTS)]


class SharedPostBody(_Switches, PostFields):
    """One post for several accounts, each named once."""

    account_ids: AccountIds | None = None
    accounts: Usernames | None = None


class SharedPost(_Switches):
    """How a SharedPostBody is read: what is beside these fields is the post, and its faults are those of every row."""

    model_config = ConfigDict(extra="allow")

    account_ids: AccountIds | None = None
    accounts: Usernames | None = None

    def rows(self) -> list[Row]:
        """One row per account. Raises Invalid where none is named, and for a single account beside them."""
        if self.account_ids is None and self.accounts is None:
            raise Invalid("invalid_field", sentence="account_ids is required, or accounts", field="account_ids")
        post = self.model_extra or {}
        for single in AccountFields.model_fields.keys() & post.keys():
            raise Invalid("invalid_field", sentence=f"{single} does not go with {single}s", field=single)
        by_id = [{**post, "account_id": each} for each in self.account_ids or ()]
        by_name = [{**post, "account": each} for each in self.accounts or ()]
        return _each_once([*_rows(by_id, name="account_ids"), *_rows(by_name, name="accounts")])


def _rows(values: Sequence[object], *, name: str) -> list[Row]:
    texts = sum(_length_of_text(value) for value in values)
    if texts > _MAX_TEXT:
        sentence = f"{name} has too much text: {texts} characters of at most {_MAX_TEXT} in one call"
        raise Invalid("invalid_field", sentence=sentence, field=name)
    read = inputs.rows(PostBody, values, name=name)
    return [
        _request(row) if isinstance(row, PostBody) else UnreadableRow(_account_id(value), row)
        for value, row in zip(values, read, strict=True)
    ]


def _length_of_text(row: object) -> int:
    text = row.get("text") if isinstance(row, dict) else None
    return len(text) if isinstance(text, str) else 0


def _request(post: PostBody) -> Row:
    try:
        return post.to_publish_request(get_account(post))
    except (Conflict, Invalid, NotFound) as problem:
        return UnreadableRow(post.account_id, [problem])


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
