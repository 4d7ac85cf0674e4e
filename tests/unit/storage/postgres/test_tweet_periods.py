"""From times to ids, where transactions side by side take their ids in another order than that of their times."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import databases
from tests.support.clock import START, Clock
from tests.support.factories import new_account, new_tweet
from twitter_manager.storage import tweet_lists
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.tweet_lists import TweetFilter

pytestmark = pytest.mark.skipif(databases.chosen() == "sqlite", reason="SQLite has one writer at a time")


def test_a_tweet_with_a_later_id_and_an_earlier_time() -> None:
    url, hour = databases.server().empty(), timedelta(hours=1)
    early, late = PostgresDatabase(url, clock=Clock()), PostgresDatabase(url, clock=lambda: START + hour)
    early.migrate()
    with early.transaction() as tx:
        new_account(tx, 1)
        new_account(tx, 2)
    with early.transaction(account_id=1) as tx:
        new_tweet(tx, 1)
        with late.transaction(account_id=2) as beside:
            new_tweet(beside, 2)
        new_tweet(tx, 1)
    before = TweetFilter(until=START + timedelta(minutes=30))
    assert [each.tweet.id for each in tweet_lists.list_page(early, before, limit=9)] == [3, 1]
    assert tweet_lists.count(early, before) == 2
    after = replace(before, since=before.until, until=None)
    assert [each.tweet.id for each in tweet_lists.list_page(early, after, limit=9)] == [2]
    early.close()
    late.close()
