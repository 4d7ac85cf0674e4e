"""The counters that triggers keep say what counting says, whatever happened in whichever order."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories import at, counted, new_account, new_tweet, number_from_one, truly_counted
from twitter_manager.storage import tweet_holds, tweet_lists, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase

Change = Callable[[Transaction, int], object]
CHANGES: dict[str, Change] = {
    "insert": lambda tx, n: new_tweet(tx, n % 2 + 1),
    "begin": tweet_states.begin_posting,
    "post": lambda tx, n: tweet_states.mark_posted(tx, n, twitter_id=str(100 + n), posted_at=tx.now),
    "post as another did": lambda tx, n: tweet_states.mark_posted(tx, n, twitter_id="100", posted_at=tx.now),
    "fail": lambda tx, n: tweet_states.mark_failed(tx, n, error_code="post_refused", twitter_error=None),
    "lose": lambda tx, n: tweet_states.mark_unconfirmed(
        tx, n, check_at=at(2), error_code="x_unclear", twitter_error=None
    ),
    "ask": lambda tx, n: tweet_states.mark_needs_decision(tx, n, error_code="doubtful_match", check_at=None),
    "hold": lambda tx, n: tweet_holds.hold(tx, n, error_code="rate_limited", until=at(60)),
    "again": tweet_states.send_again,
    "due": lambda tx, n: tweet_states.make_due(tx, n, post_now=True),
    "all due": lambda tx, n: tweet_states.make_pending_due(tx, among=None if n % 2 else [1]),
    "lose the account": lambda tx, n: tweet_holds.hold_all_of_account(tx, n % 2 + 1, error_code="account_failed"),
    "rest": lambda tx, n: tweet_holds.hold_due_of_account(tx, n % 2 + 1, error_code="rate_limited", until=at(60)),
    "app rests": lambda tx, n: tweet_holds.hold_due_of_environment(
        tx, mock=True, error_code="usage_capped", until=at(60)
    ),
    "app is back": lambda tx, n: tweet_holds.release_held_of_environment(tx, mock=True, error_code="usage_capped"),
    "account is back": lambda tx, n: tweet_holds.release_held_of_account(tx, n % 2 + 1),
    "delete": lambda tx, n: tx.execute("DELETE FROM tweet WHERE id = :id", id=n),
}


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, 6)), max_size=40),
    account_goes=st.booleans(),
)
def test_counters_count(db: SqliteDatabase, changes: list[tuple[str, int]], account_goes: bool) -> None:
    class TakenBack(Exception):
        pass

    try:
        with db.transaction() as tx:
            number_from_one(tx)
            for number in (1, 2):
                new_account(tx, number)
            for name, number in [("insert", 1), ("insert", 2), ("insert", 3), *changes]:
                CHANGES[name](tx, number)
                assert counted(tx) == truly_counted(tx), name
            if account_goes:
                tx.execute("DELETE FROM twitter_account WHERE id = 1")
                assert counted(tx) == truly_counted(tx)
            by_status = tweet_lists.count_by_status(tx)
            assert sum(by_status.values()) == tweet_lists.count(tx, tweet_lists.TweetFilter())
            for status, number in by_status.items():
                assert number == tweet_lists.count(tx, tweet_lists.TweetFilter(statuses=(status,))) > 0
                assert number == sum(
                    tweet_lists.count(tx, tweet_lists.TweetFilter(statuses=(status,), account_id=account))
                    for account in (1, 2)
                )
            raise TakenBack
    except TakenBack:
        pass  # raised above, so that the next example begins with an empty database
