"""What is sent to publish: a post with all its options (contract §5.1), and the codes that stand against one."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from twitter_manager.api.http import inputs
from twitter_manager.api.http.account_names import AccountFields
from twitter_manager.errors import Invalid
from twitter_manager.services.posts import Post, PublishRequest

__all__ = [
    "ACCOUNT_ERRORS",
    "POST_ERRORS",
    "TEXT_ERRORS",
    "NextSlot",
    "PartBody",
    "PostBody",
    "PostFields",
    "Timing",
    "check_one_time",
]

NextSlot = Annotated[Literal["next"], Field(description="next: the account's next free slot; not beside schedule_at.")]
LatePolicy = Literal["publish", "skip", "hold"]

TEXT_ERRORS = ("text_empty", "text_invalid", "text_too_long")
ACCOUNT_ERRORS = ("other_world", "duplicate", "no_slots")
POST_ERRORS = (
    *TEXT_ERRORS,
    "media_not_found",
    "not_together",
    "schedule_in_the_past",
    "schedule_too_far",
    "oauth1_not_supported",
)


def _media_id(value: object) -> object:
    """An integer is one of ours; a text may be ours or X's."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


MediaId = Annotated[
    inputs.XId, BeforeValidator(_media_id, json_schema_input_type=Annotated[int, Field(ge=1)] | inputs.XId)
]


class PollBody(inputs.Body):
    """2 to 4 answers of up to 25 characters, open for 5 minutes to 7 days."""

    options: Annotated[list[Annotated[str, Field(min_length=1, max_length=25)]], Field(min_length=2, max_length=4)]
    duration_minutes: Annotated[int, Field(ge=5, le=10_080), inputs.DIGITS]


class PartBody(inputs.Body):
    """The text of a post and what it can have beside it."""

    text: str
    media_ids: Annotated[list[MediaId], Field(min_length=1, max_length=4)] | None = None
    quote_tweet_id: inputs.XId | None = None
    poll: PollBody | None = None
    reply_settings: Literal["following", "mentionedUsers", "subscribers", "verified"] | None = None
    community_id: inputs.XId | None = None
    made_with_ai: inputs.Flag = False
    paid_partnership: inputs.Flag = False

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


class Timing(inputs.Body):
    """When it goes out, and what if that fails."""

    schedule_at: inputs.Moment | None = None
    schedule: NextSlot | None = None
    late_policy: LatePolicy = "publish"
    allow_duplicate: inputs.Flag = False

    def takes_slot(self) -> bool:
        """Raises Invalid."""
        check_one_time(self.schedule, self.schedule_at)
        return self.schedule is not None


def check_one_time(schedule: str | None, schedule_at: datetime | None) -> None:
    """Raises Invalid for a slot beside another time."""
    if schedule is not None and schedule_at is not None:
        raise Invalid("invalid_field", sentence="schedule does not go with schedule_at", field="schedule")


class PostFields(PartBody, Timing):
    """A post, whoever's it is."""

    reply_to_tweet_id: inputs.XId | None = None
    draft: inputs.Flag = False

    def to_publish_request(self, account_id: int) -> PublishRequest:
        """As the services know it. Raises Invalid."""
        if self.draft and self.schedule is not None:
            raise Invalid(
                "invalid_field", sentence="schedule does not go with draft: it takes a slot", field="schedule"
            )
        return PublishRequest(
            account_id=account_id,
            post=self.to_post(reply_to=self.reply_to_tweet_id),
            schedule_at=self.schedule_at,
            next_slot=self.takes_slot(),
            late_policy=self.late_policy,
            draft=self.draft,
            allow_duplicate=self.allow_duplicate,
        )


class PostBody(PostFields, AccountFields):
    """A post: now, at `schedule_at`, or kept as a draft."""
