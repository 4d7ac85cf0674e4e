"""Workers that die or freeze in the middle of a call."""

import threading
import time
from collections.abc import Callable

import pytest
from services_cast import House

from twitter_manager.models import Account
from twitter_manager.services.recovery import bury_worker, recover_lost
from twitter_manager.services.sending import Send
from twitter_manager.services.steps import Step
from twitter_manager.storage import attempts


def test_an_intent_without_a_call_is_looked_for_and_then_sent(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    assert isinstance(house.services.turns.next("dead"), Send)
    assert house.tweet(tweet_id).status == "posting"
    house.clock.forward(121)
    house.work_for(120)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_worker_that_is_certainly_dead_is_not_waited_for(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    house.services.turns.next("dead")
    with house.services.db.transaction() as tx:
        bury_worker(tx, "dead")
    assert house.tweet(tweet_id).status == "unconfirmed"
    house.work_for(46)
    assert house.tweet(tweet_id).status == "posted"


def test_a_frozen_worker_that_wakes_before_its_call_sends_nothing(
    house: House, alice: Account, another: Callable[[], House]
) -> None:
    tweet_id = house.due_tweet(alice)
    frozen = house.services.turns.next("frozen")
    assert frozen is not None
    house.clock.forward(121)
    second = another()
    second.work_for(120)
    assert second.tweet(tweet_id).status == "posted"
    frozen.take()
    assert house.texts_at_x("alice") == ["Good morning"]
    assert house.tweet(tweet_id).status == "posted"


def frozen_in_the_call(house: House, step: Step, meanwhile: Callable[[], None]) -> None:
    """Takes the step; between X's taking the post and its answer's arrival, `meanwhile` happens."""
    house.x_has.is_slow(1.0)
    frozen = threading.Thread(target=step.take)
    frozen.start()
    ends = time.monotonic() + 5
    while not house.x.posts() and time.monotonic() < ends:
        time.sleep(0.01)
    meanwhile()
    frozen.join()


def test_a_late_201_is_knowledge_and_never_fenced(house: House, alice: Account, another: Callable[[], House]) -> None:
    """The answer arrives after the lease was lost, and while the second worker waits for its look."""
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("frozen")
    assert step is not None

    def others_work() -> None:
        house.clock.forward(121)
        house.x_has.timeline_is_unreadable()
        another().work()
        assert house.tweet(tweet_id).status == "unconfirmed"

    frozen_in_the_call(house, step, others_work)
    assert house.tweet(tweet_id).status == "posted"
    house.work_for(600)
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_late_201_of_an_adopted_post_changes_nothing(
    house: House, alice: Account, another: Callable[[], House]
) -> None:
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("frozen")
    assert step is not None

    def others_work() -> None:
        house.clock.forward(121)
        another().work_for(10)
        assert house.tweet(tweet_id).status == "posted"

    frozen_in_the_call(house, step, others_work)
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.twin_twitter_id) == ("posted", None)
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_late_201_of_a_tweet_that_was_believed_absent_keeps_both_ids(
    house: House, alice: Account, another: Callable[[], House]
) -> None:
    """X took the post, did not show it for minutes, and took the copy: what remains is kept and shown."""
    house.x.change(visibility_delay=600)
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("frozen")
    assert step is not None

    def others_work() -> None:
        house.clock.forward(121)
        another().work_for(120)
        assert house.tweet(tweet_id).status == "posted"

    frozen_in_the_call(house, step, others_work)
    tweet = house.tweet(tweet_id)
    assert {tweet.twitter_id, tweet.twin_twitter_id} == {post.id for post in house.x.posts("alice")}
    assert len(house.x.posts("alice")) == 2


def test_a_late_refusal_settles_an_unconfirmed_tweet(
    house: House, alice: Account, another: Callable[[], House]
) -> None:
    house.x_has.refuses(400, detail="text is too long")
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("frozen")
    assert step is not None
    house.clock.forward(5)  # under the ten seconds after which an intent is too old to be sent
    with house.services.db.transaction() as tx:
        recover_lost(tx, alice.id)
    assert house.tweet(tweet_id).status == "unconfirmed"
    step.take()
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("failed", "post_refused")


def test_a_stop_before_the_first_byte_leaves_a_tweet_that_is_simply_sent_later(
    house: House, alice: Account, another: Callable[[], House]
) -> None:
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("stopping")
    assert step is not None
    house.services.signals.stop()
    step.take()
    assert house.tweet(tweet_id).status == "pending"
    assert [a.outcome for a in attempts.list_of_tweet(house.services.db, tweet_id)] == ["not_sent"]
    successor = another()
    successor.work()
    assert successor.tweet(tweet_id).status == "posted"


def test_a_step_with_a_fault_of_ours_does_not_spin_and_loses_nothing(
    house: House, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweet_id = house.due_tweet(alice)
    step = house.services.turns.next("test")
    assert isinstance(step, Send)
    monkeypatch.setattr(step, "_store", lambda *_: 1 / 0)
    step.take()
    assert house.work() <= 2
    house.work_for(120)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]
