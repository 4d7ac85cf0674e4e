"""Changing, canceling, trying again and deleting tweets."""

from datetime import timedelta

import pytest
from services_cast import House

from twitter_manager.errors import Conflict, Invalid, NotFound, XRefused
from twitter_manager.models import Account
from twitter_manager.services.tweets import Change
from twitter_manager.storage.tweet_cleanup import CleanUp

CREATE = "POST /2/tweets"
DELETE = "DELETE /2/tweets/{id}"


def pending(house: House, account: Account, text: str = "Good morning") -> int:
    return house.services.publishing.create(account_id=account.id, text=text).id


def test_a_pending_tweet_gets_another_text(house: House, alice: Account) -> None:
    tweet_id = pending(house, alice)
    house.services.tweets.change(tweet_id, Change(text="Good evening"))
    house.services.publishing.post_now(tweet_id)
    house.work()
    assert house.texts_at_x("alice") == ["Good evening"]


def test_a_schedule_sends_it_at_its_time_and_can_be_moved_and_taken_back(house: House, alice: Account) -> None:
    tweet_id = pending(house, alice)
    soon = house.clock.moment + timedelta(seconds=100)
    assert house.services.tweets.change(tweet_id, Change(schedule_at=soon)).status == "scheduled"
    house.services.tweets.change(tweet_id, Change(schedule_at=soon + timedelta(seconds=100)))
    house.work_for(150)
    assert house.calls(CREATE) == 0
    house.services.tweets.change(tweet_id, Change(status="pending"))
    house.work_for(100)
    assert house.calls(CREATE) == 0
    house.services.tweets.change(tweet_id, Change(schedule_at=house.clock.moment + timedelta(seconds=10)))
    house.work_for(11)
    assert house.tweet(tweet_id).status == "posted"


def test_a_schedule_in_the_past_is_refused(house: House, alice: Account) -> None:
    with pytest.raises(Invalid, match="schedule_in_the_past"):
        house.services.tweets.change(pending(house, alice), Change(schedule_at=house.clock.moment - timedelta(61)))


def test_a_canceled_tweet_is_not_sent_and_can_be_taken_up_again(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    assert house.services.tweets.change(tweet_id, Change(status="canceled")).status == "canceled"
    house.work_for(60)
    assert house.calls(CREATE) == 0
    house.services.tweets.change(tweet_id, Change(status="pending"))
    house.work()
    assert house.calls(CREATE) == 0
    house.services.publishing.post_now(tweet_id)
    house.work()
    assert house.tweet(tweet_id).status == "posted"


def test_a_held_tweet_is_released_but_its_lane_rests_on(house: House, alice: Account) -> None:
    house.x_has.rate_limits(reset_in=600)
    tweet_id = house.due_tweet(alice)
    house.work()
    house.services.tweets.change(tweet_id, Change(status="pending"))
    house.work_for(590)
    assert house.calls(CREATE) == 1
    house.work_for(20)
    assert house.tweet(tweet_id).status == "posted"


@pytest.mark.parametrize("change", [Change(text="Another"), Change(status="canceled"), Change(status="pending")])
def test_what_may_be_at_x_is_not_changed(house: House, alice: Account, change: Change) -> None:
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work()
    with pytest.raises(Conflict, match="tweet_not_editable"):
        house.services.tweets.change(tweet_id, change)
    house.work_for(2)
    with pytest.raises(Conflict, match="tweet_not_editable"):
        house.services.tweets.change(tweet_id, change)


def test_a_failed_tweet_goes_out_again_with_another_text(house: House, alice: Account) -> None:
    house.x_has.refuses(400, detail="text is too long")
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.tweet(tweet_id).status == "failed"
    house.services.tweets.retry(tweet_id, text="Shorter")
    house.work()
    assert house.texts_at_x("alice") == ["Shorter"]
    with pytest.raises(Conflict, match="tweet_not_failed"):
        house.services.tweets.retry(tweet_id, text=None)


def test_a_tweet_is_deleted_here_and_at_x(house: House, alice: Account) -> None:
    here, there = house.due_tweet(alice, "Only here"), house.due_tweet(alice, "At X, too")
    house.work()
    house.services.tweets.delete(here, from_x=False)
    house.services.tweets.delete(there, from_x=True)
    assert house.texts_at_x("alice") == ["Only here"]
    for tweet_id in (here, there):
        with pytest.raises(NotFound):
            house.tweet(tweet_id)


def test_a_post_that_x_will_not_delete_stays_here(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    house.work()
    house.x_has.refuses(403, detail="no", call=DELETE)
    with pytest.raises(XRefused, match="delete_refused"):
        house.services.tweets.delete(tweet_id, from_x=True)
    assert house.tweet(tweet_id).status == "posted"


def test_deleting_at_x_renews_a_token_that_x_does_not_take(house: House, alice: Account) -> None:
    tweet_id = house.due_tweet(alice)
    house.work()
    house.x.expire_access_tokens()
    house.services.tweets.delete(tweet_id, from_x=True)
    assert house.texts_at_x("alice") == []


def test_what_may_be_on_its_way_is_not_deleted(house: House, alice: Account) -> None:
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work()
    with pytest.raises(Conflict, match="tweet_in_flight"):
        house.services.tweets.delete(tweet_id, from_x=False)


def test_cleaning_up_meets_every_criterion_and_skips_what_is_on_its_way(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    old = house.due_tweet(alice, "Old and posted")
    house.work()
    waiting = pending(house, alice, "Old and pending")
    house.clock.forward(3 * 86_400)
    asked = house.due_tweet(bob, "On its way")
    young = pending(house, bob, "Young and pending")
    clean_up = house.services.tweets.clean_up
    assert clean_up(CleanUp(statuses=["posted"], days_old=2, account_id=bob.id)).deleted == 0
    assert clean_up(CleanUp(statuses=["posted"], days_old=2)).deleted == 1
    with pytest.raises(NotFound):
        house.tweet(old)
    cleaned = clean_up(CleanUp(statuses=["pending"], account_id=bob.id))
    assert (cleaned.deleted, cleaned.skipped) == (1, 1)
    assert house.tweet(asked).status == "pending"
    assert clean_up(CleanUp(statuses=[], days_old=1)).deleted == 1
    for tweet_id in (young, waiting):
        with pytest.raises(NotFound):
            house.tweet(tweet_id)


def test_cleaning_up_without_a_criterion_deletes_nothing(house: House, alice: Account) -> None:
    tweet_id = pending(house, alice)
    with pytest.raises(Invalid, match="no_criterion"):
        house.services.tweets.clean_up(CleanUp())
    assert house.tweet(tweet_id).status == "pending"
