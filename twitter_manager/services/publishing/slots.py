"""An account's weekly slots, and the free ones of them (contract §5.15).

A slot is taken while a tweet of the account is scheduled for its time, whoever chose that time: so a canceled, deleted
or rescheduled tweet frees it, and nothing else has to be kept.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from itertools import islice
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from twitter_manager.models import SlotWeek
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.publishing.slot_times import Slot, times_after
from twitter_manager.storage import accounts, slots
from twitter_manager.storage.database import Queries

__all__ = ["DAYS", "Day", "FreeSlots", "Slots", "list_free", "slots_of", "zone_of"]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
_LOOKED_UP = 64  # times of slots that are compared with the tweets at once


class Slots:
    def __init__(self, context: Context) -> None:
        self._context = context

    def replace(self, account_id: int, *, timezone: str, wanted: Iterable[Slot]) -> SlotWeek:
        """What is scheduled already keeps its time. `timezone`: an IANA name. Raises NotFound."""
        texts = [f"{DAYS[slot.weekday]} {slot.at:%H:%M}" for slot in sorted(set(wanted))]
        with self._context.db.transaction(account_id=account_id) as tx:
            accounts.get(tx, account_id)
            week = slots.replace(tx, account_id, timezone=timezone, slots=json.dumps(texts))
            audit.record(tx, "account", account_id, account_id=account_id, counts={"slots": len(texts)})
        return week


def slots_of(week: SlotWeek) -> list[Slot]:
    """In the order of the week."""
    texts = (text.split(" ") for text in json.loads(week.slots))
    return [Slot(DAYS.index(day), time.fromisoformat(at)) for day, at in texts]


def zone_of(week: SlotWeek) -> ZoneInfo:
    return ZoneInfo(week.timezone)


def list_free(q: Queries, week: SlotWeek, now: datetime, *, limit: int) -> list[datetime]:
    """The next free slots of the week's account, the earliest first."""
    return list(islice(_free(q, week, now), limit))


class FreeSlots:
    """The first free slot of each account as one transaction sees it, and as the transaction fills them."""

    def __init__(self, q: Queries, now: datetime, *, but: int = 0) -> None:
        """`but`: the id of a tweet that counts as not there."""
        self._q = q
        self._now = now
        self._but = but
        self._free: dict[int, Iterator[datetime]] = {}
        self._first: dict[int, datetime | None] = {}
        self._filled: set[tuple[int, datetime | None]] = set()

    def resolve(self, request: PublishRequest) -> PublishRequest:
        """With the account's first free slot for its time where the next one is wanted; as it is where there is
        none."""
        if not request.next_slot:
            return request
        return dataclasses.replace(request, schedule_at=self.first(request.account_id))

    def first(self, account_id: int) -> datetime | None:
        """None: the account has no slots."""
        if account_id not in self._free:
            week = slots.find(self._q, account_id)
            self._free[account_id] = iter(()) if week is None else _free(self._q, week, self._now, but=self._but)
            self._first[account_id] = next(self._free[account_id], None)
        while (account_id, self._first[account_id]) in self._filled:
            self._first[account_id] = next(self._free[account_id], None)
        return self._first[account_id]

    def fill(self, account_id: int, moment: datetime | None) -> None:
        """A tweet was stored for that time: a slot then is not free any more."""
        if moment is not None:
            self._filled.add((account_id, moment))


def _free(q: Queries, week: SlotWeek, now: datetime, *, but: int = 0) -> Iterator[datetime]:
    times = times_after(slots_of(week), zone_of(week), now)
    while some := list(islice(times, _LOOKED_UP)):
        taken = slots.list_taken(q, week.account_id, since=some[0], until=some[-1], but=but)
        yield from (at for at in some if at not in taken)
