"""Is it alive, does my key work, how much is there, and which X it speaks to."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api import mock_mode
from twitter_manager.api.openapi.operations import Operation, Resource
from twitter_manager.api.openapi.schemas import Answer, Time
from twitter_manager.errors import Conflict
from twitter_manager.version import VERSION

__all__ = ["RESOURCE"]

Count = Annotated[int, Field(ge=0, examples=[0])]


ReasonCode = Literal[
    "database_unavailable", "disk_full", "database_write_failed", "too_many_open_files", "no_worker", "tweets_overdue"
]


class Notice(Answer):
    """Something its owner should know: X refuses the whole app (`mock`: the simulated one), or the log cannot be
    written; then there is neither `mock` nor `next_attempt_at`."""

    code: Annotated[str, Field(examples=["credits_depleted"])]
    message: Annotated[str, Field(examples=["The X app has no credits left"])]
    mock: bool | None
    since: Time
    next_attempt_at: Time | None


class Health(Answer):
    """How the service stands."""

    status: Literal["healthy", "unhealthy"]
    timestamp: Time
    version: Annotated[str, Field(examples=[VERSION])]
    reasons: Annotated[list[str], Field(description="Why it is not healthy.", examples=[[]])]
    reason_codes: Annotated[list[ReasonCode], Field(description="The same as codes, in this order.", examples=[[]])]
    notices: Annotated[list[Notice], Field(examples=[[]])]
    resting_other_world: Annotated[Count, Field(description="Due tweets that wait because of mock mode's switch.")]


class Unhealthy(Health):
    """The database or the worker is not alive, a disk is full, or files have run out."""

    status: Annotated[Literal["healthy", "unhealthy"], Field(examples=["unhealthy"])]
    reasons: Annotated[list[str], Field(examples=[["No posting worker is alive"]])]
    reason_codes: Annotated[list[ReasonCode], Field(examples=[["no_worker"]])]


class Test(Answer):
    """The key is right."""

    status: Literal["success"]
    message: Annotated[str, Field(examples=["The key is right and the service answers"])]


class AccountStats(Answer):
    """Accounts by status."""

    total: Count
    active: Count
    suspended: Count
    failed: Count
    inactive: Count


class TweetStats(Answer):
    """Tweets by status."""

    total: Count
    draft: Count
    pending: Count
    scheduled: Count
    posting: Count
    posted: Count
    failed: Count
    unconfirmed: Count
    held: Count
    canceled: Count


class Stats(Answer):
    """How many there are."""

    accounts: AccountStats
    tweets: TweetStats


class MockMode(Answer):
    """Which X the service speaks to."""

    enabled: Annotated[bool, Field(description="true: the simulated one on this machine.", examples=[True])]


RESOURCE = Resource(
    name="Service",
    description="Is it alive, does my key work, how much is there, and which X it speaks to.",
    operations={
        "health.show": Operation(answers={200: Health, 503: Unhealthy}),
        "health.test": Operation(answers={200: Test}),
        "stats.show": Operation(answers={200: Stats}),
        "mock_mode.show": Operation(answers={200: MockMode}),
        "mock_mode.switch": Operation(
            bodies=(mock_mode.Switch,),
            example={"enabled": True},
            answers={200: MockMode},
            errors={Conflict: ("oauth_not_configured",)},
        ),
    },
)
