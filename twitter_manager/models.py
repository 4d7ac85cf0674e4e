"""The rows, as frozen dataclasses. A class has its table's columns, by the same names (a test compares).

Tokens and verifiers are encrypted, here as in the database. `repr=False` keeps them out of logs.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

__all__ = [
    "DELIVERY_STATUSES",
    "EDITABLE",
    "FINAL",
    "NOT_POSTED",
    "NO_DUPLICATE",
    "QUEUED",
    "SENDABLE",
    "TWEET_STATUSES",
    "UNSETTLED",
    "Account",
    "Alert",
    "ApiKey",
    "AppRest",
    "Attempt",
    "AuditEntry",
    "Batch",
    "BatchRefusal",
    "DeliveryStatus",
    "IdempotencyKey",
    "KnownWindow",
    "Lane",
    "Media",
    "MediaSubtitles",
    "MediaType",
    "OAuthState",
    "SlotWeek",
    "Thread",
    "Tweet",
    "TweetOfAccount",
    "TweetStatus",
    "Webhook",
    "WebhookDelivery",
    "Worker",
    "XCall",
]


TweetStatus = Literal["draft", "pending", "scheduled", "posting", "posted", "failed", "unconfirmed", "held", "canceled"]
TWEET_STATUSES: tuple[TweetStatus, ...] = get_args(TweetStatus)
MediaType = Literal["photo", "gif", "video", "subtitles"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
DELIVERY_STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)

QUEUED: tuple[TweetStatus, ...] = ("pending", "scheduled")
SENDABLE: tuple[TweetStatus, ...] = (*QUEUED, "held")
UNSETTLED: tuple[TweetStatus, ...] = ("posting", "unconfirmed")  # X may have it
FINAL: tuple[TweetStatus, ...] = ("posted", "failed", "canceled")
EDITABLE: tuple[TweetStatus, ...] = ("draft", *SENDABLE, "canceled")  # certainly not at X, nor refused there
NOT_POSTED: tuple[TweetStatus, ...] = ("draft", *SENDABLE, "canceled", "failed")  # as far as is known here
NO_DUPLICATE: tuple[TweetStatus, ...] = ("draft", "failed", "canceled")  # an equal tweet may be created


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key that may call the API, known by its SHA-256. `source`: 'setting' (API_KEY) or 'command'.

    Not active and not revoked: an earlier value of API_KEY, which works again when it is set again.
    """

    id: int
    key_hash: str = field(repr=False)
    name: str
    source: str
    created_at: datetime
    is_active: bool
    revoked_at: datetime | None
    scopes: str  # read, write, admin, with blanks between them
    account_ids: str | None  # a JSON list of the only accounts that there are for it
    world: str | None  # mock or live: it may only call while that one is on
    expires_at: datetime | None
    requests_per_minute: int | None
    last_used_at: datetime | None  # to the minute
    made_by: int | None  # the key that made it; None: a setting or a command


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A connected X account, identified by its X user id and `mock`; its handle may change."""

    id: int
    x_user_id: str | None
    username: str
    name: str
    mock: bool
    status: str  # active | suspended | failed | inactive
    error_code: str | None  # why it is not active
    access_token: str | None = field(repr=False)
    access_token_secret: str | None = field(repr=False)  # OAuth 1.0a of older installations: never used
    refresh_token: str | None = field(repr=False)
    scopes: str
    token_expires_at: datetime | None
    token_issued_at: datetime | None
    token_version: int  # grows with every new pair: what compare-and-set compares
    refresh_lease: str | None  # who renews the token right now
    refresh_lease_until: datetime | None
    refresh_sent_at: datetime | None  # a renewal went out and its answer is not stored (yet)
    refresh_failures: int
    unauthorized_streak: int  # 401s in a row on fresh tokens; over 0 means degraded
    followers: int | None
    created_at: datetime
    linked_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotWeek:
    """When an account posts what only says "next": the slots of its week."""

    account_id: int
    timezone: str  # an IANA name
    slots: str  # a JSON list such as ["mon 09:30"], in the order of the week, on the clocks there
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthState:
    """A connection that was begun. It can be used once, and is kept for ten minutes."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    mock: bool
    api_key_id: int | None
    account_id: int | None  # set when this account is to be reconnected
    created_at: datetime
    used_at: datetime | None
    code_hash: str | None = field(repr=False)  # of X's code that it was used with
    connected_account_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tweet:
    """`due_at` is when a worker must next do something about it; None: nothing to do."""

    id: int
    twitter_account_id: int
    content: str
    fingerprint: str  # equal for equal text, quote, media and poll; with an equal reply_to it is the same tweet
    status: TweetStatus
    twitter_id: str | None
    twin_twitter_id: str | None  # a second post at X for this tweet, if that ever happened
    reply_to: str | None
    scheduled_at: datetime | None
    due_at: datetime | None
    post_now: bool  # its owner asked for it now: before those merely due
    error_code: str | None  # why it is held, failed or needs a decision
    twitter_error: str | None  # X's words, as JSON {status, title, detail}
    needs_decision: bool
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None
    quote_of: str | None
    media_ids: str  # a JSON list of texts: up to 12 digits are ours, more are X's
    poll: str | None  # JSON {options, duration_minutes}
    reply_settings: str | None
    community_id: str | None
    made_with_ai: bool
    paid_partnership: bool
    late_policy: str  # publish | skip | hold: when it is over an hour late and was never tried
    thread_id: int | None
    position: int | None  # from 1; a later part has no due_at and no reply_to before the previous one is at X
    batch_id: int | None
    search_words: str | None  # what finds it, where that is not its text: storage/search_words.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Tweets that reply to each other, sent one after the other."""

    id: int
    account_id: int
    stopped_at: datetime | None  # its owner is deleting it: no further part goes out
    created_at: datetime
    deleting_until: datetime | None  # its posts are being deleted at X: it cannot be resumed before


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tweets that were created in one call."""

    id: int
    created_at: datetime
    api_key_id: int | None  # the key that sent it; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRefusal:
    """A row of a batch that was refused."""

    batch_id: int
    position: int  # in the request, from 0
    account_id: int | None  # as in the request; None: it was no id
    twitter_account_id: int | None  # None: there was no such account
    after_tweet_id: int  # the last tweet of the batch before it, which may be deleted by now; 0: none
    problems: str  # JSON: [{field, code, message, …}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to put a tweet on X: the intent before the call, and what became of it."""

    id: int
    tweet_id: int
    account_id: int
    lease: str
    started_at: datetime
    over_at: datetime | None  # after this moment the call cannot reach X any more
    outcome: str  # open posted refused held not_sent unclear absent
    http_status: int | None
    error_code: str | None
    twitter_id: str | None
    since_id: str | None  # the highest X id of the account known before the intent
    looks_absent: int  # complete readings of the timeline without this post
    looks_failed: int  # failed readings since the last complete one
    check_at: datetime | None  # when it is looked for next although its tweet is posted: X may have it twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One account's queue: when it is due, its lease, and until when it rests."""

    account_id: int
    mock: bool
    due_at: datetime | None  # may be too early, never too late
    lease: str | None
    lease_until: datetime | None
    worker_id: str | None
    rest_until: datetime | None  # nothing is sent before; timelines may be read
    rest_code: str | None
    trouble_streak: int  # unclear or failed sends in a row
    newest_x_id: str | None  # the highest X id of the account seen so far


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRest:
    """X refuses the whole app (credits, caps): one row per environment while that lasts."""

    mock: bool
    code: str
    since: datetime
    probe_at: datetime  # before this nothing is sent; then one call probes
    probes: int
    twitter_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Failures in a row, of an account or of X as a whole, and whether an alert is firing for them."""

    subject: str  # 'account 7', 'app live' or 'app mock'
    account_id: int | None
    mock: bool
    failures: int  # in a row
    failing_since: datetime | None  # the first of them
    failed_at: datetime | None  # the last failure, whatever succeeded since; also of the next two
    error_code: str | None
    twitter_error: str | None  # X's words, as JSON {status, title, detail}
    rule: str | None  # in_a_row | of_the_hour: what it fires for; None: it does not
    firing_since: datetime | None
    resolved_at: datetime | None  # the last one; what was before counts for no further one


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A POST with an Idempotency-Key: what it made, and its first answer."""

    api_key_id: int
    method: str
    path: str
    key: str
    body_hash: str
    subject_id: int | None  # the tweet, thread or batch that it made or changed
    status: int | None  # None: not answered yet, or the service died before
    answer: str | None = field(repr=False)  # encrypted: some answers have secrets in them
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of events, and its recent failures."""

    id: int
    url: str
    description: str
    events: str  # a JSON list of event types
    secret: str = field(repr=False)
    is_active: bool
    error_code: str | None  # why the service switched it off
    lease: str | None  # one delivery at a time
    lease_until: datetime | None
    tried_at: datetime | None  # the last delivery began: the webhook that waits longest is next
    rest_until: datetime | None  # nothing is sent to it before
    failures: int  # failed attempts in a row, of any delivery
    failing_since: datetime | None  # the first of them
    failed_at: datetime | None  # the last of them
    created_at: datetime
    updated_at: datetime
    api_key_id: int | None  # the key with limits that it belongs to, and whose accounts it tells of; None: of all


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One event for one webhook: waiting, or in the log."""

    id: int
    webhook_id: int
    message_id: str  # the same in every attempt: by it a receiver recognizes duplicates
    event: str
    data: str  # JSON, as it was when it happened
    about: str | None  # an event about the same is queued once an hour only
    status: DeliveryStatus
    attempts: int  # since it was queued last
    queued_at: datetime  # when it happened, or was queued again
    next_attempt_at: datetime | None
    last_status: int | None  # the receiver's HTTP status
    error_code: str | None  # why the last attempt failed
    error_detail: str | None  # in the system's words
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that a caller gave us. Equal files have one file in the store, and a row each."""

    id: int
    sha256: str
    file_key: str  # its name in the store
    type: MediaType
    mime_type: str  # by its bytes
    size: int
    width: int | None
    height: int | None
    duration_ms: int | None
    frame_rate: int | None  # frames in 1,000 seconds
    frame_count: int | None
    video_codec: str | None
    audio_codec: str | None
    alt_text: str | None
    file_name: str | None  # as it was sent, without a path; only to be shown
    api_key_id: int | None  # the key with limits that it belongs to; None: everybody's
    created_at: datetime
    last_used_at: datetime | None  # a tweet needed it, to the day


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSubtitles:
    """The subtitles of a video in one language, a media of their own."""

    video_id: int
    language_code: str  # two capitals
    subtitles_id: int
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A call or a command that changed something, or was refused by a state or by X. What it names may be gone."""

    id: int
    created_at: datetime
    actor: str  # key | command
    api_key_id: int | None
    request_id: str | None
    method: str | None
    route: str  # a path with {names}, or a command
    account_id: int | None
    subject: str | None  # tweet | thread | batch | webhook | account | api_key
    subject_id: int | None
    counts: str | None  # JSON: how many of what, where one call changed several
    status: int | None  # of the response; None for a command
    code: str | None  # of the error


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A posting worker's sign of life."""

    id: str
    host: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class XCall:
    """A call to X, kept for a day to count it. `account_id` is None for the app's own token, or a removed account; then
    `x_user_id` has its id at X."""

    id: int
    account_id: int | None
    mock: bool
    endpoint: str  # as X's documents name it: "DELETE /2/tweets/{id}"
    called_at: datetime
    x_user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWindow:
    """What X's headers last said of an endpoint to an account; None for the app's own token."""

    account_id: int | None
    mock: bool
    endpoint: str
    call_limit: int | None
    remaining: int | None  # by X's headers, less the calls since
    reset_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetOfAccount:
    """A tweet with what a list says of its account."""

    tweet: Tweet
    username: str
    mock: bool
    waits_for_equal: bool  # it is due, and an equal tweet of the account may be at X
