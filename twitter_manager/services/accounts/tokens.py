"""Tokens: decrypted for use, renewed once per account at a time across threads and processes.

X rotates: the old refresh token dies when the new pair is made. So the intent is on the disk before the call, the new
pair is stored the moment it arrives, and where the answer was lost the old access token serves as long as X takes it.
"""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict
from twitter_manager.models import Account
from twitter_manager.services.accounts.renewal import RenewalFailed, wants_renewal
from twitter_manager.services.accounts.single_flight import SingleFlight
from twitter_manager.services.backoff import YOUNG_TOKEN_SECONDS, is_young, rest_after_trouble
from twitter_manager.services.context import Context
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import account_tokens, accounts, lanes, tweet_holds
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter import oauth2
from twitter_manager.twitter.errors import ClientRefused, GrantRefused, NotSent, RateLimited, Unauthorized, XError

__all__ = ["Tokens", "deactivate_account", "reactivate_account"]

LEASE_SECONDS = 60.0  # longer than the call's deadline
_POLL_SECONDS = 0.2  # seconds: another process may have renewed it

Result = TypeVar("Result")

log = logging.getLogger("twitter_manager.services")


def deactivate_account(context: Context, tx: Transaction, account_id: int, *, status: str, code: str) -> None:
    """Nothing is deleted: the account's tweets are held, and requests that wait for them are notified."""
    accounts.change_status(tx, account_id, status, code)
    changed = tweet_holds.hold_all_of_account(tx, account_id, error_code=code)
    tx.after_commit(lambda: context.notifier.notify_tweets(changed))


class Tokens:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._flights = SingleFlight()

    def open(self, account: Account) -> str:
        """The access token in clear text. Raises SecretUnreadable."""
        if account.access_token is None:
            raise SecretUnreadable("the account has no token")
        return self._context.vault.decrypt(account.access_token)

    def wants_renewal(self, account: Account, now: datetime) -> bool:
        return wants_renewal(
            issued_at=account.token_issued_at,
            expires_at=account.token_expires_at,
            can_renew=account.refresh_token is not None,
            unclear_since=account.refresh_sent_at,
            failures=account.refresh_failures,
            now=now,
        )

    def call(self, account: Account, ask: Callable[[str], Result]) -> Result:
        """Runs `ask` with the access token, renewed before if it is due, and once more where X rejects it.

        For calls that may be repeated. Raises Conflict where the account has no token, RenewalFailed, and what `ask`
        raises.
        """
        if self.wants_renewal(account, self._context.clock()):
            self.renew(account)
            account = accounts.get(self._context.db, account.id)
        try:
            return ask(self._opened(account))
        except Unauthorized as error:
            if account.refresh_token is None:
                raise
            if account.token_issued_at is not None and is_young(account.token_issued_at, self._context.clock()):
                until = later(account.token_issued_at, YOUNG_TOKEN_SECONDS)
                raise RenewalFailed("unauthorized_by_x", until) from error
            self.renew(account)
            return ask(self._opened(accounts.get(self._context.db, account.id)))

    def _opened(self, account: Account) -> str:
        if account.access_token is None or account.status in ("failed", "inactive"):
            raise Conflict("account_needs_reconnect")
        try:
            return self.open(account)
        except SecretUnreadable as error:
            raise Conflict("token_unreadable") from error

    def renew(self, account: Account, *, patience: float = LEASE_SECONDS) -> None:
        """Gets a new pair for the one in `account`; returns also when another thread or process did meanwhile.

        Waits up to `patience` seconds for a renewal in progress. Raises RenewalFailed, also for that one's failure.
        Where X refuses the refresh token itself, the account is `failed` afterwards.
        """
        pair = (account.id, account.token_version)
        try:
            self._flights.run(pair, lambda: self._renew(account, patience), seconds=patience)
        except TimeoutError as error:
            raise RenewalFailed("x_unclear", later(self._context.clock(), 1)) from error

    def _renew(self, account: Account, patience: float) -> None:
        if self._context.environments.of(account.mock).client is None:
            raise RenewalFailed("oauth_not_configured", later(self._context.clock(), 60))
        lease, ends = secrets.token_hex(8), time.monotonic() + patience
        failures = None
        while True:
            with self._context.db.transaction(account_id=account.id) as tx:
                seen = accounts.get(tx, account.id)
                if seen.token_version != account.token_version or seen.status in ("failed", "inactive"):
                    return
                failures = seen.refresh_failures if failures is None else failures
                until = later(tx.now, LEASE_SECONDS)
                if seen.refresh_failures == failures and account_tokens.claim_refresh(
                    tx, seen.id, version=seen.token_version, lease=lease, until=until
                ):
                    break
            # another process has it: it failed there, or it goes on for too long
            if seen.refresh_failures != failures or self._is_over(ends):
                raise RenewalFailed("x_unclear", later(self._context.clock(), 1))
            time.sleep(_POLL_SECONDS)
        self._call(seen, lease)

    def _is_over(self, ends: float) -> bool:
        return time.monotonic() >= ends or self._context.notifier.stopping.is_set()

    def revoke(self, account: Account) -> None:
        """Revokes both tokens in `account`; failures are only logged, since ours are deleted anyway (RFC 7009)."""
        for stored in (account.refresh_token, account.access_token):
            if stored is None:
                continue
            try:
                self._revoke(account, self._context.vault.decrypt(stored))
            except SecretUnreadable as error:
                log.warning("a token of account %s could not be revoked at X: %s", account.id, error)

    def _revoke(self, account: Account, token: str) -> None:
        environment = self._context.environments.of(account.mock)
        if environment.client is None:
            return
        try:
            oauth2.revoke(environment.x, environment.client, token, account_id=account.id)
        except XError as error:
            log.warning("a token of account %s could not be revoked at X: %s", account.id, error)

    def _call(self, account: Account, lease: str) -> None:
        environment = self._context.environments.of(account.mock)
        assert environment.client is not None  # noqa: S101  - else nothing was claimed
        try:
            old = self._context.vault.decrypt(account.refresh_token or "")
            pair = oauth2.refresh(environment.x, environment.client, old, account_id=account.id)
        except XError as error:
            lost = self._context.store_durably(account.id, self._no_pair, account, lease, error)
            raise self._failure(account, error, lost) from error
        except SecretUnreadable as error:
            self._context.store_durably(account.id, self._cannot_read, account, lease)
            raise RenewalFailed("token_unreadable", later(self._context.clock(), 60)) from error
        if self._context.store_durably(account.id, self._new_pair, account, pair):
            log.info("token of account %s renewed", account.id)
            return
        log.info("account %s lost its tokens while they were renewed: the new ones are revoked", account.id)
        for token in (pair.refresh_token, pair.access_token):
            if token is not None:
                self._revoke(account, token)

    def _new_pair(self, tx: Transaction, account: Account, pair: oauth2.TokenPair) -> bool:
        """False where the new pair is to be revoked: the account is gone, or its tokens were forgotten."""
        encrypt = self._context.vault.encrypt
        stored = account_tokens.store(
            tx,
            account.id,
            version=account.token_version,
            access_token=encrypt(pair.access_token),
            refresh_token=encrypt(pair.refresh_token) if pair.refresh_token else account.refresh_token or "",
            scopes=pair.scopes or account.scopes,
            token_expires_at=later(tx.now, pair.expires_in),
        )
        if stored and accounts.get(tx, account.id).status == "failed":
            # another process tried the old token after us, and X's refusal made the account failed
            reactivate_account(self._context, tx, account.id)
        # where the owner connected again, it is unused, but revoking it may revoke their new one, too
        return stored or accounts.is_connected(tx, x_user_id=account.x_user_id, mock=account.mock)

    def _no_pair(self, tx: Transaction, account: Account, lease: str, error: XError) -> str | None:
        """Why the account is lost, if it is: only the token endpoint's own refusal disconnects, and only if nothing
        else renewed meanwhile."""
        unsent = isinstance(error, NotSent | RateLimited | ClientRefused) and account.refresh_sent_at is None
        account_tokens.give_up_refresh(tx, account.id, lease=lease, certainly_not_renewed=unsent)
        renewed = accounts.get(tx, account.id).token_version != account.token_version
        if renewed or not isinstance(error, GrantRefused):
            return None
        code = "token_refused" if account.refresh_sent_at is None else "refresh_lost"
        log.error("account %s is lost (%s): reconnect it", account.id, code)
        deactivate_account(self._context, tx, account.id, status="failed", code=code)
        return code

    def _cannot_read(self, tx: Transaction, account: Account, lease: str) -> None:
        account_tokens.give_up_refresh(
            tx, account.id, lease=lease, certainly_not_renewed=account.refresh_sent_at is None
        )
        log.error("the token of account %s cannot be decrypted: reconnect it", account.id)
        deactivate_account(self._context, tx, account.id, status="failed", code="token_unreadable")

    def _failure(self, account: Account, error: XError, lost: str | None) -> RenewalFailed:
        now = self._context.clock()
        if lost is not None:
            return RenewalFailed(lost, later(now, 60))
        until = rest_after_trouble(account.refresh_failures, now)
        if isinstance(error, RateLimited):
            return RenewalFailed("renewal_rate_limited", max(error.until or later(now, 60), later(now, 1)))
        if isinstance(error, ClientRefused):
            log.error("X refuses our client id or secret: check TWITTER_CLIENT_ID and TWITTER_CLIENT_SECRET")
            return RenewalFailed("client_refused", later(now, 60))
        return RenewalFailed("x_unreachable" if isinstance(error, NotSent) else "x_unclear", until)


def reactivate_account(context: Context, tx: Transaction, account_id: int) -> None:
    accounts.change_status(tx, account_id, "active", None)
    tweet_holds.release_held_of_account(tx, account_id)
    lanes.end_rest(tx, account_id)
    wake_lane(context, tx, account_id, tx.now)
