"""Users: GET /2/users/me."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twitter_manager.twitter.client import XClient, bearer
from twitter_manager.twitter.errors import OutcomeUnknown, Problem

__all__ = ["User", "get_me"]

USER_FIELDS = "created_at,id,name,protected,public_metrics,subscription_type,username,verified_type"


@dataclass(frozen=True, slots=True)
class User:
    """A user at X. `followers` is None when X does not tell."""

    id: str
    username: str
    name: str
    followers: int | None


def get_me(x: XClient, access_token: str, *, account_id: int | None = None) -> User:
    """Whose token this is. Raises XError."""
    reply = x.request(
        "GET",
        "/2/users/me",
        authorization=bearer(access_token),
        query={"user.fields": USER_FIELDS},
        account_id=account_id,
        metered=account_id is not None,  # at connecting it is nobody's yet
    )
    user = _user(reply.body.get("data"))
    if user is None:
        raise OutcomeUnknown(Problem(reply.status, title="An unreadable answer"))
    return user


def _user(data: Any) -> User | None:
    if not isinstance(data, Mapping):
        return None
    user_id, username, name = data.get("id"), data.get("username"), data.get("name")
    if not isinstance(user_id, str) or not (user_id.isascii() and user_id.isdigit()):
        return None
    if not isinstance(username, str) or not username:
        return None
    metrics = data.get("public_metrics")
    followers = metrics.get("followers_count") if isinstance(metrics, Mapping) else None
    return User(
        user_id,
        username,
        name if isinstance(name, str) else username,
        followers if isinstance(followers, int) and followers >= 0 else None,
    )
