"""What callers send to publish: a post with all its options, a thread, a batch (contract §5.1, §5.1b, §5.2)."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from twitter_manager.api.http import inputs
from twitter_manager.services.posts import Post, PublishRequest

__all__ = ["BatchBody", "PartBody", "PostBody", "SharedPostBody", "ThreadBody"]

XId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
LatePolicy = Literal["publish", "skip", "hold"]
MAX_PARTS = 100
MAX_POSTS = 1000


def _media_id(value: object) -> object:
    """An integer is one of ours; a text may be ours or X's."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


MediaId = Annotated[XId, BeforeValidator(_media_id, json_schema_input_type=Annotated[int, Field(ge=0)] | XId)]


class PollBody(inputs.Body):
    """2 to 4 answers of up to 25 characters, open for 5 minutes to 7 days."""

    options: Annotated[list[Annotated[str, Field(min_length=1, max_length=25)]], Field(min_length=2, max_length=4)]
    duration_minutes: Annotated[int, Field(ge=5, le=10_080)]


class PartBody(inputs.Body):
    """The text of a post and what it can have beside it."""

    text: str
    media_ids: Annotated[list[MediaId], Field(min_length=1, max_length=4)] | None = None
    quote_tweet_id: XId | None = None
    poll: PollBody | None = None
    reply_settings: Literal["following", "mentionedUsers", "subscribers", "verified"] | None = None
    community_id: XId | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False

    def to_post(self, *, reply_to: str | None = None) -> Post:
        """As the services know it."""
        return Post(
            text=self.text,
            media_ids=tuple(self.media_ids or ()),
            reply_to=reply_to,
            quote_of=self.quote_tweet_id,
            poll=None if self.poll is None else self.poll.model_dump(),
            reply_settings=self.reply_settings,
            community_id=self.community_id,
            made_with_ai=self.made_with_ai,
            paid_partnership=self.paid_partnership,
        )


class _When(inputs.Body):
    """When it goes out, and what if that fails."""

    schedule_at: inputs.Moment | None = None
    late_policy: LatePolicy = "publish"
    allow_duplicate: bool = False


class _PostWithoutAccount(PartBody, _When):
    reply_to_tweet_id: XId | None = None
    draft: bool = False

    def to_publish_request(self, account_id: int) -> PublishRequest:
        """As the services know it."""
        return PublishRequest(
            account_id=account_id,
            post=self.to_post(reply_to=self.reply_to_tweet_id),
            schedule_at=self.schedule_at,
            late_policy=self.late_policy,
            draft=self.draft,
            allow_duplicate=self.allow_duplicate,
        )


class PostBody(_PostWithoutAccount):
    """A post: now, at `schedule_at`, or kept as a draft."""

    account_id: inputs.Id


def _part(value: object) -> object:
    """A text alone is a part without options."""
    return {"text": value} if isinstance(value, str) else value


Parts = Annotated[
    list[Annotated[PartBody, BeforeValidator(_part, json_schema_input_type=str | PartBody)]],
    Field(min_length=1, max_length=MAX_PARTS),
]


class ThreadBody(_When):
    """A thread: each part answers the one before, the first one `reply_to_tweet_id` if that is given."""

    account_id: inputs.Id
    tweets: Parts
    reply_to_tweet_id: XId | None = None

    def to_publish_request(self) -> tuple[PublishRequest, Sequence[Post]]:
        """The first part with when and where, and the posts behind it."""
        first, *others = self.tweets
        publish_request = PublishRequest(
            account_id=self.account_id,
            post=first.to_post(reply_to=self.reply_to_tweet_id),
            schedule_at=self.schedule_at,
            late_policy=self.late_policy,
            allow_duplicate=self.allow_duplicate,
        )
        return publish_request, [part.to_post() for part in others]


class BatchBody(inputs.Body):
    """Up to 1,000 posts."""

    tweets: Annotated[list[PostBody], Field(min_length=1, max_length=MAX_POSTS)]
    dry_run: bool = False
    atomic: bool = False

    def to_publish_requests(self) -> list[PublishRequest]:
        """One wish per post."""
        return [post.to_publish_request(post.account_id) for post in self.tweets]


class SharedPostBody(_PostWithoutAccount):
    """One post for several accounts, each named once."""

    account_ids: Annotated[list[inputs.Id], Field(min_length=1, max_length=MAX_POSTS)]
    dry_run: bool = False
    atomic: bool = False

    def to_publish_requests(self) -> list[PublishRequest]:
        """One wish per account."""
        return [self.to_publish_request(account_id) for account_id in dict.fromkeys(self.account_ids)]
