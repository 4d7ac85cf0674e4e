"""Connecting accounts, and what can be done with them then."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api import accounts, inputs
from twitter_manager.api.openapi.operations import (
    ANY_CODE,
    CURSOR,
    LIMIT,
    OUR_ID,
    PAGE,
    Operation,
    Parameter,
    Resource,
    flag,
)
from twitter_manager.api.openapi.schemas import Answer, Id, Time, XId
from twitter_manager.errors import Conflict, Invalid, Malformed, NotFound, NotNow, SlowDown, XRefused

__all__ = ["RESOURCE", "Account", "Count", "NextCursor", "Page", "Rows", "StatusCounts"]

Count = Annotated[int, Field(ge=0, examples=[0])]
Page = Annotated[int, Field(ge=1, examples=[1])]
Rows = Annotated[int, Field(ge=1, le=inputs.MAX_ROWS, examples=[inputs.MAX_ROWS])]
NextCursor = Annotated[
    str | None, Field(description="For `cursor`; null: this is the last page.", examples=["after-1"])
]
Status = Literal["active", "suspended", "failed", "inactive"]


class StartedConnection(Answer):
    """Where a person lets the service use an account; serves once, for 10 minutes."""

    auth_url: Annotated[
        str,
        Field(
            description="To be opened in a browser. In mock mode `&mock_user=NAME` says yes for that person at once.",
            examples=["http://127.0.0.1:5555/mock/i/oauth2/authorize?response_type=code&client_id=mock-client"],
        ),
    ]
    state: Annotated[str, Field(min_length=16, examples=["q7V0cD1mTkR8nXw2LhYfZbJ4sPeU6aGi"])]


class Account(Answer):
    """A connected X account. It is the X user id, whatever its handle is today."""

    id: Id
    username: Annotated[str, Field(examples=["alice"])]
    name: Annotated[str, Field(examples=["Alice"])]
    twitter_user_id: Annotated[XId | None, Field(examples=["1000000000000000001"])]
    status: Status
    is_active: Annotated[bool, Field(examples=[True])]
    followers: Annotated[int | None, Field(ge=0, description="As last known.", examples=[42])]
    created_at: Time
    linked_at: Time
    updated_at: Time
    token_expires_at: Time | None
    mock: Annotated[bool, Field(description="It belongs to the simulated X.", examples=[True])]


class AccountHealth(Answer):
    """How an account is."""

    state: Literal["active", "degraded", "suspended", "failed", "inactive"]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    needs_reconnect: bool
    token_issued_at: Time | None
    token_expires_at: Time | None


class StatusCounts(Answer):
    """Tweets by status; a status that none has may be missing."""

    draft: Count = 0
    pending: Count = 0
    scheduled: Count = 0
    posting: Count = 0
    posted: Count = 0
    failed: Count = 0
    unconfirmed: Count = 0
    held: Count = 0
    canceled: Count = 0


class TweetCounts(StatusCounts):
    """An account's tweets by status; a status that none has may be missing."""

    total: Count


class AccountDetails(Account):
    """An account with what it may do, how it is, and how many tweets it has; never a token."""

    scopes: Annotated[list[str], Field(examples=[["tweet.read", "tweet.write", "users.read", "offline.access"]])]
    health: AccountHealth
    tweet_counts: TweetCounts


class AccountList(Answer):
    """A page of the accounts."""

    accounts: list[Account]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursor


class AccountConnected(Answer):
    """The account, and what happened to it."""

    message: Annotated[str, Field(examples=["Connected @alice"])]
    account: Account


class AccountDeleted(Answer):
    """It is gone, or only its tokens are."""

    message: Annotated[str, Field(examples=["Account deleted"])]
    deleted_tweets: Count


class AccountsDeleted(Answer):
    """How many are gone."""

    message: Annotated[str, Field(examples=["Accounts deleted: 0"])]
    deleted_accounts: Count
    deleted_tweets: Count


def _from_x(name: str, description: str) -> Parameter:
    return Parameter(name=name, schema={"type": "string"}, description=description)


RESOURCE = Resource(
    name="Accounts",
    description="Connect X accounts by OAuth 2.0, look at them, switch them off and on, let them go.",
    operations={
        "oauth.begin": Operation(
            query=(Parameter(name="account_id", schema=OUR_ID, description="Reconnect this very account."),),
            answers={200: StartedConnection},
            errors={
                NotFound: ("account_not_found",),
                Conflict: ("other_world",),
                NotNow: ("oauth_not_configured",),
            },
        ),
        "oauth.callback": Operation(
            query=(
                _from_x("state", "What `auth_url` carried."),
                _from_x("code", "X's code, good for 30 s."),
                _from_x("error", "X's word for why not."),
                _from_x("oauth_token", "Of OAuth 1.0a: refused."),
                _from_x("oauth_verifier", "Of OAuth 1.0a: refused."),
            ),
            answers={200: AccountConnected},
            errors={
                Malformed: (
                    "invalid_state",
                    "connect_declined",
                    "connect_refused",
                    "code_missing",
                    "exchange_failed",
                    "client_refused",
                    "identity_unreadable",
                ),
                NotFound: ("account_not_found",),
                Conflict: ("other_user",),
                Invalid: ("oauth1_not_supported",),
                NotNow: ("oauth_not_configured", "too_many_waiting"),
            },
            page=True,
        ),
        "accounts.show_all": Operation(query=(CURSOR, PAGE, LIMIT), answers={200: AccountList}),
        "accounts.show": Operation(answers={200: AccountDetails}, errors={NotFound: ("account_not_found",)}),
        "accounts.change": Operation(
            bodies=(accounts.AccountChange,),
            example={"is_active": False},
            answers={200: AccountDetails},
            errors={NotFound: ("account_not_found",), Conflict: ("account_needs_reconnect",)},
        ),
        "accounts.refresh": Operation(
            bodies=(inputs.NoFields,),
            answers={200: AccountConnected},
            errors={
                NotFound: ("account_not_found",),
                Conflict: ("account_inactive", "account_needs_reconnect", "oauth_not_configured", "token_unreadable"),
                SlowDown: ("rate_limit_exceeded",),
                XRefused: ANY_CODE,
                NotNow: ("too_many_waiting",),
            },
        ),
        "accounts.remove": Operation(
            query=(flag("keep_tweets", "1: only revoke and forget the tokens; account and tweets stay."),),
            answers={200: AccountDeleted},
            errors={NotFound: ("account_not_found",), NotNow: ("account_busy", "too_many_waiting")},
        ),
        "accounts.clean_up": Operation(
            bodies=(accounts.AccountCleanUp,),
            example={"statuses": ["failed", "suspended"]},
            answers={200: AccountsDeleted},
            errors={NotFound: ("account_not_found",), NotNow: ("account_busy", "too_many_waiting")},
        ),
    },
)
