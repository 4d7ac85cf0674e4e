"""Workers that die or freeze in the middle of a call."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.services.dispatch.dispatcher import RefreshToken
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.reconcile import ReconcileTimeline
from twitter_manager.services.dispatch.recovery import reap_worker, recover_lost
from twitter_manager.services.dispatch.send import SendTweet
from twitter_manager.simulator.bad_days import BadDays
from twitter_manager.storage import attempts, lanes
from twitter_manager.timestamps import later
from twitter_manager.twitter import tweets as x_tweets


def test_an_intent_without_a_call_is_reconciled_and_then_sent(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    assert isinstance(harness.services.dispatcher.claim_next("dead"), SendTweet)
    assert harness.tweet(tweet_id).status == "posting"
    harness.clock.forward(121)
    harness.work_for(120)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_worker_that_is_certainly_dead_is_not_waited_for(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    harness.services.dispatcher.claim_next("dead")
    with harness.services.db.transaction() as tx:
        reap_worker(tx, "dead", certainly_dead=True)
    assert harness.tweet(tweet_id).status == "unconfirmed"
    harness.work_for(46)
    assert harness.tweet(tweet_id).status == "posted"


def test_a_frozen_worker_that_wakes_before_its_call_sends_nothing(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    tweet_id = harness.due_tweet(alice)
    frozen = harness.services.dispatcher.claim_next("frozen")
    assert frozen is not None
    harness.clock.forward(121)
    second = another()
    second.work_for(120)
    assert second.tweet(tweet_id).status == "posted"
    frozen.execute()
    assert harness.texts_at_x("alice") == ["Good morning"]
    assert harness.tweet(tweet_id).status == "posted"


def frozen_in_the_call(harness: ServicesHarness, task: LaneTask, meanwhile: Callable[[], None]) -> None:
    """Takes the task; between X's taking the post and its answer's arrival, `meanwhile` happens."""
    harness.x_has.is_slow(1.0)
    frozen = threading.Thread(target=task.execute)
    frozen.start()
    eventually(harness.x.posts, seconds=5, what="X has the post")
    meanwhile()
    frozen.join()


def test_a_late_201_is_knowledge_and_never_fenced(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    """The answer arrives after the lease was lost, and while the second worker waits for its check."""
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("frozen")
    assert task is not None

    def others_work() -> None:
        harness.clock.forward(121)
        harness.x_has.timeline_is_unreadable()
        another().work()
        assert harness.tweet(tweet_id).status == "unconfirmed"

    frozen_in_the_call(harness, task, others_work)
    assert harness.tweet(tweet_id).status == "posted"
    harness.work_for(600)
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_late_201_of_an_adopted_post_changes_nothing(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("frozen")
    assert task is not None

    def others_work() -> None:
        harness.clock.forward(121)
        another().work_for(10)
        assert harness.tweet(tweet_id).status == "posted"

    frozen_in_the_call(harness, task, others_work)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.twin_twitter_id) == ("posted", None)
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_late_201_of_a_tweet_that_was_believed_absent_keeps_both_ids(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    """X took the post, did not show it for minutes, and took the copy: what remains is kept and shown."""
    harness.x.change(visibility_delay=600)
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("frozen")
    assert task is not None

    def others_work() -> None:
        harness.clock.forward(121)
        another().work_for(120)
        assert harness.tweet(tweet_id).status == "posted"

    frozen_in_the_call(harness, task, others_work)
    tweet = harness.tweet(tweet_id)
    assert {tweet.twitter_id, tweet.twin_twitter_id} == {post.id for post in harness.x.posts("alice")}
    assert len(harness.x.posts("alice")) == 2


Second = Callable[[LaneTask, ServicesHarness, Account], None]


def cut_after_x_took_it(task: LaneTask, second: ServicesHarness, account: Account) -> None:
    second.x_has.accepts_then_cuts_the_line()
    task.execute()


def cut_before_x_took_it(task: LaneTask, second: ServicesHarness, account: Account) -> None:
    second.x_has.cuts_the_line()
    task.execute()


def die_after_x_took_it(task: LaneTask, second: ServicesHarness, account: Account) -> None:
    token = second.services.tokens.open(account)
    x_tweets.create(
        task.context.environments.of(account.mock).x,
        token,
        x_tweets.NewPost(text="Good morning"),
        before_first_byte=lambda: None,
        account_id=account.id,
    )


@pytest.mark.parametrize(
    ("how_it_ends", "is_twice"),
    [(cut_after_x_took_it, True), (cut_before_x_took_it, False), (die_after_x_took_it, True)],
)
@pytest.mark.parametrize("account_was_away", [False, True])
def test_a_second_attempt_is_looked_for_although_the_first_posted_it_after_all(
    harness: ServicesHarness,
    alice: Account,
    another: Callable[[], ServicesHarness],
    how_it_ends: Second,
    is_twice: bool,
    account_was_away: bool,
) -> None:
    harness.x.change(visibility_delay=600)
    tweet_id, second = harness.due_tweet(alice), another()
    task = harness.services.dispatcher.claim_next("frozen")
    assert task is not None

    def it_is_sent_again() -> None:
        harness.clock.forward(121)
        its_own = second.services.dispatcher.claim_next("second")
        while not isinstance(its_own, SendTweet):
            if its_own is not None:
                its_own.execute()
            harness.clock.forward(1)
            its_own = second.services.dispatcher.claim_next("second")
        harness.x.change(visibility_delay=0)
        how_it_ends(its_own, second, alice)

    frozen_in_the_call(harness, task, it_is_sent_again)
    assert harness.tweet(tweet_id).status == "posted"
    if account_was_away:
        with harness.services.db.transaction() as tx:
            deactivate_account(task.context, tx, alice.id, status="failed", code="account_failed")
        harness.work_for(300)
        harness.connect("alice")
    harness.work_for(300)
    outcomes = [each.outcome for each in attempts.list_of_tweet(harness.services.db, tweet_id)]
    assert outcomes == ["posted", "posted" if is_twice else "absent"]
    tweet, at_x = harness.tweet(tweet_id), {post.id for post in harness.x.posts("alice")}
    assert (tweet.status, len(at_x)) == ("posted", 2 if is_twice else 1)
    assert {tweet.twitter_id, tweet.twin_twitter_id} - {None} == at_x


def test_a_late_refusal_decides_an_unconfirmed_tweet(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    harness.x_has.refuses(400, detail="text is too long")
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("frozen")
    assert task is not None
    harness.clock.forward(5)  # under the ten seconds after which an intent is too old to be sent
    with harness.services.db.transaction() as tx:
        recover_lost(tx, alice.id)
    assert harness.tweet(tweet_id).status == "unconfirmed"
    task.execute()
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("failed", "post_refused")


def test_a_stop_before_the_first_byte_leaves_a_tweet_that_is_simply_sent_later(
    harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
) -> None:
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("stopping")
    assert task is not None
    harness.services.notifier.stop()
    task.execute()
    assert harness.tweet(tweet_id).status == "pending"
    assert [a.outcome for a in attempts.list_of_tweet(harness.services.db, tweet_id)] == ["not_sent"]
    successor = another()
    successor.work()
    assert successor.tweet(tweet_id).status == "posted"


@pytest.mark.parametrize("task_class", [RefreshToken, ReconcileTimeline])
def test_a_database_that_is_away_before_a_call_makes_no_lane_rest(
    harness: ServicesHarness, alice: Account, tmp_path: Path, task_class: type[LaneTask]
) -> None:
    if task_class is ReconcileTimeline:
        harness.x_has.accepts_then_cuts_the_line()
    else:
        harness.clock.forward(7201)
    tweet_id = harness.due_tweet(alice)
    if task_class is ReconcileTimeline:
        harness.work()
        harness.clock.forward(2)
    task = harness.services.dispatcher.claim_next("test")
    assert isinstance(task, task_class)
    file = next(tmp_path.rglob("twitter_manager.db"))
    away = file.rename(file.with_suffix(".away"))
    back = threading.Timer(0.5, lambda: away.rename(file))
    back.start()
    task.execute()
    back.join()
    lane = lanes.get(harness.services.db, alice.id)
    assert (lane.lease, lane.rest_code) == (None, "x_unclear" if task_class is ReconcileTimeline else None)
    assert lane.due_at == harness.clock.present
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


class TestAClockThatWasSetBack:
    """By a day, after something was to wait for some minutes."""

    @pytest.fixture
    def harness(self, harness: ServicesHarness) -> ServicesHarness:
        harness.clock.forward(86_400)
        return harness

    def set_back(self, harness: ServicesHarness) -> None:
        harness.clock.forward(-86_400)
        harness.services.maintenance.clamp_waits()

    @pytest.mark.parametrize(
        ("trouble", "seconds"),
        [
            (lambda x: x.fails(500), 1000),
            (lambda x: x.cuts_the_line(), 1000),
            (lambda x: x.account_is_not_permitted(), 3601),
            (lambda x: x.runs_out_of_credits(times=1), 3601),
        ],
    )
    def test_every_wait_is_over_in_its_time(
        self, harness: ServicesHarness, trouble: Callable[[BadDays], object], seconds: float
    ) -> None:
        alice = harness.connect("alice")
        harness.clock.forward(61)
        trouble(harness.x_has)
        tweet_id = harness.due_tweet(alice)
        harness.work()
        assert harness.tweet(tweet_id).status in ("held", "unconfirmed")
        self.set_back(harness)
        harness.work_for(2 * seconds)
        assert harness.tweet(tweet_id).status == "posted"
        assert harness.texts_at_x("alice") == ["Good morning"]

    def test_a_check_reads_back_to_where_the_attempt_may_have_begun(self, harness: ServicesHarness) -> None:
        alice = harness.connect("alice")
        harness.x_has.cuts_the_line()
        tweet_id = harness.due_tweet(alice)
        harness.work()
        self.set_back(harness)
        attempt = attempts.find_unsettled(harness.services.db, tweet_id)
        assert attempt is not None
        assert attempt.started_at == later(harness.clock.present, -86_400)

    def test_the_lane_of_a_lost_worker_is_free_after_the_time_of_a_lease(self, harness: ServicesHarness) -> None:
        alice = harness.connect("alice")
        tweet_id = harness.due_tweet(alice)
        assert harness.services.dispatcher.claim_next("lost") is not None
        self.set_back(harness)
        harness.work_for(121 + 600)
        assert harness.tweet(tweet_id).status == "posted"


def test_a_task_with_a_fault_of_ours_does_not_spin_and_loses_nothing(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweet_id = harness.due_tweet(alice)
    task = harness.services.dispatcher.claim_next("test")
    assert isinstance(task, SendTweet)
    monkeypatch.setattr(task, "_store", lambda *_: 1 / 0)
    task.execute()
    assert harness.work() <= 2
    harness.work_for(120)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]
