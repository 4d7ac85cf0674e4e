"""The task after a task: taken in the commit that stores what came of the one before."""

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account, Lane
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.send import SendTweet
from twitter_manager.storage import attempts, lanes
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later


def begun(harness: ServicesHarness) -> LaneTask:
    task = harness.services.dispatcher.claim_next("test")
    assert task is not None
    return task


def commits(harness: ServicesHarness, task: LaneTask) -> tuple[LaneTask | None, int]:
    """The task that follows, and how many commits it took to get there."""
    begins, transaction = [], harness.services.db.transaction

    def counted(**turns):  # type: ignore[no-untyped-def]
        begins.append(1)
        return transaction(**turns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.services.db, "transaction", counted)
        return harness.services.dispatcher.run_and_claim_next(task, "test"), len(begins)


def test_what_came_of_it_and_the_next_intent_are_one_commit(harness: ServicesHarness, alice: Account) -> None:
    first, second = harness.due_tweet(alice, "One"), harness.due_tweet(alice, "Two")
    following, count = commits(harness, begun(harness))
    assert (harness.tweet(first).status, harness.tweet(second).status, count) == ("posted", "posting", 1)
    assert [a.outcome for a in attempts.list_of_tweet(harness.services.db, second)] == ["open"]
    assert following is not None
    assert (commits(harness, following), harness.tweet(second).status) == ((None, 1), "posted")
    assert harness.texts_at_x("alice") == ["One", "Two"]


def test_the_lane_that_is_due_first_goes_first(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.due_tweet(alice, "One")
    task = begun(harness)
    harness.due_tweet(bob, "Waits for a second already")
    harness.clock.forward(1)
    harness.due_tweet(alice, "Two")
    following = harness.services.dispatcher.run_and_claim_next(task, "test")
    assert following is not None
    assert following.lane.account_id == bob.id
    last = harness.services.dispatcher.run_and_claim_next(following, "test")
    assert last is not None
    assert harness.services.dispatcher.run_and_claim_next(last, "test") is None
    assert (harness.texts_at_x("alice"), len(harness.texts_at_x("bob"))) == (["One", "Two"], 1)


def test_nothing_follows_where_nothing_is_due(harness: ServicesHarness, alice: Account) -> None:
    harness.due_tweet(alice)
    assert harness.services.dispatcher.run_and_claim_next(begun(harness), "test") is None
    assert lanes.get(harness.services.db, alice.id).lease is None


def test_at_a_stop_nothing_is_taken_any_more(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = harness.due_tweet(alice, "One"), harness.due_tweet(alice, "Two")
    task = begun(harness)
    assert isinstance(task, SendTweet)
    stop_when_sent(harness, task, monkeypatch)
    assert harness.services.dispatcher.run_and_claim_next(task, "test") is None
    assert (harness.tweet(first).status, harness.tweet(second).status) == ("posted", "pending")


def stop_when_sent(harness: ServicesHarness, task: SendTweet, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM arrives while X answers."""
    finish = task.finish

    def stopped_first(*args: object) -> None:
        harness.services.notifier.stop()
        finish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(task, "finish", stopped_first)


def test_a_lane_without_a_task_by_a_fault_of_ours_does_not_cost_what_the_one_before_found_out(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = harness.connect("bob")
    good = harness.due_tweet(alice)
    task = begun(harness)
    poisonous = harness.due_tweet(bob)
    begin = SendTweet.begin

    def fails_for_bob(*args: object) -> SendTweet:
        if args[3].id == bob.id:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return begin(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(SendTweet, "begin", fails_for_bob)
    assert harness.services.dispatcher.run_and_claim_next(task, "test") is None
    assert (harness.tweet(good).status, harness.tweet(poisonous).status) == ("posted", "pending")
    harness.work()
    assert lanes.get(harness.services.db, bob.id).due_at == later(harness.clock(), 60)
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_task_with_a_fault_of_ours_is_followed_by_none(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweet_id = harness.due_tweet(alice)
    task = begun(harness)
    monkeypatch.setattr(task, "_store", lambda *_: 1 / 0)
    assert harness.services.dispatcher.run_and_claim_next(task, "test") is None
    assert lanes.get(harness.services.db, alice.id).lease is None
    harness.work_for(120)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_what_is_due_in_several_lanes_is_claimed_in_one_commit(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [alice, harness.connect("bob"), harness.connect("carol")]
    ids = [harness.due_tweet(person, "One") for person in people]
    begins, transaction = [], harness.services.db.transaction
    monkeypatch.setattr(harness.services.db, "transaction", lambda **on: (begins.append(1), transaction(**on))[1])
    steps = harness.services.dispatcher.claim_up_to(2, "test")
    assert ([step.lane.account_id for step in steps], len(begins)) == ([people[0].id, people[1].id], 1)
    assert [harness.tweet(tweet_id).status for tweet_id in ids] == ["posting", "posting", "pending"]


def test_a_lane_that_cannot_be_chosen_for_keeps_back_no_other(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, carol = harness.connect("bob"), harness.connect("carol")
    broken = [harness.due_tweet(person, "One") for person in (alice, bob, carol)][1]
    dispatcher = harness.services.dispatcher
    choose = dispatcher._choose

    def chosen(tx: Transaction, lane: Lane) -> LaneTask | None:
        if lane.account_id == bob.id:
            raise LookupError("broken")
        return choose(tx, lane)

    monkeypatch.setattr(dispatcher, "_choose", chosen)
    steps = dispatcher.claim_up_to(3, "test")
    assert [step.lane.account_id for step in steps] == [alice.id, carol.id]
    assert harness.tweet(broken).status == "pending"
