"""Every code, once: the sentence a person reads, why it happens, and what to do. docs/errors.md is compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CODES", "Code", "sentence_of"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code: the sentence a person reads, why it happens, and what to do about it."""

    sentence: str
    cause: str
    remedy: str


_TABLE: dict[str, Code] = {
    # reading the request
    "malformed_request": Code(
        "The request could not be read",
        "The request line, a header or the body's framing is no valid HTTP.",
        "Send it through an HTTP library.",
    ),
    "malformed_json": Code(
        "The body is not valid JSON", "The body cannot be parsed as UTF-8 JSON.", "Check quotes and commas."
    ),
    "not_an_object": Code(
        "The body must be a JSON object", "The body is JSON, but a list, a string or a number.", "Send {…}."
    ),
    "host_not_allowed": Code(
        "This host name is not served here",
        "The Host header names a host that is not in ALLOWED_HOSTS.",
        "Add the name to ALLOWED_HOSTS, or call the service by its own name.",
    ),
    "not_json": Code(
        "The body must be sent as application/json",
        "Content-Type is something else.",
        "Send the header Content-Type: application/json.",
    ),
    "body_too_large": Code("The body is too large", "The body is over the limit.", "Send less in one call."),
    "headers_too_large": Code(
        "The request headers are too large", "Headers are over 64 KiB.", "Send fewer or shorter headers."
    ),
    "method_not_allowed": Code(
        "This path does not take this method",
        "The path exists, but not for this HTTP method.",
        "See the header Allow for the methods it takes.",
    ),
    "not_found": Code("There is nothing at this path", "No route has this path.", "Check the path."),
    "invalid_field": Code(
        "A field is wrong",
        "A field is missing, unknown, or of the wrong type.",
        "See `field` and correct it.",
    ),
    "invalid_id": Code("An id is a positive whole number", "The id is no number.", "Use the id we gave you."),
    "request_timeout": Code(
        "The request took too long to arrive",
        "Head and body did not arrive within the time limit.",
        "Send it again over a better line.",
    ),
    # keys
    "unauthorized": Code(
        "Unauthorized",
        "X-API-Key is missing or is no key of this service.",
        "Send the header X-API-Key with a key from instance/secrets.env or `flask --app app keys create`.",
    ),
    "too_many_wrong_keys": Code(
        "Too many wrong keys. Please try again later.",
        "More than 20 wrong keys came from this address within a minute.",
        "Wait a minute and send the right key.",
    ),
    # Idempotency-Keys
    "idempotency_key_in_use": Code(
        "A call with this Idempotency-Key is still under way",
        "The first call with this key, to this path, is not answered yet.",
        "Send the same again in a moment; then the first answer comes.",
    ),
    "idempotency_key_reused": Code(
        "This Idempotency-Key was used for something else",
        "In the last 24 hours the same key was sent to this path with another body or query.",
        "Take a new key for each new thing; the old one only to send the same again.",
    ),
    # texts and tweets
    "text_empty": Code("The text is empty", "The text has nothing but blanks.", "Write something."),
    "text_invalid": Code(
        "The text has a character that X does not take",
        "The text contains NUL, a lone surrogate, a byte order mark or a non-character.",
        "Remove that character.",
    ),
    "text_too_long": Code(
        "The text is too long for X",
        "Its weighted length is over 280: a URL counts 23, an emoji and a CJK character 2.",
        "Shorten it.",
    ),
    "tweet_not_found": Code("Tweet not found", "No tweet has this id.", "List the tweets to find its id."),
    "tweet_not_pending": Code(
        "This tweet is not pending",
        "Only a pending tweet can be posted by this call.",
        "Look at its status first.",
    ),
    "tweet_not_editable": Code(
        "This tweet cannot be changed any more",
        "It is on its way to X, may be there, is there, or was refused.",
        "Look at its status; a failed one is sent again by retry.",
    ),
    "tweet_not_failed": Code(
        "This tweet did not fail", "Only a failed tweet is sent again by this call.", "Look at its status first."
    ),
    "tweet_in_flight": Code(
        "This tweet may be on its way to X",
        "It is being sent, or it is not known yet whether X took it.",
        "Wait until it is settled.",
    ),
    "schedule_too_far": Code("schedule_at is too far ahead", "The year is 9000 or later.", "Check the year."),
    "schedule_in_the_past": Code(
        "The time lies in the past", "schedule_at is more than a minute ago.", "Name a time to come."
    ),
    "no_criterion": Code(
        "Nothing says which tweets to delete",
        "The body names no criterion.",
        "Name statuses, days_old or account_id; an empty list of statuses means any status.",
    ),
    "tweet_not_unconfirmed": Code(
        "This tweet does not wait for a decision",
        "Only an unconfirmed tweet with needs_decision takes the owner's word.",
        "Look at its status first; the service may have found out meanwhile.",
    ),
    "id_of_another": Code(
        "The post that was taken for this tweet is another one",
        "X itself said later that this post is another tweet of the account.",
        "Look at the account on x.com, then resolve the tweet.",
    ),
    "twitter_id_taken": Code(
        "This post at X already belongs to another tweet",
        "Another tweet of this account has that twitter_id.",
        "Check the id.",
    ),
    # accounts and connecting
    "account_not_found": Code(
        "Twitter account not found or not owned by user",
        "No connected account has this id.",
        "List the accounts to find its id.",
    ),
    "other_world": Code(
        "This account belongs to the other world",
        "A mock account was used while mock mode is off, or a real one while it is on.",
        "Switch with POST /api/v1/mock-mode, or use an account of this world.",
    ),
    "oauth1_not_supported": Code(
        "OAuth 1.0a is not supported",
        "The account or the callback carries OAuth 1.0a credentials.",
        "Connect the account again through GET /api/v1/auth/twitter.",
    ),
    "oauth_not_configured": Code(
        "Twitter OAuth credentials not configured",
        "Mock mode is off and TWITTER_CLIENT_ID is not set.",
        "Set TWITTER_CLIENT_ID (and TWITTER_CLIENT_SECRET), or switch mock mode on.",
    ),
    "invalid_state": Code(
        "Invalid or expired state",
        "The state was spent already, is over 10 minutes old, was not begun here, or its key was revoked.",
        "Begin again with GET /api/v1/auth/twitter.",
    ),
    "connect_declined": Code(
        "X did not connect the account",
        "The person declined at X.",
        "Begin again, and accept.",
    ),
    "connect_refused": Code(
        "X refused the request to connect an account",
        "X answered with an error instead of a code; its word for it is in `twitter`.",
        "Check client id, callback and scopes in X's console, then begin again.",
    ),
    "code_missing": Code(
        "X sent no code", "The callback carries neither a code nor an error.", "Begin the connection again."
    ),
    "exchange_failed": Code(
        "X did not accept the code",
        "The code was exchanged too late (30 s), twice, with another callback or client.",
        "Begin again; check that TWITTER_CALLBACK_URL equals the callback registered at X.",
    ),
    "other_user": Code(
        "Another X user answered than the one to be reconnected",
        "The browser is logged in to X as somebody else.",
        "Log in to X as the right user and begin again.",
    ),
    "consent_refused": Code(
        "The simulated X does not take this link or this choice",
        "A parameter of the link is missing or wrong, or nobody can have this username.",
        "Begin again with GET /api/v1/auth/twitter, and name a user of letters, digits and _, at most 15.",
    ),
    "identity_unreadable": Code(
        "X did not say who connected",
        "The code was exchanged, but GET /2/users/me failed.",
        "Begin the connection again in a moment.",
    ),
    # what X answers
    "post_refused": Code(
        "Failed to post tweet", "X refused the post.", "Read X's words in `twitter` and correct the tweet."
    ),
    "delete_refused": Code(
        "X did not delete the post",
        "X refused to delete it, or could not be reached.",
        "Read X's words in `twitter`; without from_twitter only the row here is deleted.",
    ),
    "duplicate": Code(
        "The account has this tweet already",
        "Another tweet of the account within 24 hours has the same text, parent, quote, media and poll.",
        "See existing_post_id; to send it twice all the same, set allow_duplicate.",
    ),
    "limit_forecast": Code(
        "The account's limit will be spent by then: it goes out later",
        "More posts are due within a quarter of an hour than X takes from one account.",
        "Nothing: expected_at says when the last of them goes out. Spread them to be on time.",
    ),
    "same_text": Code(
        "X forbids the same text from several accounts",
        "X's developer policy on duplicate content; it may suspend accounts and apps for it.",
        "Write each account its own text.",
    ),
    "not_together": Code(
        "Media, a poll and a quoted post exclude each other",
        "X takes one of media_ids, poll and quote_tweet_id in a post.",
        "Leave one of them out.",
    ),
    "media_not_found": Code(
        "There is no such media",
        "media_ids names an id that is none of this service's uploads.",
        "Upload it first, or give an id of X's.",
    ),
    "batch_refused": Code(
        "Nothing of the batch was taken",
        "The batch is atomic, and at least one of its posts is refused.",
        "See `posts` for each one's error; correct them, or leave atomic out.",
    ),
    "batch_not_found": Code("There is no such batch", "No batch has this id.", "Use the batch_id we gave you."),
    "thread_not_found": Code("There is no such thread", "No thread has this id.", "Use the thread_id we gave you."),
    "thread_in_flight": Code(
        "A part of the thread is on its way to X",
        "A part is being sent, or it is not settled whether X has it.",
        "Try again when it is settled.",
    ),
    "thread_not_stopped": Code(
        "The thread did not stop",
        "Every part is at X, or the next one is on its way.",
        "See the parts' states in GET /api/v1/threads/{id}.",
    ),
    "part_waits": Code(
        "This part of a thread waits for the part in front of it",
        "A part goes out as an answer to the one before, and that one is not at X yet.",
        "Nothing; or resume the thread if it stopped.",
    ),
    "duplicate_content": Code(
        "X has this text from this account already",
        "X refused the post as a duplicate, and no post of ours with it was found.",
        "Change the text.",
    ),
    "late": Code(
        "Its time was over for more than an hour, and its late_policy is hold",
        "The service or the account was away when the tweet was due.",
        "Send it by PATCH {status: pending}, or give it another time with schedule_at.",
    ),
    "too_late": Code(
        "Its time was over for more than an hour, and its late_policy is skip",
        "The service or the account was away when the tweet was due.",
        "Give it another time with schedule_at if it should still go out.",
    ),
    "parent_not_visible": Code(
        "The post to reply to is deleted or not visible",
        "X refused the reply again and again because it does not show the parent.",
        "Check that the parent still exists.",
    ),
    "rate_limit_exceeded": Code(
        "Rate limit exceeded. Please try again later.",
        "The account has called X 450 times in 15 minutes, or as often as X lets it call this endpoint.",
        "Call again at next_attempt_at; a held tweet goes out then by itself.",
    ),
    "rate_limited": Code(
        "Rate limit exceeded. Please try again later.",
        "X's limit for this account is spent until its reset.",
        "Nothing: it is sent after the reset.",
    ),
    "x_unreachable": Code(
        "X could not be reached",
        "No connection to X came about; nothing was sent.",
        "Nothing: it is tried again. Check the machine's connection if it lasts.",
    ),
    "x_unclear": Code(
        "X gave no clear answer",
        "The post was sent, and the answer was an error of X's, unreadable, or did not come.",
        "Nothing: the service looks at the account's timeline and finds out.",
    ),
    "unauthorized_by_x": Code(
        "X does not take a fresh token",
        "X answered 401 although the token was just renewed; often an outage of X.",
        "Nothing: it is tried again. If it lasts, reconnect the account.",
    ),
    "credits_depleted": Code(
        "The X app has no credits left",
        "X answered 402: the prepaid credits of the X app are used up.",
        "Buy credits at console.x.com; everything goes on by itself then.",
    ),
    "spend_cap_reached": Code(
        "The X app's spending limit is reached",
        "X refused because the spending limit of this cycle is reached.",
        "Raise the limit at console.x.com or wait for the next cycle.",
    ),
    "usage_capped": Code(
        "The X app's usage cap is reached",
        "X answered usage-capped for the whole app.",
        "Wait for the reset day or change the plan at console.x.com.",
    ),
    "client_not_enrolled": Code(
        "The X app is not enrolled for this API",
        "X answered client-not-enrolled: the app is in no project or plan that may call this.",
        "Attach the app to a project or plan at console.x.com.",
    ),
    "app_misconfigured": Code(
        "X does not take this kind of app or token",
        "X refused the app's type, its permissions or its developer account.",
        "Check at console.x.com that the app is a Web App or bot with Read and Write, and not suspended.",
    ),
    "account_suspended": Code(
        "X says this account is suspended or locked",
        "X refused because of the account's state.",
        "Unlock it at x.com, then reconnect it.",
    ),
    "account_failed": Code(
        "The account's token is of no use any more",
        "X refused to renew the token: access was revoked, or the token was used elsewhere.",
        "Reconnect the account; its tweets go on then.",
    ),
    "account_needs_reconnect": Code(
        "Only connecting the account again helps",
        "It has no token any more, or X refused it.",
        "Connect it through GET /api/v1/auth/twitter.",
    ),
    "account_busy": Code(
        "A tweet of this account is being sent",
        "What is being sent was not finished in time.",
        "Try again in a moment.",
    ),
    "too_many_waiting": Code(
        "Too many calls are waiting for X",
        "As many calls as may wait at a time wait for X or for what an account is sending.",
        "Try again after the time in Retry-After.",
    ),
    "account_inactive": Code("The account is switched off", "It was made inactive.", "Make it active or reconnect it."),
    "token_refused": Code(
        "X refused to renew the token",
        "The token endpoint answered that the refresh token is not valid.",
        "Reconnect the account.",
    ),
    "refresh_lost": Code(
        "A renewed token was lost on the way",
        "X renewed the token, but the answer never arrived or was not stored; X offers no way back.",
        "Reconnect the account.",
    ),
    "token_unreadable": Code(
        "The account's token cannot be decrypted",
        "The stored token does not belong to any key in ENCRYPTION_KEY.",
        "Bring back the old key beside the new one, or reconnect the account.",
    ),
    "client_refused": Code(
        "X refused the app's client credentials",
        "The token endpoint answered invalid_client or unauthorized_client.",
        "Check TWITTER_CLIENT_ID and TWITTER_CLIENT_SECRET and the app's type in X's console.",
    ),
    "x_cannot_be_asked": Code(
        "X could not be asked whether the post is there",
        "The account's timeline could not be read for a long time.",
        "Look at the account on x.com and resolve the tweet, or wait: the service goes on asking.",
    ),
    "doubtful_match": Code(
        "A post that may be this one stands at X",
        "The account's timeline has a post that is nearly the same.",
        "Compare them on x.com and resolve the tweet as posted or not_posted.",
    ),
    "attempts_exhausted": Code(
        "Five attempts ended without an answer",
        "Each was sent, none was answered clearly, none was found at X.",
        "Look at the account on x.com and resolve the tweet.",
    ),
    "owners_word": Code(
        "Its owner said that it is not at X",
        "The tweet was resolved as not_posted.",
        "Nothing: it goes out again.",
    ),
    "duplicate_after_unclear": Code(
        "X calls this a duplicate after an unclear attempt",
        "An attempt before was not answered; now X says that it has this text.",
        "Nothing: the service looks for it.",
    ),
    # webhooks
    "webhook_not_found": Code("Webhook not found", "No webhook has this id.", "List the webhooks to find its id."),
    "too_many_webhooks": Code(
        "There are 20 webhooks already", "No more than 20 are kept.", "Delete one that nobody needs."
    ),
    "webhook_inactive": Code(
        "This webhook is switched off",
        "Its owner switched it off, or its receiver answered 410 Gone.",
        "Switch it on with PATCH {is_active: true} first.",
    ),
    "receiver_not_public": Code(
        "The receiver's address is not public",
        "Its host name leads to a loopback, private or otherwise reserved address.",
        "Use a public address, or name its network in WEBHOOK_ALLOWED_NETWORKS.",
    ),
    "receiver_unreachable": Code(
        "The receiver could not be reached",
        "Its name is not known, or no connection came about; nothing was sent.",
        "Check that it runs and that the URL is right; it is tried again.",
    ),
    "receiver_silent": Code(
        "The receiver gave no answer",
        "The event was sent, and within 15 s no answer came that can be read.",
        "Answer 2xx first and work afterwards; it is tried again.",
    ),
    "receiver_refused": Code(
        "The receiver did not take it",
        "It answered something else than 2xx; redirects are not followed.",
        "Look in the receiver's log; it is tried again.",
    ),
    "receiver_gone": Code(
        "The receiver wants no more events",
        "It answered 410 Gone, and the webhook was switched off.",
        "Switch it on with PATCH {is_active: true} if that was a mistake, or delete it.",
    ),
    "webhook_secret_unreadable": Code(
        "The webhook's secret cannot be decrypted",
        "The stored secret does not belong to any key in ENCRYPTION_KEY.",
        "Bring back the old key beside the new one, or delete the webhook and make it anew.",
    ),
    # the service itself
    "no_worker": Code(
        "No posting worker is alive",
        "No worker gave a sign of life in the last 15 seconds.",
        "Start `flask --app app worker`, or set WORKER=on.",
    ),
    "shutting_down": Code(
        "The service is shutting down", "It received SIGTERM.", "Send the request again in a moment."
    ),
    "database_unavailable": Code(
        "The database is not available",
        "It is locked, full, away or not set up yet.",
        "See the log; free the disk, bring the file back. The service comes back by itself.",
    ),
    "internal_error": Code(
        "Internal server error",
        "A fault in the service.",
        "Look in the log for the request id and report it.",
    ),
}

CODES: Mapping[str, Code] = MappingProxyType(_TABLE)


def sentence_of(code: str) -> str:
    """The fixed sentence of `code`. Raises KeyError for a code that is not in CODES."""
    return CODES[code].sentence
