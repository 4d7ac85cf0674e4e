"""429, 402 and what else keeps tweets back: nothing is lost, nothing is called too early."""

import pytest
from services_cast import House

from twitter_manager.models import Account
from twitter_manager.storage import attempts, lanes
from twitter_manager.timestamps import later

CREATE = "POST /2/tweets"


def test_after_a_429_no_call_goes_out_before_the_reset_and_one_after_it(house: House, alice: Account) -> None:
    house.x_has.rate_limits(reset_in=600)
    tweet_id = house.due_tweet(alice)
    other = house.due_tweet(alice, "Another one")
    house.work()
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "rate_limited")
    assert (house.tweet(other).status, house.tweet(other).error_code) == ("held", "rate_limited")
    house.work_for(598)
    assert house.calls(CREATE) == 1
    house.work_for(5)
    assert house.calls(CREATE) == 3
    assert {house.tweet(tweet_id).status, house.tweet(other).status} == {"posted"}


def test_the_rest_survives_a_restart(house: House, alice: Account, another) -> None:  # type: ignore[no-untyped-def]
    house.x_has.rate_limits(reset_in=600)
    house.due_tweet(alice)
    house.work()
    later = another()
    later.clock.forward(300)
    later.due_tweet(alice, "Asked for meanwhile")
    later.work()
    assert later.calls(CREATE) == 1


def test_what_is_asked_for_while_the_lane_rests_is_held_at_once(house: House, alice: Account) -> None:
    house.x_has.rate_limits(reset_in=600)
    house.due_tweet(alice)
    house.work()
    house.clock.forward(30)
    tweet_id = house.due_tweet(alice, "Asked for meanwhile")
    house.work()
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.error_code) == ("held", "rate_limited")
    assert tweet.due_at is not None


def test_accounts_never_wait_for_each_other(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    house.x_has.rate_limits(reset_in=600)
    house.due_tweet(alice)
    house.work()
    tweet_id = house.due_tweet(bob)
    house.work()
    assert house.tweet(tweet_id).status == "posted"


APP_REFUSALS = [
    ("runs_out_of_credits", "credits_depleted"),
    ("reaches_the_spend_cap", "spend_cap_reached"),
    ("reaches_the_usage_cap", "usage_capped"),
    ("client_is_not_enrolled", "client_not_enrolled"),
]


@pytest.mark.parametrize(("situation", "code"), APP_REFUSALS)
def test_when_x_refuses_the_app_everything_rests_and_one_call_probes(house: House, situation: str, code: str) -> None:
    people = [house.connect(name) for name in ("alice", "bob", "carol")]
    getattr(house.x_has, situation)()
    ids = [house.due_tweet(person, f"{n} of {person.username}") for person in people for n in range(3)]
    house.work()
    assert house.calls(CREATE) == 1
    assert {(house.tweet(i).status, house.tweet(i).error_code) for i in ids} == {("held", code)}
    report = house.services.health.report()
    assert [notice["code"] for notice in report.notices] == [code]
    assert report.healthy
    house.work_for(60)
    assert house.calls(CREATE) == 2, "one probe after a minute"
    house.x_has.clear()
    house.work_for(301)
    assert {house.tweet(i).status for i in ids} == {"posted"}
    assert len(house.x.posts()) == 9
    assert house.services.health.report().notices == []


def test_what_is_asked_for_while_the_app_rests_is_held_at_once_without_a_call(house: House, alice: Account) -> None:
    house.x_has.runs_out_of_credits()
    house.due_tweet(alice)
    house.work()
    tweet_id = house.due_tweet(alice, "Asked for meanwhile")
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "credits_depleted")
    assert house.calls(CREATE) == 1


def test_a_suspended_account_holds_its_tweets(house: House, alice: Account) -> None:
    house.x.suspend("alice")
    tweet_id = house.due_tweet(alice)
    house.work()
    assert (house.account(alice.id).status, house.account(alice.id).error_code) == ("suspended", "account_suspended")
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("held", "account_suspended")
    house.x.suspend("alice", suspended=False)
    house.connect("alice")
    house.work()
    assert house.tweet(tweet_id).status == "posted"


def test_the_other_world_rests_while_mock_mode_is_off(house: House, alice: Account) -> None:
    house.due_tweet(alice)
    with house.services.db.transaction() as tx:
        tx.execute("UPDATE service_state SET value = '0' WHERE name = 'mock_mode'")
    assert house.work() == 0
    assert house.services.health.report().resting_other_world == 1
    house.services.mock_mode.switch(True)
    house.work()
    assert house.texts_at_x("alice") == ["Good morning"]


def test_lanes_take_turns_and_post_now_goes_first(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    for n in range(3):
        house.services.publishing.create(account_id=alice.id, text=f"alice {n}")
        house.services.publishing.create(account_id=bob.id, text=f"bob {n}")
    urgent = house.services.publishing.create(account_id=alice.id, text="alice first")
    house.services.publishing.post_pending(None)
    house.services.publishing.post_now(urgent.id)
    while (step := house.services.turns.next("test")) is not None:
        house.clock.forward(0.01)
        step.take()
    posts = sorted(house.x.posts(), key=lambda post: int(post.id))
    assert [p.original for p in posts if p.original.startswith("alice")] == [
        "alice first",
        "alice 0",
        "alice 1",
        "alice 2",
    ]
    order = [post.original.split()[0] for post in posts]
    assert order[:4].count("bob") == 2, "the lanes took turns"


def test_the_sweep_finds_nothing_after_all_this(house: House, alice: Account) -> None:
    house.x_has.accepts_then_answers(503)
    house.x_has.rate_limits(reset_in=60, skip=1)
    for n in range(5):
        house.due_tweet(alice, f"Number {n}")
        house.work()
        assert house.services.upkeep.sweep_lanes() == 0
    house.work_for(3600)
    assert house.services.upkeep.sweep_lanes() == 0
    assert len(house.x.posts()) == 5


def test_calls_in_flight_when_the_app_began_to_rest_are_no_probes(house: House) -> None:
    people = [house.connect(name) for name in ("alice", "bob", "carol")]
    house.x_has.runs_out_of_credits()
    for person in people:
        house.due_tweet(person)
    steps = [house.services.turns.next("test") for _ in people]
    for step in steps:
        assert step is not None
        step.take()
    house.work_for(59)
    assert house.calls(CREATE) == 3
    house.work_for(2)
    assert house.calls(CREATE) == 4, "the first probe after a minute"


def test_a_reconnect_does_not_end_the_rest_that_x_asked_for(house: House, alice: Account) -> None:
    house.x_has.rate_limits(reset_in=3600)
    house.due_tweet(alice)
    house.work()
    house.clock.forward(10)
    with house.services.db.transaction() as tx:
        lanes.rest(tx, alice.id, until=later(tx.now, 5), code="x_unclear")
    house.connect("alice")
    house.due_tweet(alice, "Another one")
    house.work_for(600)
    assert house.calls(CREATE) == 1


def test_a_lane_that_cannot_take_its_turn_stops_no_other(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    broken = house.due_tweet(alice)
    with house.services.db.transaction() as tx:
        attempts.insert(tx, tweet_id=broken, account_id=alice.id, lease="gone", since_id=None)
    house.clock.forward(1)
    fine = house.due_tweet(bob)
    house.work()
    assert house.tweet(fine).status == "posted"


def test_no_renewal_begins_when_the_service_stops(house: House, alice: Account) -> None:
    house.clock.forward(7201)
    house.due_tweet(alice)
    step = house.services.turns.next("test")
    assert step is not None
    house.services.signals.stop()
    step.take()
    assert house.calls("POST /2/oauth2/token") == 1
    assert house.account(alice.id).refresh_sent_at is None


def test_a_401_on_the_probe_is_no_probe(house: House) -> None:
    people = [house.connect(name) for name in ("alice", "bob", "carol", "dave", "eve")]
    house.clock.forward(100)
    house.x_has.runs_out_of_credits(times=1, call=CREATE)
    ids = [house.due_tweet(person) for person in people]
    house.work()
    house.x.expire_access_tokens()
    house.work_for(61)
    assert {house.tweet(tweet_id).status for tweet_id in ids} == {"posted"}


def test_looks_on_a_young_token_that_is_not_taken_do_not_lengthen_the_rest_of_the_sends(
    house: House, alice: Account
) -> None:
    house.x_has.accepts_then_cuts_the_line()
    house.due_tweet(alice)
    house.x_has.refuses_the_token(times=4, call="GET /2/users/{id}/tweets")
    house.work_for(20)
    assert house.account(alice.id).unauthorized_streak == 0
