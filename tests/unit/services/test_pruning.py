"""What is old is deleted in short transactions: who writes meanwhile waits for one of them, and the beat for some."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.support.factories import new_account
from tests.support.services_harness import ServicesHarness
from twitter_manager.services import maintenance
from twitter_manager.services.maintenance import Maintenance
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier

YEAR = 366 * 86_400.0


def _delivery(tx: Transaction, number: int, moment: datetime) -> None:
    if number == 0:
        tx.execute("INSERT INTO webhook (url, events, secret) VALUES ('https://1.1.1.1/', '[]', 's')")
    tx.execute(
        "INSERT INTO webhook_delivery (webhook_id, event, data, queued_at, next_attempt_at, created_at)"
        " VALUES (1, 'webhook.test', '{}', :at, :at, :at)",
        at=moment,
    )


def _batch(tx: Transaction, number: int, moment: datetime) -> None:
    tx.execute("INSERT INTO batch (created_at) VALUES (:at)", at=moment)
    tx.execute(
        "INSERT INTO batch_refusal (batch_id, position, after_tweet_id, problems) VALUES (:id, 0, 0, '[]')",
        id=number + 1,
    )


def _state(tx: Transaction, number: int, moment: datetime) -> None:
    tx.execute(
        "INSERT INTO oauth_state (state, code_verifier, redirect_uri, created_at) VALUES (:state, 'v', 'r', :at)",
        state=f"a state that is long {number}",
        at=moment,
    )


def _key(tx: Transaction, number: int, moment: datetime) -> None:
    tx.execute(
        "INSERT INTO idempotency_key (api_key_id, method, path, key, body_hash, subject_id, created_at)"
        " VALUES (1, 'POST', '/', :key, 'h', 1, :at)",
        key=str(number),
        at=moment,
    )


def _call(tx: Transaction, number: int, moment: datetime) -> None:
    if number == 0:
        new_account(tx, 1)
    tx.execute("INSERT INTO x_call (mock, endpoint, called_at) VALUES (1, 'GET /2/tweets', :at)", at=moment)


def _entry(tx: Transaction, number: int, moment: datetime) -> None:
    tx.execute("INSERT INTO audit (created_at, actor, route) VALUES (:at, 'command', 'x')", at=moment)


@pytest.mark.parametrize(
    ("prune", "insert"),
    [
        (Maintenance.prune_deliveries, _delivery),
        (Maintenance.prune_batches, _batch),
        (Maintenance.prune_oauth_states, _state),
        (Maintenance.prune_idempotency_keys, _key),
        (Maintenance.prune_calls, _call),
        (Maintenance.prune_audit, _entry),
    ],
)
def test_in_pieces_and_not_all_at_once(
    harness: ServicesHarness,
    monkeypatch: pytest.MonkeyPatch,
    prune: Callable[[Maintenance], int],
    insert: Callable[[Transaction, int, datetime], None],
) -> None:
    monkeypatch.setattr(maintenance, "MAX_PRUNED", 2)
    monkeypatch.setattr(maintenance, "MAX_PIECES", 2)
    pieces = 1 if insert is _batch else 2
    with harness.services.db.transaction() as tx:
        for number in range(5):
            insert(tx, number, earlier(tx.now, YEAR))
    counts = []
    while not counts or counts[-1]:
        counts.append(prune(harness.services.maintenance))
    assert counts == ([4, 1, 0] if pieces == 2 else [2, 2, 1, 0])
