"""Webhooks and their receivers."""

from twitter_manager.error_codes.code import Code

__all__ = ["CODES"]

CODES: dict[str, Code] = {
    "webhook_not_found": Code("Webhook not found", "No webhook has this id.", "List the webhooks to find its id."),
    "too_many_webhooks": Code(
        "There are 20 webhooks already",
        "No more than 20 are kept; of a key with limits, no more than 20 of its own.",
        "Delete one that nobody needs.",
    ),
    "webhook_inactive": Code(
        "This webhook is switched off",
        "Its owner switched it off, or its receiver answered 410 Gone.",
        "Switch it on with PATCH {is_active: true} first.",
    ),
    "key_revoked": Code(
        "The API key that this webhook belongs to was revoked",
        "It was made by a key that was limited to some accounts or to one world, and told of those.",
        "Delete it, and make another one with a key that is good.",
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
}
