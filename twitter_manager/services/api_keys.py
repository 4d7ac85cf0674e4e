"""API keys: made, checked, revoked, and what each may do. A key is shown once, when it is made; only its hash is
stored."""

import json
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, get_args

from twitter_manager.crypto import hash_key, new_api_key
from twitter_manager.errors import Conflict, Forbidden, Invalid, KeyRefused, NotFound, SlowDown, StorageUnavailable
from twitter_manager.models import ApiKey
from twitter_manager.services import audit
from twitter_manager.services.calls_per_minute import free_at, with_one_more
from twitter_manager.services.context import Context
from twitter_manager.storage import accounts, api_key_calls, api_keys, service_state, webhooks
from twitter_manager.storage.api_keys import EVERYTHING, KeyChoice
from twitter_manager.storage.database import Queries, Transaction

__all__ = ["SCOPES", "ApiKeys", "Scope", "check_scope", "check_unlimited", "is_limited", "state_of"]

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)  # each may do what those before it may
RECORD_SECONDS = 60.0

log = logging.getLogger("twitter_manager.services")


class ApiKeys:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._recorded: dict[int, datetime] = {}  # by key: its last use that this process recorded

    def check(self, key: str) -> ApiKey:
        """Raises KeyRefused."""
        found = api_keys.find_active_by_hash(self._context.db, hash_key(key))
        if found is None:
            raise KeyRefused("unauthorized")
        if found.expires_at is not None and found.expires_at <= self._context.clock():
            raise KeyRefused("key_expired")
        return found

    def count_call(self, key: ApiKey) -> None:
        """Raises SlowDown where the key has made all its calls of this minute, in whatever process; those that are
        refused do not count."""
        while key.requests_per_minute is not None:
            with self._context.db.transaction(account_id=()) as tx:
                before = api_key_calls.find(tx, key.id)
                free = free_at(before or {}, key.requests_per_minute, tx.now)
                if free is not None:
                    raise SlowDown("key_rate_limited", retryable=True, next_attempt_at=free)
                if api_key_calls.replace(tx, key.id, with_one_more(before or {}, tx.now), before=before):
                    return

    def is_use_due(self, key: ApiKey) -> bool:
        """Whether it is a minute since a use of the key was recorded; if so, the caller records this one."""
        now, last = self._context.clock(), self._recorded.get(key.id, key.last_used_at)
        if last is not None and abs((now - last).total_seconds()) < RECORD_SECONDS:
            return False
        self._recorded[key.id] = now
        return True

    def record_use(self, key_id: int) -> None:
        """Nothing is lost where the database does not take it: the next use is recorded, too."""
        try:
            with self._context.db.transaction(account_id=()) as tx:
                api_keys.record_use(tx, key_id)
        except StorageUnavailable as error:
            log.warning("the use of key %s was not recorded: %s", key_id, error.why)

    def check_world(self, key: ApiKey) -> None:
        """Raises Forbidden while the service is in the other world than the one that the key is bound to."""
        if key.world is not None and (key.world == "mock") != service_state.mock_mode(self._context.db):
            now, meant = ("off", "simulated") if key.world == "mock" else ("on", "real")
            raise Forbidden("key_scope", sentence=f"This key is for the {meant} X only, and mock mode is {now}")

    def visible_accounts(self, key: ApiKey) -> Collection[int] | None:
        """The ids of the accounts that there are for the key; None: all."""
        if not is_limited(key):
            return None
        among = None if key.account_ids is None else json.loads(key.account_ids)
        mock = None if key.world is None else key.world == "mock"
        return frozenset(accounts.list_ids(self._context.db, among=among, mock=mock))

    def create(self, name: str, choice: KeyChoice = EVERYTHING, *, maker: ApiKey | None = None) -> tuple[ApiKey, str]:
        """The new key, and its text, which cannot be read again later. By default it may do everything; never more
        than its `maker`. Raises Forbidden, NotFound, Invalid."""
        text = new_api_key()
        visible = None if maker is None else self.visible_accounts(maker)
        with self._context.db.transaction() as tx:
            if maker is not None:
                _check_within(choice, maker)
            _check_accounts(tx, choice, visible)
            if choice.expires_at is not None and choice.expires_at <= tx.now:
                raise Invalid("invalid_field", sentence="expires_at must be in the future", field="expires_at")
            made = api_keys.insert(tx, key_hash=hash_key(text), name=name, source="command", choice=choice)
            audit.record(tx, "api_key", made.id)
        return made, text

    def list_all(self) -> Sequence[ApiKey]:
        """Oldest first."""
        return api_keys.list_all(self._context.db)

    def list_for(self, asker: ApiKey | None) -> Sequence[ApiKey]:
        """Those that the asker may know of, oldest first: a key with limits, the keys that see no more than it."""
        return [key for key in self.list_all() if asker is None or _is_within(key, asker)]

    def get(self, key_id: int) -> ApiKey:
        """Raises NotFound."""
        found = api_keys.find(self._context.db, key_id)
        if found is None:
            raise NotFound("api_key_not_found")
        return found

    def check_visible(self, key_id: int, asker: ApiKey) -> None:
        """Raises NotFound for a key that sees accounts that the asker does not."""
        if not _is_within(self.get(key_id), asker):
            raise NotFound("api_key_not_found")

    def revoke(self, key_id: int) -> bool:
        """False when there is no key with this id that could be revoked."""
        with self._context.db.transaction() as tx:
            return _revoke(tx, key_id)

    def revoke_but_last(self, key_id: int) -> ApiKey:
        """The key, now of no use; one that was revoked before stays so. Raises NotFound; Conflict for the last key that
        may do everything, without which nobody could make another."""
        with self._context.db.transaction() as tx:
            found = api_keys.find(tx, key_id)
            if found is None:
                raise NotFound("api_key_not_found")
            if _may_everything(found) and not any(
                _may_everything(key) for key in api_keys.list_all(tx) if key.id != key_id
            ):
                raise Conflict("last_admin_key")
            _revoke(tx, key_id)
        return self.get(key_id)


def _revoke(tx: Transaction, key_id: int) -> bool:
    revoked = api_keys.revoke(tx, key_id)
    if revoked:
        webhooks.switch_off_of_key(tx, key_id, error_code="key_revoked")
        audit.record(tx, "api_key", key_id)
    return revoked


def state_of(key: ApiKey, now: datetime) -> str:
    """active, expired, replaced (an earlier value of API_KEY) or revoked."""
    if not key.is_active:
        return "revoked" if key.revoked_at else "replaced"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def _may_everything(key: ApiKey) -> bool:
    """And for good: one that expires leaves nobody behind."""
    return key.is_active and "admin" in key.scopes.split() and not is_limited(key) and key.expires_at is None


def _is_within(key: ApiKey, asker: ApiKey) -> bool:
    """Whether the key sees no account that the asker does not see."""
    if asker.world is not None and key.world != asker.world:
        return False
    if asker.account_ids is None:
        return True
    return key.account_ids is not None and set(json.loads(key.account_ids)) <= set(json.loads(asker.account_ids))


def _check_within(choice: KeyChoice, maker: ApiKey) -> None:
    """Raises Forbidden for a key that may do more than its maker; which accounts it may see is another question."""
    too_wide = {
        "account_ids": maker.account_ids is not None and choice.account_ids is None,
        "world": maker.world not in (None, choice.world),
        "expires_at": maker.expires_at is not None
        and (choice.expires_at is None or choice.expires_at > maker.expires_at),
        "requests_per_minute": maker.requests_per_minute is not None
        and (choice.requests_per_minute is None or choice.requests_per_minute > maker.requests_per_minute),
    }
    for name, wider in too_wide.items():
        if wider:
            sentence = f"A key may do no more than the one that makes it: this one has a limit in {name}"
            raise Forbidden("key_scope", sentence=sentence, field=name)


def _check_accounts(q: Queries, choice: KeyChoice, visible: Collection[int] | None) -> None:
    """Raises NotFound for an account that there is not for the maker, Invalid for one of the other world."""
    if choice.account_ids is None:
        return
    asked = set(choice.account_ids)
    there_are = set(accounts.list_ids(q, among=asked, mock=None))
    if not asked <= (there_are if visible is None else there_are.intersection(visible)):
        raise NotFound("account_not_found", field="account_ids")
    mock = None if choice.world is None else choice.world == "mock"
    if not asked <= set(accounts.list_ids(q, among=asked, mock=mock)):
        sentence = f"account_ids has an account that is not of the world {choice.world}"
        raise Invalid("invalid_field", sentence=sentence, field="account_ids")


def is_limited(key: ApiKey) -> bool:
    """Whether there are accounts that it does not see."""
    return key.account_ids is not None or key.world is not None


def check_scope(key: ApiKey, needed: Scope) -> None:
    """Raises Forbidden naming the scope that it needs."""
    if key.scopes == "admin":  # most keys
        return
    enough = SCOPES[SCOPES.index(needed) :]
    if not any(scope in enough for scope in key.scopes.split()):
        has = ", ".join(key.scopes.split())
        raise Forbidden("key_scope", sentence=f"This call needs a key with the scope {needed}; this key has {has}")


def check_unlimited(key: ApiKey) -> None:
    """Raises Forbidden for a key that sees some accounts only."""
    if is_limited(key):
        what = "some accounts" if key.account_ids is not None else f"the world {key.world}"
        sentence = f"This call concerns every account, and this key is limited to {what}"
        raise Forbidden("key_scope", sentence=sentence)
