"""Tweets: which changes of status are possible from where, what each leaves behind, and the order of sending."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.support.clock import Clock
from tests.support.factories import at, new_account, new_due_tweet, new_tweet, new_unconfirmed_tweet, put
from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet
from twitter_manager.storage import (
    service_state,
    tweet_cleanup,
    tweet_holds,
    tweet_lists,
    tweet_queue,
    tweet_states,
    tweets,
)
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_lists import TweetFilter

STATUSES = ("draft", "pending", "scheduled", "posting", "posted", "failed", "unconfirmed", "held", "canceled")
EXTRA: dict[str, dict[str, object]] = {
    "scheduled": {"scheduled_at": at(60)},
    "posted": {"twitter_id": "55", "posted_at": at(-60)},
}


def in_status(tx: Transaction, account_id: int, status: str) -> int:
    put(tx, "tweet", **TEXT, twitter_account_id=account_id, status=status, **EXTRA.get(status, {}))
    row = tx.one("SELECT max(id) AS id FROM tweet")
    assert row is not None
    return int(row["id"])


TEXT = {"content": "hello", "fingerprint": "print"}
TO_SEND = {"pending", "scheduled", "held"}
UNSETTLED = {"posting", "unconfirmed"}
Change = Callable[[Transaction, int], bool]
# the change, where it may come from, and what it leads to (None: back to what it was before it was sent)
CHANGES: dict[str, tuple[Change, set[str], str]] = {
    "begin_posting": (tweet_states.begin_posting, TO_SEND, "posting"),
    "mark_posted": (
        lambda tx, n: tweet_states.mark_posted(tx, n, twitter_id="77", posted_at=at(0)),
        set(STATUSES),
        "posted",
    ),
    "mark_failed": (
        lambda tx, n: tweet_states.mark_failed(tx, n, error_code="post_refused", twitter_error="{}"),
        UNSETTLED,
        "failed",
    ),
    "mark_unconfirmed": (
        lambda tx, n: tweet_states.mark_unconfirmed(tx, n, check_at=at(2), error_code="x_unclear", twitter_error="{}"),
        UNSETTLED,
        "unconfirmed",
    ),
    "mark_needs_decision": (
        lambda tx, n: tweet_states.mark_needs_decision(tx, n, error_code="doubtful_match", check_at=None),
        {"unconfirmed"},
        "unconfirmed",
    ),
    "hold": (
        lambda tx, n: tweet_holds.hold(tx, n, error_code="rate_limited", until=at(9)),
        TO_SEND | UNSETTLED,
        "held",
    ),
    "send_again": (tweet_states.send_again, UNSETTLED, "pending"),
    "make_due": (lambda tx, n: tweet_states.make_due(tx, n, post_now=True), {"pending"}, "pending"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_comes_only_from_where_it_may(db: SqliteDatabase, account_id: int, name: str, status: str) -> None:
    change, sources, target = CHANGES[name]
    if (name, status) == ("mark_posted", "posted"):
        pytest.skip("said below: another post of the same tweet is its twin")
    with db.transaction() as tx:
        tweet_id = in_status(tx, account_id, status)
        before = tweets.get(tx, tweet_id)
        assert change(tx, tweet_id) == (status in sources)
        after = tweets.get(tx, tweet_id)
    if status in sources:
        assert after.status == target
    else:
        assert after == before


def tweet_after(db: SqliteDatabase, account_id: int, *names: str) -> Tweet:
    with db.transaction() as tx:
        tweet = new_due_tweet(tx, account_id)
        for name in names:
            assert CHANGES[name][0](tx, tweet.id), name
        return tweets.get(tx, tweet.id)


def test_posted_leaves_nothing_to_do_or_to_worry_about(db: SqliteDatabase, account_id: int) -> None:
    tweet = tweet_after(db, account_id, "begin_posting", "mark_unconfirmed", "mark_needs_decision", "mark_posted")
    assert (tweet.twitter_id, tweet.posted_at, tweet.due_at) == ("77", at(0), None)
    assert (tweet.error_code, tweet.twitter_error, tweet.needs_decision) == (None, None, False)


def test_what_is_sent_again_is_due_now_without_its_past(db: SqliteDatabase, account_id: int) -> None:
    tweet = tweet_after(db, account_id, "begin_posting", "mark_unconfirmed", "mark_needs_decision", "send_again")
    assert (tweet.due_at, tweet.error_code, tweet.twitter_error, tweet.needs_decision) == (at(0), None, None, False)


def test_a_scheduled_one_that_is_sent_again_stays_scheduled(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        tweet_id = in_status(tx, account_id, "scheduled")
        assert tweet_states.begin_posting(tx, tweet_id)
        assert tweet_states.send_again(tx, tweet_id)
        assert tweets.get(tx, tweet_id).status == "scheduled"


def test_a_second_post_of_one_tweet_is_kept_as_its_twin(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        tweet = new_tweet(tx, account_id)
        assert tweet_states.mark_posted(tx, tweet.id, twitter_id="77", posted_at=at(0))
        assert tweet_states.mark_posted(tx, tweet.id, twitter_id="77", posted_at=at(0))
        assert tweets.get(tx, tweet.id).twin_twitter_id is None
        assert not tweet_states.mark_posted(tx, tweet.id, twitter_id="88", posted_at=at(9))
        after = tweets.get(tx, tweet.id)
    assert (after.twitter_id, after.twin_twitter_id, after.posted_at) == ("77", "88", at(0))


def test_a_post_belongs_to_one_tweet_of_the_account(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        first, second = new_tweet(tx, account_id), new_tweet(tx, account_id)
        other = new_tweet(tx, new_account(tx, 2).id)
        assert tweet_states.mark_posted(tx, first.id, twitter_id="77", posted_at=at(0))
        assert not tweet_states.mark_posted(tx, second.id, twitter_id="77", posted_at=at(0))
        assert tweet_states.mark_posted(tx, other.id, twitter_id="77", posted_at=at(0))
        assert tweets.get(tx, second.id).status == "pending"
        assert tweets.adopted_ids(tx, account_id, ["77", "78"]) == {"77"}
        assert tweets.adopted_ids(tx, account_id, []) == set()
        assert not tweet_states.mark_posted(tx, first.id, twitter_id="78", posted_at=at(9))
        assert tweets.adopted_ids(tx, account_id, ["77", "78", "79"]) == {"77", "78"}


class TestOrderOfSending:
    def test_asked_for_now_then_by_due_time_then_age(self, db: SqliteDatabase, account_id: int, clock: Clock) -> None:
        clock.forward(10)
        with db.transaction() as tx:
            third = new_due_tweet(tx, account_id, "3", due_at=at(5))
            fourth = new_due_tweet(tx, account_id, "4", due_at=at(5))
            second = new_due_tweet(tx, account_id, "2", due_at=at(1))
            first = new_tweet(tx, account_id, "1")
            new_due_tweet(tx, account_id, "not yet", due_at=at(11))
            new_tweet(tx, account_id, "not asked for")
            assert tweet_states.make_due(tx, first.id, post_now=True)
            order = []
            while tweet := tweet_queue.next_to_send(tx, account_id):
                order.append(tweet.id)
                tweet_states.begin_posting(tx, tweet.id)
        assert order == [first.id, second.id, third.id, fourth.id]

    def test_an_equal_one_waits_until_the_first_is_settled(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            first, second = new_due_tweet(tx, account_id, "same"), new_due_tweet(tx, account_id, "same")
            assert tweet_queue.next_to_send(tx, account_id) == first
            tweet_states.begin_posting(tx, first.id)
            assert tweet_queue.next_to_send(tx, account_id) is None
            tweet_states.mark_posted(tx, first.id, twitter_id="1", posted_at=tx.now)
            assert tweet_queue.next_to_send(tx, account_id) == second

    def test_asked_for_now_does_not_jump_an_equal(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_unconfirmed_tweet(tx, account_id, "same", check_at=at(60))
            again, other = new_tweet(tx, account_id, "same"), new_due_tweet(tx, account_id, "other")
            tweet_states.make_due(tx, again.id, post_now=True)
            assert tweet_queue.next_to_send(tx, account_id) == other


class TestWholeAccounts:
    def test_a_lost_account_holds_what_would_go_out_and_asks_for_the_unsettled(
        self, db: SqliteDatabase, account_id: int
    ) -> None:
        with db.transaction() as tx:
            due, unsettled = new_due_tweet(tx, account_id, "due"), new_unconfirmed_tweet(tx, account_id, "sent")
            idle = new_tweet(tx, account_id, "nobody asked for it")
            bystander = new_due_tweet(tx, new_account(tx, 2).id)
            changed = tweet_holds.hold_all_of_account(tx, account_id, error_code="token_refused")
            assert changed == [due.id, unsettled.id]
            held, asked = tweets.get(tx, due.id), tweets.get(tx, unsettled.id)
            assert (held.status, held.due_at, held.error_code) == ("held", None, "token_refused")
            assert (asked.status, asked.needs_decision, asked.due_at) == ("unconfirmed", True, None)
            assert tweets.get(tx, idle.id) == idle
            assert tweets.get(tx, bystander.id) == bystander
            tweet_holds.release_held_of_account(tx, account_id)
            released, looked_for = tweets.get(tx, due.id), tweets.get(tx, unsettled.id)
            assert (released.status, released.due_at, released.error_code) == ("pending", at(0), None)
            assert (looked_for.needs_decision, looked_for.due_at) == (False, at(0))

    @pytest.mark.parametrize("code", ["doubtful_match", "attempts_exhausted"])
    def test_what_only_its_owner_can_say_is_still_asked_for(
        self, db: SqliteDatabase, account_id: int, code: str
    ) -> None:
        with db.transaction() as tx:
            tweet = new_unconfirmed_tweet(tx, account_id)
            tweet_states.mark_needs_decision(tx, tweet.id, error_code=code, check_at=None)
            tweet_holds.release_held_of_account(tx, account_id)
            assert tweets.get(tx, tweet.id).needs_decision

    def test_a_scheduled_one_comes_back_at_its_time(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet_id = in_status(tx, account_id, "scheduled")
            tx.execute("UPDATE tweet SET due_at = scheduled_at")
            tweet_holds.hold_all_of_account(tx, account_id, error_code="token_refused")
            tweet_holds.release_held_of_account(tx, account_id)
            tweet = tweets.get(tx, tweet_id)
        assert (tweet.status, tweet.due_at) == ("scheduled", at(60))

    def test_a_rest_holds_what_is_due_and_no_more(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            due, later = new_due_tweet(tx, account_id, "1"), new_due_tweet(tx, account_id, "2", due_at=at(5))
            held = tweet_holds.hold_due_of_account(tx, account_id, error_code="rate_limited", until=at(60))
            assert held == [due.id]
            assert tweets.get(tx, due.id).due_at == at(60)
            assert tweets.get(tx, later.id) == later

    def test_an_app_that_rests_holds_its_environment(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            mock, real = new_due_tweet(tx, account_id), new_due_tweet(tx, new_account(tx, 2, mock=False).id)
            assert tweet_queue.count_due_of_environment(tx, mock=True, now=at(0)) == 1
            assert tweet_holds.hold_due_of_environment(tx, mock=True, error_code="usage_capped", until=at(60)) == [
                mock.id
            ]
            assert tweet_queue.count_due_of_environment(tx, mock=True, now=at(0)) == 0
            tweet_holds.release_held_of_environment(tx, mock=True, error_code="credits_depleted")
            assert tweets.get(tx, mock.id).due_at == at(60)
            tweet_holds.release_held_of_environment(tx, mock=True, error_code="usage_capped")
            assert tweets.get(tx, mock.id).due_at == at(0)
            assert tweets.get(tx, real.id) == real

    @pytest.mark.parametrize(("mock_mode", "expected"), [(True, ["mine", "other"]), (False, ["real"])])
    def test_all_pending_of_the_present_environment(
        self, db: SqliteDatabase, account_id: int, mock_mode: bool, expected: list[str]
    ) -> None:
        with db.transaction() as tx:
            service_state.set_mock_mode(tx, mock_mode)
            new_tweet(tx, account_id, "mine")
            new_unconfirmed_tweet(tx, account_id, "sent")
            new_tweet(tx, new_account(tx, 2).id, "other")
            new_tweet(tx, new_account(tx, 3, mock=False).id, "real")
            made = tweet_states.make_pending_due(tx, among=None)
            assert [tweet.content for tweet in made] == expected
            assert {tweet.due_at for tweet in made} == {at(0)}
            of_one = [tweet.content for tweet in tweet_states.make_pending_due(tx, among=[account_id])]
        assert of_one == (["mine"] if mock_mode else [])


class TestLists:
    def test_pages_newest_first(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            ids = [new_tweet(tx, account_id, f"{number}").id for number in range(5)]

        def page(number: int) -> list[int]:
            return [
                each.tweet.id for each in tweet_lists.list_page(db, TweetFilter(), limit=2, offset=2 * (number - 1))
            ]

        assert [page(number) for number in (1, 2, 3, 4)] == [ids[:2:-1], ids[2:0:-1], ids[:1], []]

    @pytest.mark.parametrize(
        ("status", "of_second", "expected"),
        [
            (None, False, {"one", "two", "three"}),
            ("pending", False, {"one", "three"}),
            (None, True, {"three"}),
            ("unconfirmed", True, set()),
        ],
    )
    def test_filters(
        self, db: SqliteDatabase, account_id: int, status: str | None, of_second: bool, expected: set[str]
    ) -> None:
        with db.transaction() as tx:
            second = new_account(tx, 2).id
            new_tweet(tx, account_id, "one")
            new_unconfirmed_tweet(tx, account_id, "two")
            new_tweet(tx, second, "three")
        which = TweetFilter(statuses=(status,) if status else None, account_id=second if of_second else None)
        listed = tweet_lists.list_page(db, which, limit=10)
        assert {each.tweet.content for each in listed} == expected
        assert tweet_lists.count(db, which) == len(expected)

    def test_a_tweet_with_its_account(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet = new_tweet(tx, account_id)
            tweet_states.mark_posted(tx, tweet.id, twitter_id="1999999999999999999", posted_at=tx.now)
        found = tweets.get_of_account(db, tweet.id)
        assert (found.username, found.mock, found.tweet.twitter_id) == ("user1", True, "1999999999999999999")
        assert [each.tweet.id for each in tweets.get_many(db, [tweet.id, 99])] == [tweet.id]
        for get in (tweets.get, tweets.get_of_account):
            with pytest.raises(NotFound) as error:
                get(db, 99)
            assert error.value.code == "tweet_not_found"

    def test_times_come_back_as_they_went_in(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet = new_due_tweet(tx, account_id, due_at=datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=at(0).tzinfo))
        assert tweets.get(db, tweet.id) == tweet
        assert tweet.due_at is not None
        assert tweet.due_at.microsecond == 6000


def test_a_tweet_that_got_to_x_since_it_was_read_is_not_deleted(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        read = new_tweet(tx, account_id)
        tweet_states.mark_posted(tx, read.id, twitter_id="5", posted_at=tx.now)
        assert not tweet_cleanup.delete(tx, read)
        assert tweet_cleanup.delete(tx, tweets.get(tx, read.id))
