"""While X refuses the whole app, whatever is made due says so on the tweet at once."""

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.tweets import Change
from twitter_manager.storage import threads, tweets
from twitter_manager.timestamps import later

CREATE = "POST /2/tweets"


def scheduled_tweet(harness: ServicesHarness, account: Account, seconds: float) -> int:
    moment = later(harness.clock.present, seconds)
    request = PublishRequest(account_id=account.id, post=Post(text=f"In {seconds} s"), schedule_at=moment)
    return harness.services.publishing.publish(request).tweet.id


def test_what_becomes_due_while_the_app_rests_says_so(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.runs_out_of_credits()
    harness.due_tweet(alice)
    harness.work()
    planned = scheduled_tweet(harness, alice, 30)
    harness.clock.forward(31)
    harness.services.maintenance.hold_for_rests()
    tweet = harness.tweet(planned)
    assert (tweet.status, tweet.error_code) == ("held", "credits_depleted")
    harness.x_has.clear()
    harness.work_for(400)
    assert harness.tweet(planned).status == "posted"


def test_what_becomes_due_while_its_lane_rests_says_so(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.rate_limits(reset_in=600)
    harness.due_tweet(alice)
    harness.work()
    planned = scheduled_tweet(harness, alice, 30)
    harness.clock.forward(31)
    harness.services.maintenance.hold_for_rests()
    tweet = harness.tweet(planned)
    assert (tweet.status, tweet.error_code) == ("held", "rate_limited")
    harness.work_for(570)
    assert harness.tweet(planned).status == "posted"


class TestWhileTheAppRests:
    """Whatever is made due says so on the tweet at once."""

    @pytest.fixture
    def resting(self, harness: ServicesHarness, alice: Account) -> ServicesHarness:
        harness.x_has.refuses(call=CREATE)
        failed = harness.due_tweet(alice, "Refused")
        harness.work()
        assert harness.tweet(failed).status == "failed"
        harness.x_has.runs_out_of_credits()
        harness.due_tweet(alice, "First")
        harness.work()
        return harness

    def says_so(self, harness: ServicesHarness, tweet_id: int) -> bool:
        tweet = harness.tweet(tweet_id)
        return (tweet.status, tweet.error_code) == ("held", "credits_depleted") and tweet.due_at is not None

    def test_retry(self, resting: ServicesHarness) -> None:
        (failed,) = [each for each in range(1, 9) if self.status(resting, each) == "failed"]
        assert resting.services.tweets.retry(failed, text=None).error_code == "credits_depleted"
        assert self.says_so(resting, failed)

    def test_patch(self, resting: ServicesHarness, alice: Account) -> None:
        planned = scheduled_tweet(resting, alice, 3600)
        with resting.services.db.transaction() as tx:
            tx.execute(
                "UPDATE tweet SET status = 'held', error_code = 'late', due_at = NULL WHERE id = :id", id=planned
            )
        resting.services.tweets.change(planned, Change(status="pending"))
        assert self.says_so(resting, planned)

    def test_publish(self, resting: ServicesHarness, alice: Account) -> None:
        request = PublishRequest(account_id=alice.id, post=Post(text="Now"))
        assert self.says_so(resting, resting.services.publishing.publish(request).tweet.id)

    def test_batch(self, resting: ServicesHarness, alice: Account) -> None:
        taken = resting.services.batches.publish([PublishRequest(account_id=alice.id, post=Post(text="Now"))])
        assert all(each.tweet and self.says_so(resting, each.tweet.id) for each in taken.posts)

    def test_thread(self, resting: ServicesHarness, alice: Account) -> None:
        request = PublishRequest(account_id=alice.id, post=Post(text="One"))
        started = resting.services.threads.publish(request, [Post(text="Two")])
        with resting.services.db.transaction() as tx:
            first = threads.list_parts(tx, started.thread.id)[0].tweet.id
        assert self.says_so(resting, first)

    def test_post_pending(self, resting: ServicesHarness, alice: Account) -> None:
        tweet_id = resting.services.tweets.create(account_id=alice.id, text="Pending")
        resting.services.publishing.post_pending(None)
        assert self.says_so(resting, tweet_id)

    def test_resolve(self, resting: ServicesHarness, alice: Account) -> None:
        tweet_id = resting.services.tweets.create(account_id=alice.id, text="Unclear")
        with resting.services.db.transaction() as tx:
            tx.execute("UPDATE tweet SET status = 'unconfirmed', needs_decision = 1 WHERE id = :id", id=tweet_id)
        resting.services.tweets.resolve(tweet_id, twitter_id=None)
        assert self.says_so(resting, tweet_id)

    def test_an_account_that_is_back(self, resting: ServicesHarness, alice: Account) -> None:
        tweet_id = resting.services.tweets.create(account_id=alice.id, text="Pending")
        resting.services.publishing.post_now(tweet_id)
        resting.services.accounts.switch(alice.id, active=False)
        assert resting.tweet(tweet_id).error_code == "account_inactive"
        resting.services.accounts.switch(alice.id, active=True)
        assert self.says_so(resting, tweet_id)

    def status(self, harness: ServicesHarness, tweet_id: int) -> str | None:
        with harness.services.db.transaction() as tx:
            tweet = tweets.find(tx, tweet_id)
        return tweet.status if tweet else None
