"""The one way to wake a lane: whoever makes something due in it calls this in the same transaction."""

from datetime import datetime

from twitter_manager.models import Lane
from twitter_manager.services.context import Context
from twitter_manager.storage import app_rests, lanes, tweet_holds
from twitter_manager.storage.database import Transaction

__all__ = ["hold_for_resting_app", "hold_for_resting_lane", "wake_environment", "wake_lane"]


def wake_lane(context: Context, tx: Transaction, account_id: int, due_at: datetime) -> None:
    """The lane is due at `due_at` at the latest; while X refuses the whole app, what is due is held at once."""
    lanes.make_due(tx, account_id, due_at)
    rest = app_rests.find(tx, mock=lanes.get(tx, account_id).mock)
    if rest is not None and rest.probe_at > tx.now:
        held = tweet_holds.hold_due_of_account(tx, account_id, error_code=rest.code, until=rest.probe_at)
        tx.after_commit(lambda: context.notifier.notify_tweets(held))
    tx.after_commit(context.notifier.wake)


def wake_environment(context: Context, tx: Transaction, *, mock: bool) -> None:
    """Every lane of the environment with something to do is due now."""
    lanes.make_environment_due(tx, mock=mock)
    hold_for_resting_app(context, tx, mock=mock)
    tx.after_commit(context.notifier.wake)


def hold_for_resting_app(context: Context, tx: Transaction, *, mock: bool) -> None:
    rest = app_rests.find(tx, mock=mock)
    if rest is not None and rest.probe_at > tx.now:
        held = tweet_holds.hold_due_of_environment(tx, mock=mock, error_code=rest.code, until=rest.probe_at)
        tx.after_commit(lambda: context.notifier.notify_tweets(held))


def hold_for_resting_lane(context: Context, tx: Transaction, lane: Lane) -> None:
    if lane.rest_until is not None:
        code = lane.rest_code or "x_unclear"
        held = tweet_holds.hold_due_of_account(tx, lane.account_id, error_code=code, until=lane.rest_until)
        tx.after_commit(lambda: context.notifier.notify_tweets(held))
