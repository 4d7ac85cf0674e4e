"""Connecting accounts: OAuth 2.0 with PKCE from the first click to the stored tokens."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from twitter_manager.crypto import hash_key
from twitter_manager.errors import Conflict, Invalid, Malformed, NotNow, ServiceError, StorageUnavailable
from twitter_manager.models import Account, OAuthState
from twitter_manager.services import audit
from twitter_manager.services.accounts.exchange import connect_account
from twitter_manager.services.context import Context
from twitter_manager.services.seats import Seats
from twitter_manager.storage import accounts, api_keys, oauth_states, service_state
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter import oauth2

__all__ = ["AccountConnections", "Connected", "ConnectionFailed", "StartedConnection"]

STATE_SECONDS = 600.0
FINISH_SECONDS = 90.0  # longer than two calls to X: a callback that takes longer was cut off
_POLL_SECONDS = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class StartedConnection:
    """`auth_url`: where the person goes now."""

    auth_url: str
    state: str


@dataclass(frozen=True, slots=True)
class Connected:
    """`already`: the same callback had connected the account before."""

    account: Account
    already: bool = False


class ConnectionFailed(Exception):
    """The state is used up; `error` says why, and `begun` may be begun again."""

    def __init__(self, error: Malformed | Conflict, begun: OAuthState) -> None:
        super().__init__(str(error))
        self.error = error
        self.begun = begun


class AccountConnections:
    def __init__(self, context: Context, seats: Seats, *, callback_url: str, scopes: str) -> None:
        self._context = context
        self._seats = seats
        self._callback_url = callback_url
        self._scopes = scopes

    def begin(
        self, *, api_key_id: int | None, account_id: int | None = None, came_by: str | None = None
    ) -> StartedConnection:
        """`account_id`: only this account may be connected. Raises NotNow, NotFound, Conflict.

        `came_by`: the URL at which the caller's browser reaches this service, with a proxy's prefix.
        """
        with self._context.db.transaction(account_id=() if account_id is None else account_id) as tx:
            mock = service_state.mock_mode(tx)
            if account_id is not None and accounts.get(tx, account_id).mock != mock:
                raise Conflict("other_world", field="account_id")
            return self._begin(
                tx,
                redirect_uri=self._redirect_uri(came_by if mock else None),
                mock=mock,
                api_key_id=api_key_id,
                account_id=account_id,
                created_at=tx.now,
            )

    def begin_again(self, begun: OAuthState) -> StartedConnection | None:
        """A new state for what is left of a used one's ten minutes; None: it is no longer possible. Raises NotNow."""
        # whoever got a link may try as often as they like, but no longer than its sender meant
        with self._context.db.transaction(account_id=() if begun.account_id is None else begun.account_id) as tx:
            gone = begun.account_id is not None and accounts.find(tx, begun.account_id) is None
            if gone or not _is_good(tx, begun, tx.now):
                return None
            return self._begin(
                tx,
                redirect_uri=begun.redirect_uri,
                mock=begun.mock,
                api_key_id=begun.api_key_id,
                account_id=begun.account_id,
                created_at=begun.created_at,
            )

    def _begin(
        self,
        tx: Transaction,
        *,
        redirect_uri: str,
        mock: bool,
        api_key_id: int | None,
        account_id: int | None,
        created_at: datetime,
    ) -> StartedConnection:
        environment = self._context.environments.of(mock)
        if environment.client is None:
            raise NotNow("oauth_not_configured", retryable=False)
        state, verifier = oauth2.new_state(), oauth2.new_verifier()
        oauth_states.insert(
            tx,
            state=state,
            code_verifier=self._context.vault.encrypt(verifier),
            redirect_uri=redirect_uri,
            mock=mock,
            api_key_id=api_key_id,
            account_id=account_id,
            created_at=created_at,
        )
        url = oauth2.authorize_url(
            environment.authorize_url(redirect_uri),
            client_id=environment.client.client_id,
            redirect_uri=redirect_uri,
            scopes=self._scopes,
            state=state,
            verifier=verifier,
        )
        return StartedConnection(url, state)

    def _redirect_uri(self, came_by: str | None) -> str:
        """The callback as registered at X. The simulated X accepts any: there it is where the caller reached us."""
        if came_by is None:
            return self._callback_url
        callback, ours = urlsplit(self._callback_url), urlsplit(came_by)
        prefix = ours.path.rstrip("/")
        path = callback.path if callback.path.startswith(f"{prefix}/") else prefix + callback.path
        scheme = callback.scheme if ours.netloc == callback.netloc else ours.scheme
        return callback._replace(scheme=scheme, netloc=ours.netloc, path=path).geturl()

    def finish(self, *, state: str | None, code: str | None, error: str | None, oauth1: bool = False) -> Connected:
        """The callback: exchanges `code`, asks X whose it is, and makes or updates the account.

        The state is consumed before anything else happens. Raises Malformed, Invalid, ConnectionFailed; NotNow, and
        then it is not consumed.
        """
        if oauth1:
            self._delete_state(state or "")
            raise Invalid("oauth1_not_supported")
        with self._seats.taken():
            begun = self._consume(state, code)
            if begun is None:
                return Connected(self._connected_before(state, code), already=True)
            audit.note_key(begun.api_key_id)
            try:
                return Connected(connect_account(self._context, begun, code=code, error=error, scopes=self._scopes))
            except ServiceError as failure:
                with suppress(StorageUnavailable):  # it is consumed in any case
                    self._delete_state(begun.state)
                if isinstance(failure, Malformed | Conflict):
                    raise ConnectionFailed(failure, begun) from failure
                raise

    def awaits_simulated(self, *, state: str, redirect_uri: str) -> bool:
        """Whether a connection to the simulated X with this `state` and callback is still open."""
        db = self._context.db
        begun = oauth_states.find(db, state)
        if begun is None or begun.used_at is not None or not begun.mock or begun.redirect_uri != redirect_uri:
            return False
        return _is_good(db, begun, self._context.clock())

    def _delete_state(self, state: str) -> None:
        with self._context.db.transaction(account_id=()) as tx:
            oauth_states.delete(tx, state)

    def _consume(self, state: str | None, code: str | None) -> OAuthState | None:
        """The connection of this state, now consumed; None: it was consumed before, or is unknown. Raises Malformed."""
        with self._context.db.transaction(account_id=()) as tx:
            begun = oauth_states.consume(tx, state or "", code_hash=hash_key(code) if code else None)
            good = begun is None or _is_good(tx, begun, tx.now)
        if not good:
            raise Malformed("invalid_state")
        return begun

    def _connected_before(self, state: str | None, code: str | None) -> Account:
        """The account that this state and code connected; waits for a callback in progress. Raises Malformed."""
        # browsers sometimes load an address twice; the code is known only to X, the browser and us
        ends = time.monotonic() + FINISH_SECONDS
        while True:
            used = oauth_states.find(self._context.db, state or "")
            now = self._context.clock()
            same = used is not None and code is not None and used.code_hash == hash_key(code)
            if used is None or used.used_at is None or not same or not _is_good(self._context.db, used, now):
                raise Malformed("invalid_state")
            if used.connected_account_id is not None:
                return accounts.get(self._context.db, used.connected_account_id)
            over = time.monotonic() >= ends or later(used.used_at, FINISH_SECONDS) <= now
            if over or self._context.notifier.stopping.is_set():
                raise Malformed("invalid_state")
            time.sleep(_POLL_SECONDS)


def _is_good(q: Queries, begun: OAuthState, now: datetime) -> bool:
    """Under ten minutes old, and the API key that began it is active."""
    if later(begun.created_at, STATE_SECONDS) <= now:
        return False
    return begun.api_key_id is None or api_keys.find_active(q, begun.api_key_id, now=now) is not None
