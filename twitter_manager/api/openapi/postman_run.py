"""The requests of the Postman collection in their order: a run from the top works against a fresh service.

A step needs what steps before it kept as variables: `{{tweetId}}` in a text, number("tweetId") for a number. What
deletes stands last. Every operation of the document has a step (a test says which has none).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["PATH_VARIABLES", "RUN", "Folder", "Step", "number"]

Values = Mapping[str, object]
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request: to the operation with this Flask endpoint, with its example as the body unless `body` is given.

    `keeps`: variables from the answer, by the way to the value (`account.id`). `status`: what the run expects; by
    default whatever is documented as good. `url`: another address than the operation's own.
    """

    endpoint: str
    name: str = ""
    body: Values | None = None
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    keeps: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    status: tuple[int, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """Steps that belong together; under a tag's name, or the end of the run."""

    name: str
    steps: tuple[Step, ...]


def number(variable: str) -> str:
    """The variable where a body has a number: it loses its quotes."""
    return f"<<{variable}>>"


# Which variable stands for a parameter in a path.
PATH_VARIABLES = {
    "account_id": "accountId",
    "batch_id": "batchId",
    "thread_id": "threadId",
    "tweet_id": "tweetId",
    "webhook_id": "webhookId",
}

_TWEET = {"account_id": number("accountId"), "text": "Hello from Postman {{$guid}}"}

RUN = (
    Folder(
        "Service",
        (
            Step(endpoint="health.show"),
            Step(endpoint="health.test"),
            Step(endpoint="stats.show"),
            Step(endpoint="mock_mode.show", keeps={"mockMode": "enabled"}),
            Step(endpoint="mock_mode.switch", body={"enabled": number("mockMode")}),
        ),
    ),
    Folder(
        "Accounts",
        (
            Step(endpoint="oauth.begin", keeps={"authUrl": "auth_url"}),
            Step(
                endpoint="oauth.callback",
                name="Alice says yes at the simulated X, which sends her back to the callback",
                url="{{authUrl}}&mock_user=alice",
                keeps={"accountId": "account.id"},
            ),
            Step(endpoint="accounts.show_all"),
            Step(endpoint="accounts.show"),
            Step(endpoint="accounts.change", name="Switches the account off", body={"is_active": False}),
            Step(endpoint="accounts.change", name="Switches it on again", body={"is_active": True}),
            Step(endpoint="accounts.refresh"),
        ),
    ),
    Folder(
        "Tweets",
        (
            Step(endpoint="tweets.create", body=_TWEET, keeps={"tweetId": "tweet_id"}),
            Step(endpoint="tweets.show"),
            Step(endpoint="tweets.change", body={"text": "Hello again from Postman {{$guid}}"}),
            Step(
                endpoint="tweets.show_page",
                query={"status": "pending", "account_id": "{{accountId}}", "limit": "10"},
            ),
            Step(endpoint="tweets.retry", name="Only a failed tweet is sent again", body={}, status=(409,)),
            Step(
                endpoint="tweets.resolve",
                name="Only an unconfirmed tweet takes its owner's word",
                body={"as": "not_posted"},
                status=(409,),
            ),
        ),
    ),
    Folder(
        "Posting",
        (
            Step(endpoint="posting.post_one", keeps={"twitterId": "twitter_id"}),
            Step(endpoint="tweets.create", name="Keeps another tweet", body=_TWEET),
            Step(endpoint="posting.post_all", body={"account_id": number("accountId")}),
        ),
    ),
    Folder(
        "Publishing",
        (
            Step(endpoint="publishing.validate", body=_TWEET),
            Step(endpoint="publishing.publish", body=_TWEET),
            Step(
                endpoint="publishing.publish",
                name="Keeps a post for its time",
                body={**_TWEET, "schedule_at": "2036-11-20T14:05:00Z"},
                status=(201,),
            ),
            Step(
                endpoint="publishing.publish_batch",
                name="Says what would be taken of a batch",
                body={"tweets": [_TWEET], "dry_run": True},
                status=(200,),
            ),
            Step(
                endpoint="publishing.publish_batch",
                body={"tweets": [_TWEET, _TWEET]},
                keeps={"batchId": "batch_id"},
                status=(202,),
            ),
            Step(endpoint="publishing.show_batch"),
        ),
    ),
    Folder(
        "Threads",
        (
            Step(
                endpoint="threads.publish",
                body={
                    "account_id": number("accountId"),
                    "tweets": ["First from Postman {{$guid}}", "Second from Postman {{$guid}}"],
                },
                keeps={"threadId": "thread_id"},
            ),
            Step(endpoint="threads.show"),
            Step(endpoint="threads.resume", name="Only a thread that stopped goes on again", status=(409,)),
        ),
    ),
    Folder("Limits", (Step(endpoint="rate_limit.show", query={"account_id": "{{accountId}}"}),)),
    Folder(
        "Webhooks",
        (
            Step(
                endpoint="webhooks.create",
                body={"url": "https://example.com/hooks/twitter", "description": "From Postman"},
                keeps={"webhookId": "webhook.id"},
            ),
            Step(endpoint="webhooks.show_all"),
            Step(endpoint="webhooks.show"),
            Step(endpoint="webhooks.test"),
            Step(endpoint="webhooks.show_deliveries"),
            Step(endpoint="webhooks.replay", body={"since": "2026-11-20T14:05:00Z"}),
            Step(endpoint="webhooks.change", name="Switches the webhook off", body={"is_active": False}),
        ),
    ),
    Folder(
        "Clean up",
        (
            Step(endpoint="webhooks.delete"),
            Step(endpoint="tweets.delete", name="Deletes the tweet here and at X", query={"from_twitter": "1"}),
            Step(endpoint="threads.delete", name="Deletes the thread here and at X", query={"from_twitter": "1"}),
            Step(endpoint="tweets.clean_up", body={"statuses": [], "account_id": number("accountId")}),
            Step(endpoint="accounts.clean_up", body={"statuses": ["failed"]}),
            Step(endpoint="accounts.remove"),
        ),
    ),
)
