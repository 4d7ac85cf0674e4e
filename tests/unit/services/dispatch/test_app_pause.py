"""429, 402 and what else keeps tweets back: nothing is lost, nothing is called too early."""

from datetime import timedelta

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.storage import attempts, lanes
from twitter_manager.timestamps import earlier, later

CREATE = "POST /2/tweets"


def test_after_a_429_no_call_goes_out_before_the_reset_and_one_after_it(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.rate_limits(reset_in=600)
    tweet_id = harness.due_tweet(alice)
    other = harness.due_tweet(alice, "Another one")
    harness.work()
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "rate_limited")
    assert (harness.tweet(other).status, harness.tweet(other).error_code) == ("held", "rate_limited")
    harness.work_for(598)
    assert harness.calls(CREATE) == 1
    harness.work_for(5)
    assert harness.calls(CREATE) == 3
    assert {harness.tweet(tweet_id).status, harness.tweet(other).status} == {"posted"}


def test_the_rest_survives_a_restart(harness: ServicesHarness, alice: Account, another) -> None:  # type: ignore[no-untyped-def]
    harness.x_has.rate_limits(reset_in=600)
    harness.due_tweet(alice)
    harness.work()
    later = another()
    later.clock.forward(300)
    later.due_tweet(alice, "Asked for meanwhile")
    later.work()
    assert later.calls(CREATE) == 1


def test_what_is_asked_for_while_the_lane_rests_is_held_at_once(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.rate_limits(reset_in=600)
    harness.due_tweet(alice)
    harness.work()
    harness.clock.forward(30)
    tweet_id = harness.due_tweet(alice, "Asked for meanwhile")
    harness.work()
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.error_code) == ("held", "rate_limited")
    assert tweet.due_at is not None


def test_accounts_never_wait_for_each_other(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.x_has.rate_limits(reset_in=600)
    harness.due_tweet(alice)
    harness.work()
    tweet_id = harness.due_tweet(bob)
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


APP_REFUSALS = [
    ("runs_out_of_credits", "credits_depleted"),
    ("reaches_the_spend_cap", "spend_cap_reached"),
    ("reaches_the_usage_cap", "usage_capped"),
    ("client_is_not_enrolled", "client_not_enrolled"),
    ("client_is_forbidden", "client_not_enrolled"),
]


@pytest.mark.parametrize(("situation", "code"), APP_REFUSALS)
def test_when_x_refuses_the_app_everything_rests_and_one_call_probes(
    harness: ServicesHarness, situation: str, code: str
) -> None:
    people = [harness.connect(name) for name in ("alice", "bob", "carol")]
    getattr(harness.x_has, situation)()
    ids = [harness.due_tweet(person, f"{n} of {person.username}") for person in people for n in range(3)]
    harness.work()
    assert harness.calls(CREATE) == 1
    assert {(harness.tweet(i).status, harness.tweet(i).error_code) for i in ids} == {("held", code)}
    report = harness.services.health.report()
    assert [notice["code"] for notice in report.notices] == [code]
    assert report.healthy
    harness.work_for(60)
    assert harness.calls(CREATE) == 2, "one probe after a minute"
    harness.x_has.clear()
    harness.work_for(301)
    assert {harness.tweet(i).status for i in ids} == {"posted"}
    assert len(harness.x.posts()) == 9
    assert harness.services.health.report().notices == []


def test_what_is_asked_for_while_the_app_rests_is_held_at_once_without_a_call(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.runs_out_of_credits()
    harness.due_tweet(alice)
    harness.work()
    tweet_id = harness.due_tweet(alice, "Asked for meanwhile")
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "credits_depleted")
    assert harness.calls(CREATE) == 1


def test_a_suspended_account_holds_its_tweets(harness: ServicesHarness, alice: Account) -> None:
    harness.x.suspend("alice")
    tweet_id = harness.due_tweet(alice)
    harness.work()
    assert (harness.account(alice.id).status, harness.account(alice.id).error_code) == (
        "suspended",
        "account_suspended",
    )
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("held", "account_suspended")
    harness.x.suspend("alice", suspended=False)
    harness.connect("alice")
    harness.work()
    assert harness.tweet(tweet_id).status == "posted"


def test_the_other_environment_rests_while_mock_mode_is_off(harness: ServicesHarness, alice: Account) -> None:
    harness.due_tweet(alice)
    with harness.services.db.transaction() as tx:
        tx.execute("UPDATE service_state SET value = '0' WHERE name = 'mock_mode'")
    assert harness.work() == 0
    assert harness.services.health.report().resting_other_world == 1
    harness.services.mock_mode.switch(True)
    harness.work()
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_lanes_alternate_and_post_now_goes_first(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    for n in range(3):
        harness.services.tweets.create(account_id=alice.id, text=f"alice {n}")
        harness.services.tweets.create(account_id=bob.id, text=f"bob {n}")
    urgent = harness.services.tweets.create(account_id=alice.id, text="alice first")
    harness.services.publishing.post_pending(None)
    harness.services.publishing.post_now(urgent)
    while (step := harness.services.dispatcher.claim_next("test")) is not None:
        harness.clock.forward(0.01)
        step.execute()
    posts = sorted(harness.x.posts(), key=lambda post: int(post.id))
    assert [p.original for p in posts if p.original.startswith("alice")] == [
        "alice first",
        "alice 0",
        "alice 1",
        "alice 2",
    ]
    order = [post.original.split()[0] for post in posts]
    assert order[:4].count("bob") == 2, "the lanes took turns"


def test_there_is_no_lane_to_repair_after_all_this(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.accepts_then_answers(503)
    harness.x_has.rate_limits(reset_in=60, skip=1)
    for n in range(5):
        harness.due_tweet(alice, f"Number {n}")
        harness.work()
        assert harness.services.maintenance.repair_lanes() == 0
    harness.work_for(3600)
    assert harness.services.maintenance.repair_lanes() == 0
    assert len(harness.x.posts()) == 5


def test_calls_in_flight_when_the_app_began_to_rest_are_no_probes(harness: ServicesHarness) -> None:
    people = [harness.connect(name) for name in ("alice", "bob", "carol")]
    harness.x_has.runs_out_of_credits()
    for person in people:
        harness.due_tweet(person)
    steps = [harness.services.dispatcher.claim_next("test") for _ in people]
    for step in steps:
        assert step is not None
        step.execute()
    harness.work_for(59)
    assert harness.calls(CREATE) == 3
    harness.work_for(2)
    assert harness.calls(CREATE) == 4, "the first probe after a minute"


def test_a_reconnect_does_not_end_the_rest_that_x_asked_for(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.rate_limits(reset_in=3600)
    harness.due_tweet(alice)
    harness.work()
    harness.clock.forward(10)
    with harness.services.db.transaction() as tx:
        lanes.rest(tx, alice.id, until=later(tx.now, 5), code="x_unclear")
    harness.connect("alice")
    harness.due_tweet(alice, "Another one")
    harness.work_for(600)
    assert harness.calls(CREATE) == 1


def test_a_lane_with_a_fault_of_ours_stops_no_other(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    broken = harness.due_tweet(alice)
    with harness.services.db.transaction() as tx:
        attempts.insert(tx, tweet_id=broken, account_id=alice.id, lease="gone", since_id=None)
    harness.clock.forward(1)
    fine = harness.due_tweet(bob)
    harness.work()
    assert harness.tweet(fine).status == "posted"


def test_no_renewal_begins_when_the_service_stops(harness: ServicesHarness, alice: Account) -> None:
    harness.clock.forward(7201)
    harness.due_tweet(alice)
    step = harness.services.dispatcher.claim_next("test")
    assert step is not None
    harness.services.notifier.stop()
    step.execute()
    assert harness.calls("POST /2/oauth2/token") == 1
    assert harness.account(alice.id).refresh_sent_at is None


def test_a_401_on_the_probe_is_no_probe(harness: ServicesHarness) -> None:
    people = [harness.connect(name) for name in ("alice", "bob", "carol", "dave", "eve")]
    harness.clock.forward(100)
    harness.x_has.runs_out_of_credits(times=1, call=CREATE)
    ids = [harness.due_tweet(person) for person in people]
    harness.work()
    harness.x.expire_access_tokens()
    harness.work_for(61)
    assert {harness.tweet(tweet_id).status for tweet_id in ids} == {"posted"}


def test_readings_with_a_young_token_that_is_refused_do_not_lengthen_the_rest_of_the_sends(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    harness.due_tweet(alice)
    harness.x_has.refuses_the_token(times=4, call="GET /2/users/{id}/tweets")
    harness.work_for(20)
    assert harness.account(alice.id).unauthorized_streak == 0


def test_a_spending_limit_is_tried_at_the_day_that_x_names_and_now_and_then_before(
    harness: ServicesHarness, alice: Account
) -> None:
    midnight = (harness.clock.present + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    harness.clock.present = earlier(midnight, 3 * 3600 + 600)
    alice = harness.connect("alice")
    harness.x_has.reaches_the_spend_cap(reset_date=midnight.date().isoformat(), call=CREATE)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(2 * 3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.error_code) == ("held", "spend_cap_reached")
    assert midnight.date().isoformat() in (tweet.twitter_error or ""), "X's words name the day"
    assert 4 <= harness.calls(CREATE) <= 6
    harness.work_for((midnight - harness.clock.present).total_seconds() - 1)
    harness.x_has.clear()
    harness.work_for(2)
    assert harness.tweet(tweet_id).status == "posted"
