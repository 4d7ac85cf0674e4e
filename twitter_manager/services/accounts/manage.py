"""What an owner does with accounts: switch them off and on, renew or forget their tokens, remove them."""

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from twitter_manager.errors import Conflict, NotFound, NotNow, XRefused
from twitter_manager.models import Account
from twitter_manager.services import alerts, audit
from twitter_manager.services.accounts.renewal import RenewalFailed, renewal_refused
from twitter_manager.services.accounts.tokens import Tokens, deactivate_account, reactivate_account
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.seats import Seats
from twitter_manager.storage import account_tokens, accounts, lanes
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter.errors import WindowExhausted

__all__ = ["Accounts", "Removed"]

IN_FLIGHT_SECONDS = 45.0  # longer than a call's deadline
_RENEWAL = "POST /2/oauth2/token"
_OWNER = "owner"  # worker_id in the lane while an account is removed

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Removed:
    """How many accounts and tweets were deleted."""

    accounts: int
    tweets: int


class Accounts:
    def __init__(self, context: Context, tokens: Tokens, seats: Seats) -> None:
        self._context = context
        self._tokens = tokens
        self._seats = seats

    def switch(self, account_id: int, *, active: bool) -> Account:
        """Off: its tweets are held. On: they go on. Raises NotFound; Conflict where only reconnecting helps."""
        with self._context.db.transaction(account_id=account_id) as tx:
            account = accounts.get(tx, account_id)
            if active and account.status != "active":
                if account.status != "inactive" or account.access_token is None:
                    raise Conflict("account_needs_reconnect")
                reactivate_account(self._context, tx, account_id)
            elif not active and account.status == "active":
                deactivate_account(self._context, tx, account_id, status="inactive", code="account_inactive")
                alerts.forget(tx, account_id)
            audit.record(tx, "account", account_id, account_id=account_id)
            return accounts.get(tx, account_id)

    def renew(self, account_id: int) -> Account:
        """Raises NotFound, Conflict, SlowDown, XRefused, NotNow."""
        account = accounts.get(self._context.db, account_id)
        if account.refresh_token is None or account.status == "failed":
            raise Conflict("account_needs_reconnect")
        if account.status == "inactive":
            raise Conflict("account_inactive")
        self._check_window(account)
        failure: RenewalFailed | None = None
        try:
            with self._seats.taken():
                self._tokens.renew(account)
        except RenewalFailed as error:
            failure = error
        account = accounts.get(self._context.db, account_id)
        if account.status == "failed" and account.error_code != "token_unreadable":
            raise XRefused(account.error_code or "token_refused", retryable=False) from failure
        if failure is not None:
            raise renewal_refused(failure) from failure
        audit.note("account", account_id, account_id=account_id, changed=True)
        return account

    def remove(self, account_id: int) -> Removed:
        """Revokes at X, then deletes the account and its tweets. What is being sent is finished first.

        Raises NotFound, and NotNow when it is not finished in time.
        """
        audit.note("account", account_id, account_id=account_id)
        with self._seats.taken():
            return self._disconnect(account_id, partial(_delete, account_id, Removed(0, 0))) or Removed(0, 0)

    def clear_tokens(self, account_id: int) -> Account:
        """Revokes at X and clears the tokens; the account stays, `inactive`, with its tweets. Raises as `remove`."""

        def clear(tx: Transaction) -> None:
            deactivate_account(self._context, tx, account_id, status="inactive", code="account_needs_reconnect")
            account_tokens.clear(tx, account_id)
            alerts.forget(tx, account_id)
            audit.record(tx, "account", account_id, account_id=account_id)

        with self._seats.taken():
            self._disconnect(account_id, clear)
        return accounts.get(self._context.db, account_id)

    def clean_up(self, statuses: Collection[str], *, among: Collection[int] | None = None) -> Removed:
        """Removes every account (of those `among`, if given) with one of `statuses`, one after the other. Raises NotNow
        at one that is busy."""
        gone = Removed(0, 0)
        with self._seats.taken():
            for account in accounts.list_all(self._context.db):
                if account.status not in statuses or (among is not None and account.id not in among):
                    continue
                with suppress(NotFound):  # another caller deleted it meanwhile
                    gone = self._disconnect(account.id, partial(_delete, account.id, gone), statuses) or gone
        return gone

    def _disconnect(
        self, account_id: int, end: Callable[[Transaction], Result], statuses: Collection[str] | None = None
    ) -> Result | None:
        """Revokes the account's tokens at X and then runs `end`, while nothing of it is in flight.

        None, and nothing is done, where its status is not one of `statuses`. Tokens that arrive meanwhile (by a renewal
        or a new connection) are revoked, too. Raises NotFound, NotNow.
        """
        while True:
            with self._leased_lane(account_id) as lease:
                account = accounts.get(self._context.db, account_id)
                if statuses is not None and account.status not in statuses:
                    return None
                self._tokens.revoke(account)
                with self._context.db.transaction(account_id=account_id) as tx:
                    now = accounts.get(tx, account_id)
                    wanted = statuses is None or now.status in statuses
                    mine = lanes.holds(tx, account_id, lease, now=tx.now)
                    if wanted and mine and now.token_version == account.token_version:
                        return end(tx)

    def _check_window(self, account: Account) -> None:
        """Raises SlowDown while the account's rate limit is used up. A renewal itself is not counted."""
        now = self._context.clock()
        free = limiter.free_at(self._context.db, account_id=account.id, mock=account.mock, endpoint=_RENEWAL, now=now)
        if free is not None:
            raise limiter.slow_down(WindowExhausted(free), now)

    @contextmanager
    def _leased_lane(self, account_id: int) -> Iterator[str]:
        """Holds the account's lane; yields the lease. Raises as `_lease_lane`."""
        lease = self._lease_lane(account_id)
        try:
            yield lease
        finally:
            with self._context.db.transaction(account_id=account_id) as tx:
                lanes.release(tx, account_id, lease)
                tx.after_commit(self._context.notifier.wake)

    def _lease_lane(self, account_id: int) -> str:
        """Waits until nothing of the account is in flight. Raises NotFound, also when it is deleted meanwhile; NotNow
        after 45 s."""
        lease, ends = secrets.token_hex(8), time.monotonic() + IN_FLIGHT_SECONDS
        while time.monotonic() < ends and not self._context.notifier.stopping.is_set():
            with self._context.db.transaction(account_id=account_id) as tx:
                accounts.get(tx, account_id)
                until = later(tx.now, LEASE_SECONDS)
                if lanes.lease_account(tx, account_id, lease=lease, until=until, worker_id=_OWNER):
                    return lease
            time.sleep(0.1)
        raise NotNow("account_busy", retryable=True)


def _delete(account_id: int, before: Removed, tx: Transaction) -> Removed:
    """Returns what is gone with it, and with those `before`."""
    alerts.forget(tx, account_id)
    gone = Removed(before.accounts + 1, before.tweets + accounts.delete(tx, account_id))
    audit.record(tx, counts={"accounts": gone.accounts, "tweets": gone.tweets})
    return gone
