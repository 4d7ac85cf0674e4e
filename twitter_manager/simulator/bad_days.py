"""Faults that tests and operators can set, as methods: `world.faults.accepts_then_cuts_the_line()`."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from twitter_manager.simulator import faults
from twitter_manager.simulator.faults import Rule

__all__ = ["BadDays"]

CREATE = "POST /2/tweets"
TOKEN = "POST /2/oauth2/token"  # noqa: S105 (a path)
TIMELINE = "GET /2/users/{id}/tweets"
DELETE = "DELETE /2/tweets/{id}"


class BadDays:
    """Each method stores a rule and returns its id. `times` None means until cleared; besides `times` each accepts
    `call`, `probability`, `skip` and `user` (see faults.Rule)."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]], chance: random.Random
    ) -> None:
        self._transaction = transaction
        self._chance = chance

    def add(self, kind: str, *, call: str = CREATE, options: dict[str, Any] | None = None, **how_often: Any) -> int:
        """`how_often` is times, probability, skip, user. Raises ValueError for an invalid rule."""
        with self._transaction() as db:
            return faults.add(db, Rule(call, kind, options=options or {}, **how_often))

    def rules(self) -> list[Rule]:
        with self._transaction() as db:
            return faults.list_rules(db)

    def clear(self, *, call: str | None = None) -> None:
        """The rules of one call, or all."""
        with self._transaction() as db:
            faults.clear(db, call=call)

    def seed(self, number: int) -> None:
        """Makes `probability` repeatable, in this process."""
        self._chance.seed(number)

    def accepts_then_cuts_the_line(self, *, times: int | None = 1, **more: Any) -> int:
        """X posts it and the connection breaks before a byte of the answer."""
        return self.add("accept_then_cut", times=times, **more)

    def cuts_the_line(self, *, times: int | None = 1, **more: Any) -> int:
        """X reads the request, does nothing, and the connection breaks."""
        return self.add("cut_before", times=times, **more)

    def accepts_then_answers(self, status: int, *, times: int | None = 1, **more: Any) -> int:
        """X posts it and answers 5xx."""
        return self.add("accept_then_error", times=times, options={"status": status}, **more)

    def fails(self, status: int = 503, *, times: int | None = 1, **more: Any) -> int:
        """X answers 5xx and did nothing."""
        return self.add("error_before", times=times, options={"status": status}, **more)

    def accepts_then_stays_silent(self, *, times: int | None = 1, **more: Any) -> int:
        """X posts it and never answers."""
        return self.add("accept_then_silence", times=times, **more)

    def stays_silent(self, *, times: int | None = 1, **more: Any) -> int:
        """X does nothing and never answers."""
        return self.add("silence_before", times=times, **more)

    def accepts_then_trickles(self, *, times: int | None = 1, **more: Any) -> int:
        """X posts it and answers a byte a second."""
        return self.add("trickle", times=times, **more)

    def accepts_then_answers_garbage(self, *, body: str | None = None, times: int | None = 1, **more: Any) -> int:
        """X posts it; the 201 has a body nobody can read, or the given one."""
        return self.add("garbage", times=times, options={} if body is None else {"body": body}, **more)

    def accepts_then_answers_nothing(self, *, times: int | None = 1, **more: Any) -> int:
        """X posts it; the 201 has no body."""
        return self.add("empty", times=times, **more)

    def answers_garbage(self, status: int = 200, *, times: int | None = 1, **more: Any) -> int:
        """X did nothing; the 2xx has a body nobody can read."""
        return self.add("garbage_before", times=times, options={"status": status}, **more)

    def is_slow(self, seconds: float, *, times: int | None = 1, **more: Any) -> int:
        """X does its work and answers `seconds` later."""
        return self.add("slow", times=times, options={"seconds": seconds}, **more)

    def rate_limits(
        self,
        *,
        reset_in: float | None = 900,
        daily_reset_in: float | None = None,
        v1_body: bool = False,
        times: int | None = 1,
        **more: Any,
    ) -> int:
        """429 with a reset in `reset_in` seconds (None: no headers), an exhausted 24-hour window if `daily_reset_in` is
        given; `v1_body` for the code 88 shape."""
        options = {"reset_in": reset_in, "daily_reset_in": daily_reset_in, "v1_body": v1_body}
        return self.add("rate_limit", times=times, options=options, **more)

    def refuses(self, status: int = 403, *, detail: str | None = None, times: int | None = 1, **more: Any) -> int:
        """X refuses and did nothing."""
        options: dict[str, Any] = {"status": status} | ({"detail": detail} if detail else {})
        return self.add("refuse", times=times, options=options, **more)

    def refuses_the_token(self, *, times: int | None = 1, call: str = "*", **more: Any) -> int:
        """401 on API calls although the token is good."""
        return self.add("unauthorized", times=times, call=call, **more)

    def refuses_as_duplicate(self, *, times: int | None = 1, **more: Any) -> int:
        """403 duplicate content."""
        return self.add("duplicate", times=times, **more)

    def does_not_see_the_parent(self, *, times: int | None = 1, **more: Any) -> int:
        """403 "deleted or not visible to you"."""
        return self.add("not_visible", times=times, **more)

    def token_endpoint_fails(self, status: int = 503, *, times: int | None = 1, **more: Any) -> int:
        """The token endpoint says 5xx and did nothing."""
        return self.fails(status, times=times, call=TOKEN, **more)

    def token_endpoint_refuses(self, *, times: int | None = 1, **more: Any) -> int:
        """400 invalid_request, as for an invalid refresh token or code."""
        return self.refuses(400, times=times, call=TOKEN, **more)

    def rotates_then_cuts_the_line(self, *, times: int | None = 1, **more: Any) -> int:
        """The refresh token is used up and the new pair never arrives."""
        return self.accepts_then_cuts_the_line(times=times, call=TOKEN, **more)

    def timeline_is_unreadable(self, *, status: int | None = None, times: int | None = 1, **more: Any) -> int:
        """Reading a user's posts gives garbage, or 5xx when `status` is given."""
        return self.add("unreadable", times=times, call=TIMELINE, options={"status": status} if status else {}, **more)

    def runs_out_of_credits(self, *, times: int | None = None, **more: Any) -> int:
        """402 on every API call, until cleared."""
        return self.add("payment_required", call=more.pop("call", "*"), times=times, **more)

    def reaches_the_spend_cap(self, *, reset_date: str | None = None, times: int | None = None, **more: Any) -> int:
        """403 spend cap on every API call, until cleared; with `reset_date` ("2026-12-01") as SpendCapReached."""
        options = {"reset_date": reset_date} if reset_date else {}
        return self.add("spend_cap", call=more.pop("call", "*"), times=times, options=options, **more)

    def reaches_the_usage_cap(self, *, times: int | None = None, **more: Any) -> int:
        """429 usage-capped on every API call, until cleared."""
        return self.add("usage_capped", call=more.pop("call", "*"), times=times, **more)

    def client_is_not_enrolled(self, *, times: int | None = None, **more: Any) -> int:
        """403 client-not-enrolled on every API call, until cleared."""
        return self.add("client_not_enrolled", call=more.pop("call", "*"), times=times, **more)

    def client_is_forbidden(self, *, times: int | None = None, **more: Any) -> int:
        """403 client-forbidden on every API call, until cleared."""
        return self.add("client_forbidden", call=more.pop("call", "*"), times=times, **more)

    def account_is_not_permitted(self, *, times: int | None = 1, **more: Any) -> int:
        """403 "Your account is not permitted to access this feature.", which concerns the account alone."""
        return self.add("account_not_permitted", times=times, **more)

    def refuses_in_errors(
        self, message: str = "Your media IDs are invalid.", *, times: int | None = 1, **more: Any
    ) -> int:
        """400 whose reason stands in errors[] alone."""
        return self.add("refuse_in_errors", times=times, options={"message": message}, **more)

    def is_over_the_daily_limit(self, *, numbered: bool = True, times: int | None = 1, **more: Any) -> int:
        """403 with code 185, or its text without the number."""
        return self.add("daily_limit", times=times, options={"numbered": numbered}, **more)

    def takes_it_for_automated(self, *, numbered: bool = True, times: int | None = 1, **more: Any) -> int:
        """403 with code 226, or its text without the number."""
        return self.add("automated", times=times, options={"numbered": numbered}, **more)

    def asks_for_another_access_level(self, *, numbered: bool = True, times: int | None = 1, **more: Any) -> int:
        """403 with code 453, or its text without the number."""
        return self.add("access_level", times=times, options={"numbered": numbered}, **more)

    def edge_refuses(self, status: int = 403, *, times: int | None = 1, **more: Any) -> int:
        """The edge in front of X answers in JSON; X received nothing."""
        return self.add("edge_page_before", times=times, options={"status": status}, **more)

    def accepts_then_the_edge_answers(self, status: int = 403, *, times: int | None = 1, **more: Any) -> int:
        """X posts it; the edge answers in JSON as if it had not."""
        return self.add("accept_then_edge_page", times=times, options={"status": status}, **more)

    def does_not_delete(self, *, times: int | None = 1, **more: Any) -> int:
        """DELETE: 200 with deleted: false; the post stays."""
        return self.add("deleted_false", call=DELETE, times=times, **more)

    def deletes_without_a_body(self, *, times: int | None = 1, **more: Any) -> int:
        """DELETE: done, and 204."""
        return self.add("no_content", call=DELETE, times=times, **more)

    def alters_its_answer(
        self,
        *,
        fields: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        times: int | None = 1,
        **more: Any,
    ) -> int:
        """X does its work; these fields replace those of the JSON object, these headers (lower-case) X's own."""
        return self.add("altered", times=times, options={"fields": fields or {}, "headers": headers or {}}, **more)
