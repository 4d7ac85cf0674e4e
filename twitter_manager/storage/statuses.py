"""The sets of tweet statuses of models.py as SQL: `status IN {UNSETTLED}`.

Literals in this order, since SQLite uses a partial index only where a query repeats the index's own condition.
"""

from collections.abc import Sequence

from twitter_manager import models

__all__ = ["EDITABLE", "FINAL", "NOT_POSTED", "NO_DUPLICATE", "QUEUED", "SENDABLE", "UNSETTLED"]


def _words(statuses: Sequence[models.TweetStatus]) -> str:
    return "('" + "', '".join(statuses) + "')"


QUEUED = _words(models.QUEUED)
SENDABLE = _words(models.SENDABLE)
UNSETTLED = _words(models.UNSETTLED)
FINAL = _words(models.FINAL)
EDITABLE = _words(models.EDITABLE)
NO_DUPLICATE = _words(models.NO_DUPLICATE)
NOT_POSTED = _words(models.NOT_POSTED)
