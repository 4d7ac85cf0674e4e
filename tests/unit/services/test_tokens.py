"""Tokens: renewed once, in time, and never lost to a network's bad day."""

from services_cast import House

from twitter_manager.models import Account
from twitter_manager.storage import accounts

TOKEN = "POST /2/oauth2/token"
CREATE = "POST /2/tweets"
TWO_HOURS = 7200


def renewals(house: House) -> int:
    return house.calls(TOKEN) - 1  # the first call exchanged the code


def test_a_token_with_under_five_minutes_left_is_renewed_before_it_is_used(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS - 299)
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.tweet(tweet_id).status == "posted"
    assert renewals(house) == 1
    assert house.account(alice.id).token_version == 2


def test_a_token_with_more_time_left_is_used_as_it_is(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS - 301)
    house.due_tweet(alice)
    house.work()
    assert renewals(house) == 0


def test_fifty_tweets_on_an_expired_token_make_one_renewal(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    house.clock.forward(TWO_HOURS + 1)
    for n in range(25):
        house.due_tweet(alice, f"alice {n}")
        house.due_tweet(bob, f"bob {n}")
    house.work_for(10)
    assert len(house.x.posts()) == 50
    assert house.calls(TOKEN) == 4  # two exchanges, two renewals


def test_a_401_renews_once_and_sends_again(house: House, alice: Account) -> None:
    house.clock.forward(120)
    house.x.expire_access_tokens()
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.tweet(tweet_id).status == "posted"
    assert renewals(house) == 1
    assert house.calls(CREATE) == 2


def test_a_401_on_a_fresh_token_rests_the_lane_and_keeps_the_account(house: House, alice: Account) -> None:
    house.clock.forward(120)
    house.x_has.refuses_the_token(times=3, call=CREATE)
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.account(alice.id).status == "active"
    assert house.account(alice.id).unauthorized_streak == 1
    assert house.tweet(tweet_id).status == "held"
    house.work_for(29)
    assert house.calls(CREATE) == 2
    house.work_for(800)
    assert house.tweet(tweet_id).status == "posted"
    assert house.account(alice.id).unauthorized_streak == 0
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_503_of_the_token_endpoint_disconnects_nobody(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS + 1)
    house.x_has.token_endpoint_fails(503, times=3)
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.account(alice.id).status == "active"
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "x_unclear")
    house.work_for(120)
    assert house.tweet(tweet_id).status == "posted"
    assert renewals(house) == 4


def test_a_renewal_that_fails_early_leaves_the_token_that_is_there_in_use(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS - 200)
    house.x_has.token_endpoint_fails(503)
    tweet_id = house.due_tweet(alice)
    house.work_for(3)
    assert house.tweet(tweet_id).status == "posted"
    assert renewals(house) == 1


def test_a_lost_renewal_uses_the_old_token_as_long_as_x_takes_it(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS - 200)
    house.x_has.rotates_then_cuts_the_line()
    first = house.due_tweet(alice, "still on the old token")
    house.work_for(5)
    assert house.tweet(first).status == "posted"
    assert house.account(alice.id).refresh_sent_at is not None
    house.clock.forward(250)
    second = house.due_tweet(alice, "after it expired")
    house.work_for(5)
    account = house.account(alice.id)
    assert (account.status, account.error_code) == ("failed", "refresh_lost")
    assert (house.tweet(second).status, house.tweet(second).error_code) == ("held", "refresh_lost")
    assert renewals(house) == 2, "the old refresh token is tried once"


def test_a_refused_renewal_holds_the_tweets_and_reconnecting_releases_them(house: House, alice: Account) -> None:
    house.x.disconnect("alice")
    house.clock.forward(TWO_HOURS + 1)
    tweet_id = house.due_tweet(alice)
    house.work()
    assert (house.account(alice.id).status, house.account(alice.id).error_code) == ("failed", "token_refused")
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "token_refused")
    assert house.tweet(tweet_id).due_at is None
    again = house.connect("alice")
    assert (again.id, again.status) == (alice.id, "active")
    house.work()
    assert house.tweet(tweet_id).status == "posted"


def test_a_refusal_of_our_client_loses_no_account(house: House, alice: Account) -> None:
    house.x.register_client("somebody-else", None)
    house.clock.forward(TWO_HOURS + 1)
    tweet_id = house.due_tweet(alice)
    house.work()
    assert house.account(alice.id).status == "active"
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "client_refused")
    house.x.register_client("mock-client", None)
    house.work_for(61)
    assert house.tweet(tweet_id).status == "posted"


def test_an_unreadable_token_makes_only_its_account_failed(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    with house.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET access_token = 'nonsense' WHERE id = :id", id=alice.id)
    lost, fine = house.due_tweet(alice), house.due_tweet(bob)
    house.work()
    assert (house.account(alice.id).status, house.account(alice.id).error_code) == ("failed", "token_unreadable")
    assert house.tweet(lost).status == "held"
    assert house.tweet(fine).status == "posted"


def test_who_loses_the_race_for_a_renewal_does_not_call_x(house: House, alice: Account) -> None:
    house.clock.forward(TWO_HOURS + 1)
    with house.services.db.transaction() as tx:
        until = house.clock.moment.replace(minute=59)
        assert accounts.claim_refresh(tx, alice.id, version=1, lease="other", until=until)
    house.due_tweet(alice)
    house.work()
    assert renewals(house) == 0
    assert house.account(alice.id).status == "active"


def test_a_tweet_that_is_unconfirmed_when_its_account_is_lost_is_looked_for_after_reconnecting(
    house: House, alice: Account
) -> None:
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work()
    house.x.disconnect("alice")
    house.clock.forward(TWO_HOURS + 1)
    house.work_for(60)
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision) == ("unconfirmed", True)
    house.connect("alice")
    house.work_for(60)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]
