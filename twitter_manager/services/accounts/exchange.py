"""From X's code to the account: the tokens, who it is, and the row."""

import logging
from dataclasses import replace

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict, Malformed, NotFound, NotNow
from twitter_manager.models import Account, OAuthState
from twitter_manager.services import audit
from twitter_manager.services.accounts.tokens import reactivate_account
from twitter_manager.services.context import Context
from twitter_manager.storage import accounts, oauth_states
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter import oauth2, users
from twitter_manager.twitter.errors import ClientRefused, NotSent, OutcomeUnknown, RateLimited, XError

__all__ = ["connect_account"]

log = logging.getLogger("twitter_manager.services")


def connect_account(
    context: Context, begun: OAuthState, *, code: str | None, error: str | None, scopes: str
) -> Account:
    """Raises Malformed, Conflict, NotFound, NotNow."""
    if error:
        twitter_error = {"status": None, "title": error[:200], "detail": ""}
        raise Malformed("connect_declined" if error == "access_denied" else "connect_refused", twitter=twitter_error)
    if not code:
        raise Malformed("code_missing")
    pair = _exchange(context, begun, code)
    user = _identify(context, begun, pair)
    try:
        with context.db.transaction() as tx:
            account = _store(context, tx, begun, pair, user, scopes)
    except (Conflict, NotFound):
        _let_go(context, begun, pair, user)
        raise
    log.info("account %s connected", account.id)
    return account


def _exchange(context: Context, begun: OAuthState, code: str) -> oauth2.TokenPair:
    environment = context.environments.of(begun.mock)
    if environment.client is None:
        raise NotNow("oauth_not_configured", retryable=False)
    try:
        verifier = context.vault.decrypt(begun.code_verifier)
        return oauth2.exchange(
            environment.x, environment.client, code=code, redirect_uri=begun.redirect_uri, verifier=verifier
        )
    except SecretUnreadable as error:
        raise Malformed("invalid_state") from error
    except XError as error:
        log.warning("the exchange of a code failed: %s", error)
        raise _refused(error) from error


def _identify(context: Context, begun: OAuthState, pair: oauth2.TokenPair) -> users.User:
    try:
        return users.get_me(context.environments.of(begun.mock).x, pair.access_token)
    except XError as error:
        log.warning("X did not say who connected: %s", error)
        raise Malformed("identity_unreadable", twitter=error.problem.to_json()) from error


def _store(
    context: Context, tx: Transaction, begun: OAuthState, pair: oauth2.TokenPair, user: users.User, scopes: str
) -> Account:
    if begun.account_id is not None and accounts.get(tx, begun.account_id).x_user_id != user.id:
        raise Conflict("other_user")
    accounts.rename_namesakes(tx, x_user_id=user.id, username=user.username, mock=begun.mock)
    encrypt = context.vault.encrypt
    account = accounts.connect(
        tx,
        x_user_id=user.id,
        username=user.username,
        name=user.name,
        mock=begun.mock,
        access_token=encrypt(pair.access_token),
        refresh_token=encrypt(pair.refresh_token) if pair.refresh_token else None,
        scopes=pair.scopes or scopes,
        token_expires_at=later(tx.now, pair.expires_in),
        followers=user.followers,
    )
    reactivate_account(context, tx, account.id)
    oauth_states.record_connected(tx, begun.state, account.id)
    audit.record(tx, "account", account.id, account_id=account.id)
    return replace(account, status="active")


def _let_go(context: Context, begun: OAuthState, pair: oauth2.TokenPair, user: users.User) -> None:
    """Revokes the pair, which nobody has a use for; failures are only logged."""
    if accounts.is_connected(context.db, x_user_id=user.id, mock=begun.mock):
        return  # by another account here, and X may revoke its tokens along with these
    environment = context.environments.of(begun.mock)
    for token in (pair.refresh_token, pair.access_token):
        if token is not None and environment.client is not None:
            try:
                oauth2.revoke(environment.x, environment.client, token)
            except XError as error:
                log.warning("a token of a user who is not connected could not be revoked at X: %s", error)


def _refused(error: XError) -> Malformed:
    words = error.problem.to_json()
    if isinstance(error, NotSent | OutcomeUnknown | RateLimited):
        return Malformed("exchange_unanswered", twitter=words)
    return Malformed("client_refused" if isinstance(error, ClientRefused) else "exchange_failed", twitter=words)
