"""What a dead or frozen worker left behind: attempts that began and whose end nobody stored."""

import logging
from datetime import datetime

from twitter_manager.services.dispatch import decisions
from twitter_manager.storage import attempts, lanes, tweet_states, workers
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later

__all__ = ["reap_worker", "recover_lost"]

log = logging.getLogger("twitter_manager.services")


def recover_lost(tx: Transaction, account_id: int, *, over_at: datetime | None = None) -> None:
    """Attempts that began under a lost lease: sent or not is unknown, so their tweets become `unconfirmed`.

    `over_at`: when they certainly ended (their process is dead). Otherwise the process may only have been frozen, and
    goes on with its call when it resumes: the deadline of a call counts from now.
    """
    for attempt in attempts.list_open_of_account(tx, account_id):
        over = over_at or later(tx.now, decisions.CALL_SECONDS)
        attempts.close(tx, attempt.id, outcome="unclear", over_at=over, error_code="x_unclear")
        check_at = decisions.first_check(over_at or tx.now)  # it may be there already
        if not tweet_states.mark_unconfirmed(
            tx, attempt.tweet_id, check_at=check_at, error_code="x_unclear", twitter_error=None
        ):
            attempts.schedule_check(tx, attempt.id, check_at)  # an earlier attempt posted it


def reap_worker(tx: Transaction, worker_id: str, *, certainly_dead: bool) -> None:
    """Frees the lanes of a worker that is gone. `certainly_dead`: its process is, so that its connections are closed;
    otherwise it may be out of reach and go on with its calls."""
    freed = lanes.release_all_of_worker(tx, worker_id)
    for account_id in freed:
        recover_lost(tx, account_id, over_at=tx.now if certainly_dead else None)
    workers.delete(tx, worker_id)
    log.warning("worker %s died with %s lanes; they go on", worker_id, len(freed))
