"""The requests of the Postman collection in their order: a run from the top works against any service in mock mode.

A request needs what earlier ones stored as variables: `{{tweetId}}` in a text, number("tweetId") for a number. What
deletes comes last. Every operation of the document has a request (a test says which has none). A request that changes
anything names a variable of the run, so that postman_scripts.py limits it to what the run made; a call that can only
concern more than that has a body that is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from twitter_manager.api.openapi.postman_scripts import SCHEDULE_AT, TRIAL_USER

__all__ = ["PATH_VARIABLES", "RUN", "Folder", "RunRequest", "number"]

Values = Mapping[str, object]
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A request to the operation with this Flask endpoint, with its example as the body unless `body` is given.

    `sets`: variables from the response, by the path of the value (`account.id`). `status`: what the run expects; by
    default every documented success. `url`: another address than the operation's own. `unsets`: the variable
    of what no longer exists after it. `posts`: it can only post now.
    """

    endpoint: str
    name: str = ""
    body: Values | None = None
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    sets: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    status: tuple[int, ...] = ()
    url: str = ""
    unsets: str = ""
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """Requests that belong together; under a tag's name, or the end of the run."""

    name: str
    requests: tuple[RunRequest, ...]


def number(variable: str) -> str:
    """The variable where a body has a number: without quotes."""
    return f"<<{variable}>>"


# The variable for each parameter in a path.
PATH_VARIABLES = {
    "account_id": "accountId",
    "batch_id": "batchId",
    "key_id": "keyId",
    "thread_id": "threadId",
    "tweet_id": "tweetId",
    "webhook_id": "webhookId",
}

_TWEET = {"account_id": number("accountId"), "text": "Hello from Postman {{$guid}}"}
_POST = {**_TWEET, "schedule_at": number(SCHEDULE_AT)}

RUN = (
    Folder(
        "Service",
        (
            RunRequest(endpoint="mock_mode.show", name="Starts the run: mock mode is on"),
            RunRequest(endpoint="health.show"),
            RunRequest(endpoint="health.test"),
            RunRequest(endpoint="stats.show"),
            RunRequest(
                endpoint="mock_mode.switch",
                name="Switches mock mode, once you put true or false in; the run does not",
                body={"enabled": "true or false"},
                status=(422,),
            ),
        ),
    ),
    Folder(
        "Accounts",
        (
            RunRequest(endpoint="oauth.begin", sets={"authUrl": "auth_url"}),
            RunRequest(
                endpoint="oauth.callback",
                name="A new user says yes at the simulated X, which leads back to the callback",
                url=f"{{{{authUrl}}}}&mock_user={{{{{TRIAL_USER}}}}}",
                sets={"accountId": "account.id"},
            ),
            RunRequest(endpoint="accounts.show"),
            RunRequest(endpoint="accounts.show_all"),
            RunRequest(endpoint="accounts.change", name="Switches the account off", body={"is_active": False}),
            RunRequest(endpoint="accounts.change", name="Switches it on again", body={"is_active": True}),
            RunRequest(endpoint="accounts.refresh"),
            RunRequest(
                endpoint="slots.replace",
                body={"timezone": "Europe/Berlin", "slots": [{"days": ["mon", "fri"], "time": "09:30"}]},
            ),
            RunRequest(endpoint="slots.show"),
            RunRequest(endpoint="slots.show_next", query={"limit": "3"}),
        ),
    ),
    Folder(
        "Tweets",
        (
            RunRequest(endpoint="tweets.create", body=_TWEET, sets={"tweetId": "tweet_id"}),
            RunRequest(endpoint="tweets.show"),
            RunRequest(endpoint="tweets.change", body={"text": "Hello again from Postman {{$guid}}"}),
            RunRequest(
                endpoint="tweets.show_page",
                query={"status": "pending", "account_id": "{{accountId}}", "limit": "10"},
            ),
            RunRequest(endpoint="tweets.retry", name="Only a failed tweet is sent again", body={}, status=(409,)),
            RunRequest(
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
            RunRequest(endpoint="posting.post_one", sets={"twitterId": "twitter_id"}, posts=True),
            RunRequest(endpoint="tweets.create", name="Keeps another tweet", body=_TWEET),
            RunRequest(endpoint="posting.post_all", body={"account_id": number("accountId")}, posts=True),
        ),
    ),
    Folder(
        "Publishing",
        (
            RunRequest(endpoint="publishing.validate", body=_TWEET),
            RunRequest(endpoint="publishing.publish", body=_POST),
            RunRequest(
                endpoint="publishing.publish",
                name="Keeps a post for its time",
                body={**_TWEET, "schedule_at": "2036-11-20T14:05:00Z"},
                status=(201,),
            ),
            RunRequest(
                endpoint="publishing.publish_batch",
                name="Says what would be taken of a batch",
                body={"tweets": [_TWEET], "dry_run": True},
                status=(200,),
            ),
            RunRequest(
                endpoint="publishing.publish_batch",
                body={"tweets": [_POST, _POST]},
                sets={"batchId": "batch_id"},
                status=(202,),
            ),
            RunRequest(endpoint="publishing.show_batch"),
            RunRequest(endpoint="publishing.cancel_batch"),
        ),
    ),
    Folder(
        "Threads",
        (
            RunRequest(
                endpoint="threads.publish",
                body={
                    "account_id": number("accountId"),
                    "tweets": ["First from Postman {{$guid}}", "Second from Postman {{$guid}}"],
                    "schedule_at": number(SCHEDULE_AT),
                },
                sets={"threadId": "thread_id"},
            ),
            RunRequest(endpoint="threads.show"),
            RunRequest(endpoint="threads.resume", name="Only a thread that stopped goes on again", status=(409,)),
        ),
    ),
    Folder("Limits", (RunRequest(endpoint="rate_limit.show", query={"account_id": "{{accountId}}"}),)),
    Folder(
        "Webhooks",
        (
            RunRequest(
                endpoint="webhooks.create",
                # not told of anybody's tweets and accounts, only of the service as a whole
                body={
                    "url": "https://example.com/hooks/twitter",
                    "events": ["app.resting"],
                    "description": f"From Postman, for {{{{{TRIAL_USER}}}}}",
                },
                sets={"webhookId": "webhook.id"},
            ),
            RunRequest(endpoint="webhooks.show_all"),
            RunRequest(endpoint="webhooks.show"),
            RunRequest(endpoint="webhooks.test"),
            RunRequest(endpoint="webhooks.show_deliveries"),
            RunRequest(endpoint="webhooks.replay", body={"since": "2026-11-20T14:05:00Z"}),
            RunRequest(endpoint="webhooks.change", name="Switches the webhook off", body={"is_active": False}),
        ),
    ),
    Folder("Audit", (RunRequest(endpoint="audit.show", query={"limit": "10"}),)),
    Folder(
        "Keys",
        (
            RunRequest(
                endpoint="api_keys.create",
                name="Makes a key that only reads, of the run's account",
                body={
                    "name": f"From Postman, for {{{{{TRIAL_USER}}}}}",
                    "scopes": ["read"],
                    "account_ids": [number("accountId")],
                },
                sets={"keyId": "key.id"},
            ),
            RunRequest(endpoint="api_keys.show_all"),
            RunRequest(endpoint="api_keys.show"),
        ),
    ),
    Folder(
        "Clean up",
        (
            RunRequest(endpoint="api_keys.revoke", unsets="keyId"),
            RunRequest(endpoint="webhooks.delete", unsets="webhookId"),
            RunRequest(
                endpoint="tweets.delete",
                name="Deletes the tweet here and at X",
                query={"from_twitter": "1"},
                unsets="tweetId",
            ),
            RunRequest(
                endpoint="threads.delete",
                name="Deletes the thread here and at X",
                query={"from_twitter": "1"},
                unsets="threadId",
            ),
            RunRequest(
                endpoint="tweets.clean_up",
                name="Deletes what is left of the run's tweets",
                body={"statuses": [], "account_id": number("accountId")},
            ),
            RunRequest(
                endpoint="accounts.clean_up",
                name="Deletes every account in a status, once you name one; the run does not",
                body={"statuses": ["failed, suspended or inactive"]},
                status=(422,),
            ),
            RunRequest(endpoint="accounts.remove", name="Removes the run's account", unsets="accountId"),
        ),
    ),
)
