"""Signatures as Standard Webhooks 1.0 has them (standardwebhooks.com, "Webhook scheme"): HMAC-SHA256, version v1.

Written here rather than taken from the public library, so that the tests, which verify with that library, compare two
implementations and not one with itself.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

__all__ = ["headers", "new_secret"]

_PREFIX = "whsec_"
_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """`whsec_` and base64, as a receiver needs it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(secret: str, body: bytes, *, message_id: str, at: datetime) -> dict[str, str]:
    """The headers of `body`: its id, the time of this attempt, and the signature over both and the body."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, b".".join((message_id.encode(), stamp.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
