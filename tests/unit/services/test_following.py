"""The step after a step: taken in the commit that stores what came of the one before."""

import pytest
from services_cast import House

from twitter_manager.models import Account
from twitter_manager.services.sending import Send
from twitter_manager.services.steps import Step
from twitter_manager.storage import attempts, lanes
from twitter_manager.timestamps import later


def begun(house: House) -> Step:
    step = house.services.turns.next("test")
    assert step is not None
    return step


def commits(house: House, step: Step) -> tuple[Step | None, int]:
    """The step that follows, and how many commits it took to get there."""
    begins, transaction = [], house.services.db.transaction

    def counted():  # type: ignore[no-untyped-def]
        begins.append(1)
        return transaction()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.services.db, "transaction", counted)
        return house.services.turns.follow(step, "test"), len(begins)


def test_what_came_of_it_and_the_next_intent_are_one_commit(house: House, alice: Account) -> None:
    first, second = house.due_tweet(alice, "One"), house.due_tweet(alice, "Two")
    following, count = commits(house, begun(house))
    assert (house.tweet(first).status, house.tweet(second).status, count) == ("posted", "posting", 1)
    assert [a.outcome for a in attempts.list_of_tweet(house.services.db, second)] == ["open"]
    assert following is not None
    assert (commits(house, following), house.tweet(second).status) == ((None, 1), "posted")
    assert house.texts_at_x("alice") == ["One", "Two"]


def test_the_lane_that_is_due_first_goes_first(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    house.due_tweet(alice, "One")
    step = begun(house)
    house.due_tweet(bob, "Waits for a second already")
    house.clock.forward(1)
    house.due_tweet(alice, "Two")
    following = house.services.turns.follow(step, "test")
    assert following is not None
    assert following.lane.account_id == bob.id
    last = house.services.turns.follow(following, "test")
    assert last is not None
    assert house.services.turns.follow(last, "test") is None
    assert (house.texts_at_x("alice"), len(house.texts_at_x("bob"))) == (["One", "Two"], 1)


def test_nothing_follows_where_nothing_is_due(house: House, alice: Account) -> None:
    house.due_tweet(alice)
    assert house.services.turns.follow(begun(house), "test") is None
    assert lanes.get(house.services.db, alice.id).lease is None


def test_at_a_stop_nothing_is_taken_any_more(house: House, alice: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = house.due_tweet(alice, "One"), house.due_tweet(alice, "Two")
    step = begun(house)
    assert isinstance(step, Send)
    stop_when_sent(house, step, monkeypatch)
    assert house.services.turns.follow(step, "test") is None
    assert (house.tweet(first).status, house.tweet(second).status) == ("posted", "pending")


def stop_when_sent(house: House, step: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM arrives while X answers."""
    conclude = step.conclude

    def stopped_first(*args: object) -> None:
        house.services.signals.stop()
        conclude(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(step, "conclude", stopped_first)


def test_a_lane_that_cannot_take_its_turn_does_not_cost_what_the_one_before_found_out(
    house: House, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = house.connect("bob")
    good = house.due_tweet(alice)
    step = begun(house)
    poisonous = house.due_tweet(bob)
    begin = Send.begin

    def fails_for_bob(*args: object) -> Send:
        if args[3].id == bob.id:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return begin(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Send, "begin", fails_for_bob)
    assert house.services.turns.follow(step, "test") is None
    assert (house.tweet(good).status, house.tweet(poisonous).status) == ("posted", "pending")
    house.work()
    assert lanes.get(house.services.db, bob.id).due_at == later(house.clock(), 60)
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_step_with_a_fault_of_ours_is_followed_by_none(
    house: House, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweet_id = house.due_tweet(alice)
    step = begun(house)
    monkeypatch.setattr(step, "_store", lambda *_: 1 / 0)
    assert house.services.turns.follow(step, "test") is None
    assert lanes.get(house.services.db, alice.id).lease is None
    house.work_for(120)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]
