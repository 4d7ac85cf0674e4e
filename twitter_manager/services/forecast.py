"""When a post will really go out, if its account's window is full by then: pure arithmetic over times."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.timestamps import later

__all__ = ["expected_at"]


def expected_at(
    calls: Sequence[datetime], due: Sequence[datetime], moment: datetime, *, limit: int, window: float
) -> datetime:
    """When a post that is due at `moment` goes out, behind the posts that are `due` no later and the past `calls`.

    At most `limit` go out in any `window` seconds; each goes as soon as it is due and the window has room. All times
    in order. The answer is `moment` itself where the window never fills.
    """
    going = list(calls)
    for each in (*due, moment):
        leaves = later(going[-limit], window) if len(going) >= limit else each
        going.append(max(each, leaves, going[-1] if going else each))
    return going[-1]
