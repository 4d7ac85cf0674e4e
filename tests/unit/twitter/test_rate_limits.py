"""Sliding windows against a naive model, and against an X that counts in windows of its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twitter_manager.timestamps import later
from twitter_manager.twitter.rate_limits import (
    DAY,
    NOTHING,
    PER_ACCOUNT,
    PER_APP,
    PER_USER,
    QUARTER,
    Limit,
    RateWindow,
    Room,
    calls_that_count,
    is_same_window,
    new_window,
    per_user,
    room,
    updated_window,
)

DOCUMENT = Path(__file__).parents[4] / "shared" / "x-openapi.json"
START = datetime(2026, 11, 20, 14, 5, 0, 123000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

# steps of time in milliseconds, those at the edge of a window among them
STEPS = st.one_of(
    st.sampled_from([0, 1, 449_999, 450_000, 450_001, 899_999, 900_000, 900_001]), st.integers(0, 1_000_000)
)
LIMITS = st.integers(1, 5).map(lambda calls: Limit(calls, QUARTER))


def at(seconds: float) -> datetime:
    return later(START, seconds)


def admitted(calls: Sequence[datetime], limit: Limit, now: datetime, known: RateWindow = NOTHING) -> bool:
    return room(calls, limit, now, known).free_at is None


def in_window(calls: Sequence[datetime], now: datetime) -> int:
    """The naive model: how many calls there were in (now - 900 s, now]."""
    return sum(now - timedelta(seconds=QUARTER) < call <= now for call in calls)


class TestTheSlidingWindow:
    @given(LIMITS, st.lists(STEPS, max_size=40))
    def test_admits_what_counting_admits(self, limit: Limit, steps: list[int]) -> None:
        now, calls = START, list[datetime]()
        for step in steps:
            now += step * MILLISECOND
            found = room(calls, limit, now)
            assert (found.free_at is None) == (in_window(calls, now) < limit.calls)
            assert found.remaining == limit.calls - in_window(calls, now)
            if found.free_at is None:
                calls.append(now)
        for call in calls:
            assert in_window(calls, call) <= limit.calls

    @given(LIMITS, st.lists(STEPS, min_size=1, max_size=40))
    def test_is_free_from_the_moment_that_it_names_and_not_before(self, limit: Limit, steps: list[int]) -> None:
        now, calls = START, list[datetime]()
        for step in steps:
            now += step * MILLISECOND
            free = room(calls, limit, now).free_at
            if free is None:
                calls.append(now)
                continue
            assert free > now
            assert not admitted(calls, limit, free - MILLISECOND)
            assert admitted(calls, limit, free)
            assert in_window(calls, free) < limit.calls <= in_window(calls, free - MILLISECOND)

    @given(LIMITS, st.lists(STEPS, min_size=1, max_size=40))
    def test_more_calls_than_the_limit(self, limit: Limit, steps: list[int]) -> None:
        """As when X lowers it: as many must leave the window as are too many."""
        now, calls = START, list[datetime]()
        for step in steps:
            now += step * MILLISECOND
            calls.append(now)
        found = room(calls, limit, now)
        assert found.remaining == max(0, limit.calls - in_window(calls, now))
        if found.free_at is None:
            assert in_window(calls, now) < limit.calls
        else:
            assert in_window(calls, found.free_at - MILLISECOND) >= limit.calls
            assert in_window(calls, found.free_at) < limit.calls
            assert found.reset_at == found.free_at

    def test_a_call_exactly_a_window_old_no_longer_counts(self) -> None:
        calls = [at(0)] * 450
        assert room(calls, PER_ACCOUNT, at(899.999)) == Room(450, 0, at(900), at(900))
        assert room(calls, PER_ACCOUNT, at(900)) == Room(450, 450, None, None)

    def test_while_there_is_room_a_call_comes_back_when_the_oldest_call_leaves(self) -> None:
        assert room([at(0), at(60)], PER_ACCOUNT, at(100)) == Room(450, 448, None, at(900))

    def test_a_clock_set_back_makes_no_room(self) -> None:
        calls = [at(0)] * 3
        assert not admitted(calls, Limit(3, QUARTER), at(-600))
        assert not admitted(calls, Limit(3, QUARTER), at(-6000))


@dataclass
class FixedWindows:
    """X: a window begins with the first call after the last one's end, which comes on a whole second."""

    limit: int
    ends: datetime = START
    used: int = 0

    def is_called(self, now: datetime) -> RateWindow | None:
        """What the headers say; None: 429."""
        if now >= self.ends:
            self.ends, self.used = (now + timedelta(seconds=QUARTER)).replace(microsecond=0), 0
        if self.used >= self.limit:
            return None
        self.used += 1
        return RateWindow(self.limit, self.limit - self.used, self.ends)

    def would_accept(self, now: datetime) -> bool:
        return now >= self.ends or self.used < self.limit


@dataclass
class Caller:
    """Somebody who keeps to the rules: takes a place, calls, learns. `known.remaining` is less with every call."""

    table: Limit
    calls: list[datetime] = field(default_factory=list)
    known: RateWindow = NOTHING

    def may_call(self, now: datetime) -> bool:
        limit = Limit(self.known.limit or self.table.calls, self.table.seconds)
        return admitted(self.calls, limit, now, self.known)

    def calls_now(self, now: datetime) -> None:
        self.calls.append(now)
        if self.known.remaining:
            self.known = RateWindow(self.known.limit, self.known.remaining - 1, self.known.reset_at)

    def reads(self, said: RateWindow, now: datetime) -> None:
        news = updated_window(self.known, said, now)
        if news is None:
            return
        if not is_same_window(self.known, news):
            limit = Limit(news.limit or self.table.calls, self.table.seconds)
            news = new_window(news, limit, len(calls_that_count(self.calls, limit, now, self.known)))
        self.known = news


class TestWhatXSays:
    @given(limit=st.integers(1, 5), table=st.integers(1, 5), steps=st.lists(STEPS, max_size=40))
    def test_one_call_after_the_other_is_admitted_exactly_when_x_takes_it(
        self, limit: int, table: int, steps: list[int]
    ) -> None:
        x, caller, now = FixedWindows(limit), Caller(Limit(table, QUARTER)), START
        for step in steps:
            now += step * MILLISECOND
            assert caller.may_call(now) == x.would_accept(now)
            if caller.may_call(now):
                caller.calls_now(now)
                said = x.is_called(now)
                assert said is not None
                caller.reads(said, now)

    @given(limit=st.integers(1, 5), steps=st.lists(st.tuples(STEPS, st.integers(0, 3)), max_size=40), data=st.data())
    def test_answers_that_come_late_and_in_any_order_admit_nothing_that_x_refuses(
        self, limit: int, steps: list[tuple[int, int]], data: st.DataObject
    ) -> None:
        x, caller, now = FixedWindows(limit), Caller(Limit(limit, QUARTER)), START
        under_way: list[RateWindow] = []
        for step, answers in steps:
            now += step * MILLISECOND
            for _ in range(min(answers, len(under_way))):
                caller.reads(under_way.pop(data.draw(st.integers(0, len(under_way) - 1))), now)
            if caller.may_call(now):
                caller.calls_now(now)
                said = x.is_called(now)
                assert said is not None, "X answers 429"
                under_way.append(said)

    @given(
        limit=st.integers(2, 5),
        steps=st.lists(st.tuples(STEPS, st.booleans(), st.booleans()), max_size=40),
    )
    def test_calls_from_elsewhere_and_missing_headers_cost_one_429_in_a_window_at_the_most(
        self, limit: int, steps: list[tuple[int, bool, bool]]
    ) -> None:
        x, caller, now, refused = FixedWindows(limit), Caller(Limit(limit, QUARTER)), START, list[datetime]()
        for step, from_elsewhere, told in steps:
            now += step * MILLISECOND
            if from_elsewhere:
                x.is_called(now)
            if caller.may_call(now):
                caller.calls_now(now)
                said = x.is_called(now)
                if said is None:
                    assert x.ends not in refused
                    refused.append(x.ends)
                    caller.reads(RateWindow(None, 0, x.ends), now)
                elif told:
                    caller.reads(said, now)

    def test_what_is_left_goes_before_our_own_counting(self) -> None:
        said = RateWindow(50, 3, at(100))
        assert room([at(0)] * 60, Limit(50, QUARTER), at(50), said) == Room(50, 3, None, at(100))
        spent = RateWindow(50, 0, at(100))
        assert room([], Limit(50, QUARTER), at(99.999), spent) == Room(50, 0, at(100), at(100))
        assert room([], Limit(50, QUARTER), at(100), spent) == Room(50, 50, None, None)

    def test_calls_before_a_reset_that_is_over_no_longer_count(self) -> None:
        limit, past = Limit(2, QUARTER), RateWindow(2, 0, at(100))
        assert admitted([at(98), at(99.999), at(100)], limit, at(101), past)
        assert not admitted([at(99.999), at(100), at(100)], limit, at(101), past)

    def test_the_limit_in_the_headers_goes_before_the_tables(self) -> None:
        assert per_user("POST /2/tweets") == Limit(100, QUARTER)
        assert per_user("POST /2/tweets", RateWindow(17)) == Limit(17, QUARTER)
        assert per_user("GET /2/nothing/known") == PER_ACCOUNT


class TestLearning:
    KNOWN = RateWindow(50, 10, at(600))

    @pytest.mark.parametrize(
        ("said", "news"),
        [
            ("as we reckoned", None),
            ("more than we reckoned: calls are under way", None),
            ("less than we reckoned: somebody else called", RateWindow(50, 9, at(600))),
            ("another limit", RateWindow(40, 10, at(600))),
            ("the next window", RateWindow(50, 49, at(1500))),
            ("an earlier window: it came late", None),
            ("spent, until earlier than we thought", RateWindow(50, 0, at(30))),
            ("spent, without a reset", RateWindow(50, 0, at(60))),
            ("nothing", None),
            ("a limit and no more", RateWindow(40, 10, at(600))),
            ("a limit of 0: nobody can live by that", None),
            ("a reset that is over", None),
            ("a reset years ahead", None),
            ("what is left, without a reset", None),
            ("a reset that is off by our clock", None),
        ],
    )
    def test_one_answer(self, said: str, news: RateWindow | None) -> None:
        words = {
            "as we reckoned": RateWindow(50, 10, at(600)),
            "more than we reckoned: calls are under way": RateWindow(50, 12, at(600)),
            "less than we reckoned: somebody else called": RateWindow(50, 9, at(600)),
            "another limit": RateWindow(40, 10, at(600)),
            "the next window": RateWindow(50, 49, at(1500)),
            "an earlier window: it came late": RateWindow(50, 49, at(30)),
            "spent, until earlier than we thought": RateWindow(50, 0, at(30)),
            "spent, without a reset": RateWindow(50, 0, None),
            "nothing": NOTHING,
            "a limit and no more": RateWindow(40),
            "a limit of 0: nobody can live by that": RateWindow(0),
            "a reset that is over": RateWindow(50, 0, at(0)),
            "a reset years ahead": RateWindow(50, 0, at(10**8)),
            "what is left, without a reset": RateWindow(50, 5, None),
            "a reset that is off by our clock": RateWindow(50, 11, at(601.5)),
        }
        assert updated_window(self.KNOWN, words[said], START) == news

    def test_the_first_answer_of_all(self) -> None:
        assert updated_window(NOTHING, RateWindow(50, 49, at(900)), START) == RateWindow(50, 49, at(900))

    def test_a_window_that_is_new_knows_of_the_calls_under_way(self) -> None:
        assert new_window(RateWindow(50, 49, at(900)), Limit(50, QUARTER), 3) == RateWindow(50, 47, at(900))
        assert new_window(RateWindow(50, 40, at(900)), Limit(50, QUARTER), 3) == RateWindow(50, 40, at(900))
        assert new_window(RateWindow(50, 40, at(900)), Limit(50, QUARTER), 70) == RateWindow(50, 0, at(900))
        assert new_window(RateWindow(50), Limit(50, QUARTER), 3) == RateWindow(50)


class TestTheTable:
    @pytest.mark.parametrize(
        ("endpoint", "limits"),
        [
            ("POST /2/tweets", (Limit(100, QUARTER),)),
            ("DELETE /2/tweets/{id}", (Limit(50, QUARTER),)),
            ("GET /2/tweets", (Limit(5000, QUARTER),)),
            ("POST /2/users/{id}/likes", (Limit(50, QUARTER), Limit(1000, DAY))),
            ("GET /2/users/me", (Limit(75, QUARTER),)),
            ("POST /2/media/upload/{id}/append", (Limit(1875, QUARTER),)),
        ],
    )
    def test_it_is_x_own(self, endpoint: str, limits: tuple[Limit, ...]) -> None:
        assert PER_USER[endpoint] == limits

    def test_the_apps(self) -> None:
        assert PER_APP["POST /2/tweets"] == Limit(10_000, DAY)
        assert PER_APP["GET /2/trends/by/woeid/{woeid}"] == Limit(75, QUARTER)

    @pytest.mark.skipif(not DOCUMENT.exists(), reason="X's OpenAPI document is not here")
    def test_the_endpoints_are_named_as_x_names_them(self) -> None:
        paths = json.loads(DOCUMENT.read_text())["paths"]
        known = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
        assert {*PER_USER, *PER_APP} <= known
