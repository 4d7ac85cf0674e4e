"""What is said of posts that are taken all the same: full rate windows, and X's rules about texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.error_codes import sentence_of
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.rate_limits.forecast import forecast
from twitter_manager.storage.database import Queries
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.cashtags import count_cashtags

__all__ = ["PublishWarning", "warnings_of_accounts", "warnings_of_texts", "warnings_of_windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishWarning:
    """A code of error_codes.CODES, and for a full window the account and when its last post will really go out."""

    code: str
    account_id: int | None = None
    expected_at: datetime | None = None

    @property
    def sentence(self) -> str:
        return sentence_of(self.code)


def warnings_of_texts(posts: Sequence[Post], *, is_thread: bool = False) -> list[PublishWarning]:
    """For texts that are valid by themselves; `is_thread`: they are the parts of one."""
    found = []
    if is_thread and len({canonical(post.text) for post in posts}) < len(posts):
        found.append(PublishWarning(code="equal_parts"))
    if any(count_cashtags(post.text) > 1 for post in posts):
        found.append(PublishWarning(code="two_cashtags"))
    return found


def warnings_of_accounts(requests: Sequence[PublishRequest]) -> list[PublishWarning]:
    """X forbids the same text from several accounts."""
    if len({request.account_id for request in requests}) < 2:
        return []
    first: dict[str, int] = {}
    for request in requests:
        if first.setdefault(canonical(request.post.text), request.account_id) != request.account_id:
            return [PublishWarning(code="same_text")]
    return []


def warnings_of_windows(
    q: Queries, requests: Sequence[PublishRequest], now: datetime, *, mock: bool, enqueued: bool = False
) -> list[PublishWarning]:
    """`mock`: the environment of their accounts; `enqueued`: the posts are stored already."""
    late = forecast(q, requests, now, mock=mock, enqueued=enqueued)
    return [PublishWarning(code="limit_forecast", account_id=each, expected_at=at) for each, at in late.items()]
