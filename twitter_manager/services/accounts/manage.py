"""Taking care of accounts: switching them off and on, renewing their tokens on request, letting them go."""

import logging
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict, NotNow, SlowDown, XRefused
from twitter_manager.models import Account
from twitter_manager.services.accounts.tokens import (
    RenewalFailed,
    Tokens,
    deactivate_account,
    reactivate_account,
    renewal_refused,
)
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.services.context import Context
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import accounts, lanes
from twitter_manager.timestamps import later
from twitter_manager.twitter import oauth2
from twitter_manager.twitter.errors import WindowSpent, XError

__all__ = ["Accounts", "Removed"]

IN_FLIGHT_SECONDS = 45.0  # longer than a call's deadline
_RENEWAL = "POST /2/oauth2/token"
_OWNER = "owner"  # who has the lane while an account is let go

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class Removed:
    """How many accounts and tweets were deleted."""

    accounts: int
    tweets: int


class Accounts:
    """What an owner does with connected accounts."""

    def __init__(self, context: Context, tokens: Tokens) -> None:
        self._context = context
        self._tokens = tokens

    def switch(self, account_id: int, *, active: bool) -> Account:
        """Off: its tweets are held. On again: they go on. Raises NotFound; Conflict where only reconnecting helps."""
        with self._context.db.transaction() as tx:
            account = accounts.get(tx, account_id)
            if active and account.status != "active":
                if account.status != "inactive" or account.access_token is None:
                    raise Conflict("account_needs_reconnect")
                reactivate_account(self._context, tx, account_id)
            elif not active and account.status == "active":
                deactivate_account(self._context, tx, account_id, status="inactive", code="account_inactive")
            return accounts.get(tx, account_id)

    def renew(self, account_id: int) -> Account:
        """Renews the token now. Raises NotFound, Conflict, SlowDown, XRefused."""
        account = accounts.get(self._context.db, account_id)
        if account.refresh_token is None or account.status == "failed":
            raise Conflict("account_needs_reconnect")
        if account.status == "inactive":
            raise Conflict("account_inactive")
        self._check_window(account)
        try:
            self._tokens.renew(account)
        except RenewalFailed as failure:
            raise self._refusal(account_id, failure) from failure
        return accounts.get(self._context.db, account_id)

    def remove(self, account_id: int) -> Removed:
        """Revokes at X, then deletes the account and its tweets. What is being sent is finished first.

        Raises NotFound, and NotNow when it is not finished in time.
        """
        account = accounts.get(self._context.db, account_id)
        self._take_lane(account_id)
        self._revoke(account)
        with self._context.db.transaction() as tx:
            return Removed(1, accounts.delete(tx, account_id))

    def forget_tokens(self, account_id: int) -> Account:
        """Revokes at X and forgets the tokens; the account stays, `inactive`, with its tweets. Raises as `remove`."""
        account = accounts.get(self._context.db, account_id)
        lease = self._take_lane(account_id)
        self._revoke(account)
        with self._context.db.transaction() as tx:
            deactivate_account(self._context, tx, account_id, status="inactive", code="account_needs_reconnect")
            accounts.forget_tokens(tx, account_id)
            lanes.release(tx, account_id, lease)
            return accounts.get(tx, account_id)

    def clean_up(self, statuses: Collection[str]) -> Removed:
        """Removes every account in one of `statuses`, one after the other. Raises NotNow at one that is busy."""
        gone = Removed(0, 0)
        for account in accounts.list_all(self._context.db):
            if account.status in statuses:
                removed = self.remove(account.id)
                gone = Removed(gone.accounts + removed.accounts, gone.tweets + removed.tweets)
        return gone

    def _check_window(self, account: Account) -> None:
        """Raises SlowDown while the account has called X as often as it may. A renewal itself is not counted."""
        now = self._context.clock()
        free = limiter.free_at(self._context.db, account_id=account.id, mock=account.mock, endpoint=_RENEWAL, now=now)
        if free is not None:
            raise limiter.slow_down(WindowSpent(free), now)

    def _take_lane(self, account_id: int) -> str:
        """Takes the account's lane, so that nothing of it is in flight. Raises NotNow when that takes too long."""
        lease, ends = secrets.token_hex(8), time.monotonic() + IN_FLIGHT_SECONDS
        while time.monotonic() < ends and not self._context.notifier.stopping.is_set():
            with self._context.db.transaction() as tx:
                until = later(tx.now, LEASE_SECONDS)
                if lanes.lease_account(tx, account_id, lease=lease, until=until, worker_id=_OWNER):
                    return lease
            time.sleep(0.1)
        raise NotNow("account_busy", retryable=True)

    def _revoke(self, account: Account) -> None:
        """Both tokens. X's answer changes nothing, since the local ones go in any case (x-api.md §2.5)."""
        world = self._context.environments.of(account.mock)
        for stored in (account.refresh_token, account.access_token):
            if stored is None or world.client is None:
                continue
            try:
                token = self._context.vault.decrypt(stored)
                oauth2.revoke(world.x, world.client, token, account_id=account.id)
            except (XError, SecretUnreadable) as error:
                log.warning("a token of account %s could not be revoked at X: %s", account.id, error)

    def _refusal(self, account_id: int, failure: RenewalFailed) -> SlowDown | XRefused:
        account = accounts.get(self._context.db, account_id)
        if account.status == "failed":
            return XRefused(account.error_code or "token_refused", retryable=False)
        return renewal_refused(failure)
