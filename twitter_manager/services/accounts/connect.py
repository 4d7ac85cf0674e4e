"""Connecting accounts: OAuth 2.0 with PKCE from the first click to the stored tokens."""

import logging
from dataclasses import dataclass, replace

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict, Invalid, Malformed, NotNow
from twitter_manager.models import Account, OAuthState
from twitter_manager.services.accounts.tokens import reactivate_account
from twitter_manager.services.context import Context
from twitter_manager.services.seats import Seats
from twitter_manager.storage import accounts, api_keys, oauth_states, service_state
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter import oauth2, users
from twitter_manager.twitter.errors import ClientRefused, XError

__all__ = ["AccountConnections", "StartedConnection"]

STATE_SECONDS = 600.0

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class StartedConnection:
    """A connection that was begun: where the person goes now."""

    auth_url: str
    state: str


class AccountConnections:
    """Begins and ends connections."""

    def __init__(self, context: Context, seats: Seats, *, callback_url: str, scopes: str) -> None:
        self._context = context
        self._seats = seats
        self._callback_url = callback_url
        self._scopes = scopes

    def begin(self, *, api_key_id: int | None, account_id: int | None = None) -> StartedConnection:
        """The URL to open in a browser. `account_id`: only this account may come back. Raises NotNow, NotFound."""
        state, verifier = oauth2.new_state(), oauth2.new_verifier()
        with self._context.db.transaction() as tx:
            mock = service_state.mock_mode(tx)
            world = self._context.environments.of(mock)
            if world.client is None:
                raise NotNow("oauth_not_configured", retryable=False)
            if account_id is not None and accounts.get(tx, account_id).mock != mock:
                raise Conflict("other_world", field="account_id")
            oauth_states.insert(
                tx,
                state=state,
                code_verifier=self._context.vault.encrypt(verifier),
                redirect_uri=self._callback_url,
                mock=mock,
                api_key_id=api_key_id,
                account_id=account_id,
            )
        url = oauth2.authorize_url(
            world.authorize_url,
            client_id=world.client.client_id,
            redirect_uri=self._callback_url,
            scopes=self._scopes,
            state=state,
            verifier=verifier,
        )
        return StartedConnection(url, state)

    def finish(self, *, state: str | None, code: str | None, error: str | None, oauth1: bool = False) -> Account:
        """The callback: exchanges `code` at once, asks X who it is, and makes or updates the account.

        The state is spent before anything else happens. Raises Malformed,
        Invalid, Conflict: whatever fails here, the person begins again. Raises NotNow before that.
        """
        if oauth1:
            self._forget(state)
            raise Invalid("oauth1_not_supported")
        with self._seats.taken():
            return self._finish(state, code, error)

    def _finish(self, state: str | None, code: str | None, error: str | None) -> Account:
        begun = self._consume(state)
        if error:
            raise Malformed("connect_declined", twitter={"status": None, "title": error[:200], "detail": ""})
        if not code:
            raise Malformed("code_missing")
        pair = self._exchange(begun, code)
        user = self._who(begun, pair)
        with self._context.db.transaction() as tx:
            account = self._store(tx, begun, pair, user)
        log.info("account %s connected", account.id)
        return account

    def _forget(self, state: str | None) -> None:
        with self._context.db.transaction() as tx:
            oauth_states.consume(tx, state or "")

    def _consume(self, state: str | None) -> OAuthState:
        if not state:
            raise Malformed("invalid_state")
        with self._context.db.transaction() as tx:
            begun = oauth_states.consume(tx, state)
            good = begun is not None and later(begun.created_at, STATE_SECONDS) > tx.now and _owner_is_there(tx, begun)
        if begun is None or not good:
            raise Malformed("invalid_state")
        return begun

    def _exchange(self, begun: OAuthState, code: str) -> oauth2.TokenPair:
        world = self._context.environments.of(begun.mock)
        if world.client is None:
            raise NotNow("oauth_not_configured", retryable=False)
        try:
            verifier = self._context.vault.decrypt(begun.code_verifier)
            return oauth2.exchange(world.x, world.client, code=code, redirect_uri=begun.redirect_uri, verifier=verifier)
        except SecretUnreadable as error:
            raise Malformed("invalid_state") from error
        except XError as error:
            log.warning("the exchange of a code failed: %s", error)
            raise _refused(error) from error

    def _who(self, begun: OAuthState, pair: oauth2.TokenPair) -> users.User:
        try:
            return users.get_me(self._context.environments.of(begun.mock).x, pair.access_token)
        except XError as error:
            log.warning("X did not say who connected: %s", error)
            raise Malformed("identity_unreadable", twitter=error.problem.to_json()) from error

    def _store(self, tx: Transaction, begun: OAuthState, pair: oauth2.TokenPair, user: users.User) -> Account:
        if begun.account_id is not None and accounts.get(tx, begun.account_id).x_user_id != user.id:
            raise Conflict("other_user")
        accounts.rename_namesakes(tx, x_user_id=user.id, username=user.username, mock=begun.mock)
        encrypt = self._context.vault.encrypt
        account = accounts.connect(
            tx,
            x_user_id=user.id,
            username=user.username,
            name=user.name,
            mock=begun.mock,
            access_token=encrypt(pair.access_token),
            refresh_token=encrypt(pair.refresh_token) if pair.refresh_token else None,
            scopes=pair.scopes or self._scopes,
            token_expires_at=later(tx.now, pair.expires_in),
            followers=user.followers,
        )
        reactivate_account(tx, account.id)
        tx.after_commit(self._context.notifier.wake)
        return replace(account, status="active")


def _owner_is_there(q: Queries, begun: OAuthState) -> bool:
    """A state belongs to the key that began it: with the key it is gone."""
    return begun.api_key_id is None or api_keys.find_active(q, begun.api_key_id) is not None


def _refused(error: XError) -> Malformed:
    code = "client_refused" if isinstance(error, ClientRefused) else "exchange_failed"
    return Malformed(code, twitter=error.problem.to_json())
