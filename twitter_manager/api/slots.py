"""An account's slots: the times of the week for posts that only say "next" (contract §5.15)."""

from datetime import time
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from flask import Response, jsonify
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from twitter_manager.api.accounts import ACCOUNTS
from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import account_in_path
from twitter_manager.api.http.body_models import CLOCK_TIME, FAULT
from twitter_manager.api.openapi.fields import ResponseModel, Time
from twitter_manager.api.openapi.operations import LIMIT, Operation, Resource
from twitter_manager.errors import Conflict, NotFound
from twitter_manager.models import SlotWeek
from twitter_manager.services.publishing.slot_times import Slot
from twitter_manager.services.publishing.slots import DAYS, Day, list_free, slots_of, zone_of
from twitter_manager.storage import accounts, slots
from twitter_manager.timestamps import to_text

__all__ = ["blueprint"]

blueprint = Resource("slots", __name__, url_prefix="/api/v1/accounts", chapter=ACCOUNTS)

_MAX_ENTRIES = 500
_SHOWN = 10

ClockTime = Annotated[str, Field(pattern=CLOCK_TIME, description="From 00:00 to 23:59.", examples=["09:30"])]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError(
            FAULT, "is no time zone of the IANA database, such as Europe/Berlin or America/New_York"
        )
    return name


Zone = Annotated[
    str,
    Field(max_length=64, description="A name of the IANA database.", examples=["Europe/Berlin"]),
    AfterValidator(_known_zone),
]


class SlotBody(inputs.Body):
    """The days of the week that have a slot at this time."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    time: ClockTime


class SlotsBody(inputs.Body):
    """A week; it replaces the one before. An empty list takes all slots away."""

    timezone: Zone
    slots: Annotated[list[SlotBody], Field(max_length=_MAX_ENTRIES)]

    def to_slots(self) -> set[Slot]:
        return {Slot(DAYS.index(day), time.fromisoformat(each.time)) for each in self.slots for day in each.days}


class SlotEntry(ResponseModel):
    """The days of the week that have a slot at this time."""

    days: Annotated[list[Day], Field(examples=[["mon", "wed"]])]
    time: ClockTime


class AccountSlots(ResponseModel):
    """The slots of an account's week, on the clocks of its time zone."""

    timezone: Annotated[str | None, Field(description="null: none was set yet.", examples=["Europe/Berlin"])]
    slots: list[SlotEntry]


def _to_json(week: SlotWeek | None) -> dict[str, Any]:
    if week is None:
        return {"timezone": None, "slots": []}
    days: dict[str, list[str]] = {}
    for slot in slots_of(week):
        days.setdefault(f"{slot.at:%H:%M}", []).append(DAYS[slot.weekday])
    return {"timezone": week.timezone, "slots": [{"days": days[at], "time": at} for at in sorted(days)]}


@blueprint.get("/<account_id>/slots")
@Operation(responses={200: AccountSlots}, errors={NotFound: ("account_not_found",), Conflict: ("other_world",)})
def show(account_id: str) -> Response:
    """The slots of an account's week."""
    db = current.services().db
    account = accounts.get(db, account_in_path(account_id))
    return jsonify(_to_json(slots.find(db, account.id)))


@blueprint.put("/<account_id>/slots")
@Operation(
    bodies=(SlotsBody,),
    example={"timezone": "Europe/Berlin", "slots": [{"days": ["mon", "wed", "fri"], "time": "09:30"}]},
    responses={200: AccountSlots},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def replace(account_id: str) -> Response:
    """Sets the slots of an account's week. What is scheduled already keeps its time."""
    number = account_in_path(account_id)
    asked = inputs.body(SlotsBody)
    week = current.services().slots.replace(number, timezone=asked.timezone, wanted=asked.to_slots())
    return jsonify(_to_json(week))


class FreeSlot(ResponseModel):
    """A slot without a post."""

    at: Time
    local: Annotated[
        str, Field(description="The same on the clocks of the account's zone.", examples=["2026-11-30T09:30:00+01:00"])
    ]


class FreeSlotList(ResponseModel):
    """The next free slots, the earliest first."""

    slots: list[FreeSlot]


@blueprint.get("/<account_id>/slots/next")
@Operation(
    query=(LIMIT,),
    responses={200: FreeSlotList},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def show_next(account_id: str) -> Response:
    """The next free slots of an account; none where it has no slots. `schedule: "next"` takes the first."""
    services = current.services()
    account = accounts.get(services.db, account_in_path(account_id))
    limit = inputs.number_in_query("limit", default=_SHOWN, maximum=inputs.MAX_ROWS)
    week = slots.find(services.db, account.id)
    free = [] if week is None else _free_to_json(week, limit)
    return jsonify({"slots": free})


def _free_to_json(week: SlotWeek, limit: int) -> list[dict[str, object]]:
    services, zone = current.services(), zone_of(week)
    return [
        {"at": to_text(at), "local": at.astimezone(zone).isoformat(timespec="seconds")}
        for at in list_free(services.db, week, services.clock(), limit=limit)
    ]
