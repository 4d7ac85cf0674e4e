"""Threads: posts that answer each other."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api import inputs, post_bodies
from twitter_manager.api.openapi.operations import ANY_CODE, Operation, Resource, flag
from twitter_manager.api.openapi.publishing import ACCOUNT_ERRORS, POST_ERRORS, PostUrl, Warnings
from twitter_manager.api.openapi.schemas import Answer, Id, Time, XId
from twitter_manager.api.openapi.tweets import Attempt, Status, Tweet
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, SlowDown, XRefused
from twitter_manager.services.publishing.thread_states import THREAD_STATES

__all__ = ["RESOURCE", "ThreadPart"]

ThreadStatus = Annotated[str, Field(json_schema_extra={"enum": list(THREAD_STATES)}, examples=["posted"])]
Parts = Annotated[int, Field(ge=0, examples=[1])]


class ThreadPart(Answer):
    """A part of a thread."""

    post_id: Id
    tweet_id: Annotated[XId | None, Field(description="The part's id at X; null while it is not there.")]
    text: Annotated[str, Field(examples=["First"])]
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    status: Annotated[Status, Field(examples=["posted"])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


class ThreadTaken(Answer):
    """It is on X, or kept for its time."""

    success: Literal[True]
    thread_id: Id
    status: ThreadStatus
    thread_count: Parts
    posted_count: Annotated[Parts, Field(description="How many parts are at X.")]
    tweets: list[ThreadPart]
    created_at: Time
    warnings: Warnings


class ThreadWaits(ThreadTaken):
    """It is on the disk and not settled yet: `status_url` tells what becomes of it."""

    status: Annotated[ThreadStatus, Field(examples=["posting"])]
    status_url: Annotated[str, Field(examples=["/api/v1/threads/1"])]


class TweetOfThread(Tweet):
    """A part with its attempts."""

    attempts: list[Attempt]


class Thread(Answer):
    """A thread with its parts, in their order."""

    thread_id: Id
    account_id: Id
    created_at: Time
    status: ThreadStatus
    thread_count: Parts
    posted_count: Parts
    tweets: list[TweetOfThread]


class ThreadDeleted(Answer):
    """It is gone."""

    message: Annotated[str, Field(examples=["Thread deleted"])]
    thread_id: Id
    deleted_posts: Annotated[int, Field(ge=0, description="How many posts were taken down at X.", examples=[0])]


RESOURCE = Resource(
    name="Threads",
    description="Posts that answer each other: publish them, see how they stand, go on, take them down.",
    operations={
        "threads.publish": Operation(
            bodies=(post_bodies.ThreadBody,),
            example={"account_id": 1, "tweets": ["First", "Second"]},
            answers={201: ThreadTaken, 202: ThreadWaits},
            errors={
                NotFound: ("account_not_found", "thread_not_found"),
                Conflict: ACCOUNT_ERRORS,
                Invalid: POST_ERRORS,
                XRefused: ANY_CODE,
                NotNow: ("no_worker",),
            },
        ),
        "threads.show": Operation(answers={200: Thread}, errors={NotFound: ("thread_not_found",)}),
        "threads.resume": Operation(
            bodies=(inputs.NoFields,),
            answers={201: ThreadTaken, 202: ThreadWaits},
            errors={
                NotFound: ("thread_not_found",),
                Conflict: ("thread_not_stopped", "other_world"),
                Invalid: ("oauth1_not_supported",),
                XRefused: ANY_CODE,
                NotNow: ("no_worker",),
            },
        ),
        "threads.delete": Operation(
            query=(flag("from_twitter", "1: its posts at X first, the last one first."),),
            answers={200: ThreadDeleted},
            errors={
                NotFound: ("thread_not_found", "tweet_not_found"),
                Conflict: (
                    "thread_in_flight",
                    "tweet_in_flight",
                    "account_needs_reconnect",
                    "oauth_not_configured",
                    "token_unreadable",
                ),
                SlowDown: ("rate_limit_exceeded",),
                XRefused: ANY_CODE,
                NotNow: ("too_many_waiting",),
            },
        ),
    },
)
