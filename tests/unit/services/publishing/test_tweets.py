"""Changing, canceling, trying again and deleting tweets."""

from datetime import timedelta

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.errors import Conflict, Invalid, NotFound, XRefused
from twitter_manager.models import Account
from twitter_manager.services.publishing.tweets import Change
from twitter_manager.storage.tweet_cleanup import CleanUp

CREATE = "POST /2/tweets"
DELETE = "DELETE /2/tweets/{id}"


def pending(harness: ServicesHarness, account: Account, text: str = "Good morning") -> int:
    return harness.services.tweets.create(account_id=account.id, text=text)


def test_a_pending_tweet_gets_another_text(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = pending(harness, alice)
    harness.services.tweets.change(tweet_id, Change(text="Good evening"))
    harness.services.publishing.post_now(tweet_id)
    harness.work()
    assert harness.texts_at_x("alice") == ["Good evening"]


def test_a_schedule_sends_it_at_its_time_and_can_be_moved_and_taken_back(
    harness: ServicesHarness, alice: Account
) -> None:
    tweet_id = pending(harness, alice)
    soon = harness.clock.present + timedelta(seconds=100)
    assert harness.services.tweets.change(tweet_id, Change(schedule_at=soon)).status == "scheduled"
    harness.services.tweets.change(tweet_id, Change(schedule_at=soon + timedelta(seconds=100)))
    harness.work_for(150)
    assert harness.calls(CREATE) == 0
    harness.services.tweets.change(tweet_id, Change(status="pending"))
    harness.work_for(100)
    assert harness.calls(CREATE) == 0
    harness.services.tweets.change(tweet_id, Change(schedule_at=harness.clock.present + timedelta(seconds=10)))
    harness.work_for(11)
    assert harness.tweet(tweet_id).status == "posted"


def test_a_schedule_in_the_past_is_refused(harness: ServicesHarness, alice: Account) -> None:
    with pytest.raises(Invalid, match="schedule_in_the_past"):
        harness.services.tweets.change(
            pending(harness, alice), Change(schedule_at=harness.clock.present - timedelta(61))
        )


def test_a_canceled_tweet_is_not_sent_and_can_be_taken_up_again(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    assert harness.services.tweets.change(tweet_id, Change(status="canceled")).status == "canceled"
    harness.work_for(60)
    assert harness.calls(CREATE) == 0
    harness.services.tweets.change(tweet_id, Change(status="pending"))
    harness.work()
    assert harness.calls(CREATE) == 0
    harness.services.publishing.post_now(tweet_id)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_a_held_tweet_is_released_but_its_lane_rests_on(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.rate_limits(reset_in=600)
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.services.tweets.change(tweet_id, Change(status="pending"))
    harness.work_for(590)
    assert harness.calls(CREATE) == 1
    harness.work_for(20)
    assert harness.tweet(tweet_id).status == "posted"


@pytest.mark.parametrize("change", [Change(text="Another"), Change(status="canceled"), Change(status="pending")])
def test_what_may_be_at_x_is_not_changed(harness: ServicesHarness, alice: Account, change: Change) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    with pytest.raises(Conflict, match="tweet_not_editable"):
        harness.services.tweets.change(tweet_id, change)
    harness.work_for(2)
    with pytest.raises(Conflict, match="tweet_not_editable"):
        harness.services.tweets.change(tweet_id, change)


def test_a_failed_tweet_goes_out_again_with_another_text(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.refuses(400, detail="text is too long")
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert harness.tweet(tweet_id).status == "failed"
    harness.services.tweets.retry(tweet_id, text="Shorter")
    harness.work()
    assert harness.texts_at_x("alice") == ["Shorter"]
    with pytest.raises(Conflict, match="tweet_not_failed"):
        harness.services.tweets.retry(tweet_id, text=None)


def test_a_tweet_is_deleted_here_and_at_x(harness: ServicesHarness, alice: Account) -> None:
    here, there = harness.due_tweet(alice, "Only here"), harness.due_tweet(alice, "At X, too")
    harness.work()
    harness.services.tweets.delete(here, from_x=False)
    harness.services.tweets.delete(there, from_x=True)
    assert harness.texts_at_x("alice") == ["Only here"]
    for tweet_id in (here, there):
        with pytest.raises(NotFound):
            harness.tweet(tweet_id)


def test_a_post_that_x_will_not_delete_stays_here(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.x_has.refuses(403, detail="no", call=DELETE)
    with pytest.raises(XRefused, match="delete_refused"):
        harness.services.tweets.delete(tweet_id, from_x=True)
    assert harness.tweet(tweet_id).status == "posted"


def test_what_x_says_it_did_not_delete_stays_here(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.x_has.does_not_delete()
    with pytest.raises(XRefused, match="delete_refused"):
        harness.services.tweets.delete(tweet_id, from_x=True)
    assert harness.tweet(tweet_id).status == "posted"
    harness.x_has.deletes_without_a_body()
    harness.services.tweets.delete(tweet_id, from_x=True)
    assert harness.texts_at_x("alice") == []


def test_deleting_at_x_renews_a_token_that_x_does_not_take(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.clock.forward(60)
    harness.x.expire_access_tokens()
    harness.services.tweets.delete(tweet_id, from_x=True)
    assert harness.texts_at_x("alice") == []


def test_deleting_at_x_does_not_renew_a_token_that_was_just_issued(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.clock.forward(20)
    harness.x.expire_access_tokens()
    with pytest.raises(XRefused, match="unauthorized_by_x") as refused:
        harness.services.tweets.delete(tweet_id, from_x=True)
    assert refused.value.next_attempt_at is not None
    assert (refused.value.next_attempt_at - harness.clock.present).total_seconds() == 40
    harness.clock.forward(40)
    harness.services.tweets.delete(tweet_id, from_x=True)
    assert harness.texts_at_x("alice") == []


def test_what_may_be_on_its_way_is_not_deleted(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    with pytest.raises(Conflict, match="tweet_in_flight"):
        harness.services.tweets.delete(tweet_id, from_x=False)


def test_cleaning_up_meets_every_criterion_and_skips_what_is_on_its_way(
    harness: ServicesHarness, alice: Account
) -> None:
    bob = harness.connect("bob")
    old = harness.due_tweet(alice, "Old and posted")
    harness.work()
    waiting = pending(harness, alice, "Old and pending")
    harness.clock.forward(3 * 86_400)
    asked = harness.due_tweet(bob, "On its way")
    young = pending(harness, bob, "Young and pending")
    clean_up = harness.services.tweets.clean_up
    assert clean_up(CleanUp(statuses=["posted"], days_old=2, account_id=bob.id)).deleted == 0
    assert clean_up(CleanUp(statuses=["posted"], days_old=2)).deleted == 1
    with pytest.raises(NotFound):
        harness.tweet(old)
    cleaned = clean_up(CleanUp(statuses=["pending"], account_id=bob.id))
    assert (cleaned.deleted, cleaned.skipped) == (1, 1)
    assert harness.tweet(asked).status == "pending"
    assert clean_up(CleanUp(statuses=[], days_old=1)).deleted == 1
    for tweet_id in (young, waiting):
        with pytest.raises(NotFound):
            harness.tweet(tweet_id)


def test_cleaning_up_without_a_criterion_deletes_nothing(harness: ServicesHarness, alice: Account) -> None:
    tweet_id = pending(harness, alice)
    with pytest.raises(Invalid, match="no_criterion"):
        harness.services.tweets.clean_up(CleanUp())
    assert harness.tweet(tweet_id).status == "pending"
