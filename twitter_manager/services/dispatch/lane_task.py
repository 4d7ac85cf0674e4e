"""A task: the one thing a worker does with a lane while it holds the lease."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Lane
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.storage import lanes, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter.errors import NotSent, Problem

__all__ = ["LaneTask"]

Arguments = ParamSpec("Arguments")
Claim = Callable[[Transaction], "LaneTask | None"]

log = logging.getLogger("twitter_manager.services")


class LaneTask(ABC):
    def __init__(self, context: Context, lane: Lane) -> None:
        self.context = context
        self.lane = lane
        self.lease = lane.lease or ""
        self.turn: int | None = lane.account_id  # whose rows the result concerns; None: those of all accounts
        self._released = False
        self._claim: Claim | None = None
        self._next: LaneTask | None = None

    def execute(self, claim: Claim | None = None) -> "LaneTask | None":
        """Does it and releases the lane, whatever happened.

        `claim` claims the next task, in the transaction that stores the result of this one: one commit for both.
        Returns the claimed task.
        """
        self._claim = claim
        try:
            self.run()
        except StorageUnavailable as error:  # before a call: what X answered is stored durably
            log.warning("the step of lane %s waits for the database: %s", self.lane.account_id, error.why)
        except Exception:
            log.exception("the task of lane %s failed; it is tried again", self.lane.account_id)
            self.context.store_durably(self.lane.account_id, self._postpone)
        finally:
            if not self._released:
                self.context.store_durably(self.lane.account_id, self._release)
        return self._next

    @abstractmethod
    def run(self) -> None:
        """The task itself."""

    def finish(
        self,
        store: Callable[Concatenate[Transaction, Arguments], None],
        *args: Arguments.args,
        **kw: Arguments.kwargs,
    ) -> None:
        """Stores the result and releases the lane, in one transaction."""

        def store_and_release(tx: Transaction) -> None:
            store(tx, *args, **kw)
            self._release(tx)

        if self._claim is None or not self._stored_with_claim(store_and_release, self._claim):
            self.context.store_durably(self.turn, store_and_release)
        self._released = True

    def _stored_with_claim(self, store: Callable[[Transaction], None], claim: Claim) -> bool:
        """False when nothing was stored, since choosing for the next lane failed: this result must not be lost with it.
        The next `claim_next` meets that lane again, and logs it."""

        def store_and_claim(tx: Transaction) -> LaneTask | None:
            store(tx)
            return claim(tx)

        try:
            self._next = self.context.store_durably(self.turn, store_and_claim)
        except Exception:
            return False
        return True

    def extend_lease(self) -> None:
        """Before a further call of the same task. Raises NotSent when the lease was lost."""
        try:
            with self.context.db.transaction(account_id=self.lane.account_id) as tx:
                kept = lanes.renew(tx, self.lane.account_id, self.lease, until=later(tx.now, LEASE_SECONDS))
        except StorageUnavailable as error:
            raise NotSent(Problem(None, title="The database is away")) from error
        if not kept:
            raise NotSent(Problem(None, title="The lease was lost"))

    def _postpone(self, tx: Transaction) -> None:
        # a row that always fails must not make the worker spin, neither by sends nor by checks
        until = later(tx.now, 60)
        lanes.rest(tx, self.lane.account_id, until=until, code="internal_error")
        tweet_states.postpone_checks(tx, self.lane.account_id, until)

    def _release(self, tx: Transaction) -> None:
        lanes.release(tx, self.lane.account_id, self.lease)
