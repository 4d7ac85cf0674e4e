"""Users: GET /2/users/me."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.dialects import Dialect
from twitter_manager.twitter.errors import OutcomeUnknown, Problem
from twitter_manager.twitter.reading import read

__all__ = ["User", "get_me"]

# Without fields X gives id, name and username: enough where it does not know a name any more.
DIALECTS: tuple[Dialect, ...] = ({"user.fields": "id,name,public_metrics,username"}, {})


@dataclass(frozen=True, slots=True)
class User:
    """`followers` is None when X does not tell."""

    id: str
    username: str
    name: str
    followers: int | None


def get_me(x: XClient, access_token: str, *, account_id: int | None = None) -> User:
    """Whose token this is. Raises XError."""
    response = read(
        x,
        "/2/users/me",
        access_token,
        DIALECTS,
        endpoint="/2/users/me",
        account_id=account_id,
        metered=account_id is not None,  # at connecting it is nobody's yet
    )
    user = _user(response.body.get("data"))
    if user is None:
        raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))
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
