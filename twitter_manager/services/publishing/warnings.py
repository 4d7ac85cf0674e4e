"""What is said of posts that are taken all the same: full rate windows, and X's rules about texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.error_codes import sentence_of
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.enqueue import CheckedRequest, equal_within
from twitter_manager.services.rate_limits.forecast import forecast
from twitter_manager.storage import tweets
from twitter_manager.storage.database import Queries
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.cashtags import count_cashtags

__all__ = ["PublishWarning", "warnings_of_accounts", "warnings_of_parts", "warnings_of_texts", "warnings_of_windows"]


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


def warnings_of_parts(q: Queries, parts: Sequence[CheckedRequest], now: datetime) -> list[PublishWarning]:
    """For a thread's parts after the first, which is refused if it is a duplicate: these have parents of their own, but
    X may compare the texts alone."""
    request = parts[0].request
    fingerprints = [part.fingerprint for part in parts[1:] if part.fingerprint]
    if request.allow_duplicate or not fingerprints:
        return []
    since, until = equal_within(request.schedule_at or now)
    found = tweets.is_any_equal(q, request.account_id, fingerprints=fingerprints, since=since, until=until)
    return [PublishWarning(code="repeated_part")] if found else []


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
