"""What becomes of a tweet after an unclear answer: it is at X once, whatever happened to the answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from services_cast import House

from twitter_manager.models import Account

TIMELINE = "GET /2/users/{id}/tweets"
CREATE = "POST /2/tweets"

AcceptingFault = Callable[[House], object]
ACCEPTED: list[tuple[str, AcceptingFault]] = [
    ("answers 500", lambda house: house.x_has.accepts_then_answers(500)),
    ("answers 503", lambda house: house.x_has.accepts_then_answers(503)),
    ("cuts the line", lambda house: house.x_has.accepts_then_cuts_the_line()),
    ("stays silent", lambda house: house.x_has.accepts_then_stays_silent()),
    ("trickles", lambda house: house.x_has.accepts_then_trickles()),
    ("answers garbage", lambda house: house.x_has.accepts_then_answers_garbage()),
    ("answers nothing", lambda house: house.x_has.accepts_then_answers_nothing()),
]
NOT_ACCEPTED: list[tuple[str, AcceptingFault]] = [
    ("answers 503", lambda house: house.x_has.fails(503)),
    ("cuts the line", lambda house: house.x_has.cuts_the_line()),
    ("stays silent", lambda house: house.x_has.stays_silent()),
    ("answers garbage", lambda house: house.x_has.answers_garbage()),
]


@pytest.mark.parametrize("fault", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_what_x_took_is_found_by_the_first_look(house: House, alice: Account, fault: AcceptingFault) -> None:
    fault(house)
    tweet_id = house.due_tweet(alice, "Read https://Example.com/a/?b=1 & be <glad> 👍")
    house.work()
    assert house.tweet(tweet_id).status == "unconfirmed"
    house.work_for(2)
    assert house.tweet(tweet_id).status == "posted"
    assert house.tweet(tweet_id).twitter_id == house.x.posts("alice")[0].id
    assert house.calls(CREATE) == 1
    assert house.calls(TIMELINE) == 1


@pytest.mark.parametrize("fault", [row[1] for row in NOT_ACCEPTED], ids=[row[0] for row in NOT_ACCEPTED])
def test_what_x_did_not_take_is_sent_again_after_three_looks(
    house: House, alice: Account, fault: AcceptingFault
) -> None:
    fault(house)
    tweet_id = house.due_tweet(alice)
    house.work_for(44)
    assert house.calls(CREATE) == 1, "sent again before the third look"
    house.work_for(2)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]
    assert (house.calls(CREATE), house.calls(TIMELINE)) == (2, 3)


def test_a_post_that_x_shows_late_is_still_found(house: House, alice: Account) -> None:
    house.x.change(visibility_delay=20)
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work_for(60)
    assert house.tweet(tweet_id).status == "posted"
    assert house.calls(CREATE) == 1


def test_five_absent_attempts_ask_the_owner_and_send_no_more(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=None)
    tweet_id = house.due_tweet(alice)
    house.work_for(3600)
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "attempts_exhausted")
    assert house.calls(CREATE) == 5


def test_the_owner_says_it_is_not_there_and_it_goes_out(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=5)
    tweet_id = house.due_tweet(alice)
    house.work_for(3600)
    house.services.publishing.resolve(tweet_id, twitter_id=None)
    house.work_for(1)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]


def test_the_owner_says_where_it_is(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=5)
    tweet_id = house.due_tweet(alice)
    house.work_for(3600)
    resolved = house.services.publishing.resolve(tweet_id, twitter_id="1234567890123456789")
    assert (resolved.status, resolved.twitter_id, resolved.needs_decision) == ("posted", "1234567890123456789", False)
    house.work_for(3600)
    assert house.calls(CREATE) == 5


def test_a_nearly_equal_post_asks_the_owner(house: House, alice: Account) -> None:
    house.x_has.cuts_the_line()
    tweet_id = house.due_tweet(alice, "Doors open at 8. See you there")
    house.work()
    house.x.write("alice", "Doors open at 8! See you there!")
    house.work_for(3600)
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "doubtful_match")
    assert tweet.twitter_error is not None
    assert house.x.posts("alice")[0].id in tweet.twitter_error
    assert house.calls(CREATE) == 1


def test_an_older_post_with_the_same_text_is_not_taken_for_it(house: House, alice: Account) -> None:
    house.x.write("alice", "Good morning")
    house.clock.forward(600)
    house.x_has.cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work_for(60)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning", "Good morning"]


def test_one_look_serves_all_unsettled_tweets_and_each_finds_its_own(house: House, alice: Account) -> None:
    house.x_has.accepts_then_answers(503, times=2)
    ids = [house.due_tweet(alice, f"Number {n} of the morning") for n in (1, 2)]
    house.work_for(4)
    house.work_for(20)
    posts = {post.original: post.id for post in house.x.posts("alice")}
    assert [house.tweet(tweet_id).twitter_id for tweet_id in ids] == [
        posts["Number 1 of the morning"],
        posts["Number 2 of the morning"],
    ]


def test_of_two_equal_tweets_the_second_waits_until_the_first_is_settled(house: House, alice: Account) -> None:
    house.x_has.cuts_the_line()
    first, second = house.due_tweet(alice), house.due_tweet(alice)
    house.work()
    house.clock.forward(3)
    house.work()
    assert house.tweet(first).status == "unconfirmed"
    assert house.tweet(second).status in ("pending", "held")
    assert house.calls(CREATE) == 1
    house.work_for(120)
    assert {house.tweet(first).status, house.tweet(second).status} == {"posted"}
    assert house.tweet(first).twitter_id != house.tweet(second).twitter_id
    assert house.texts_at_x("alice") == ["Good morning"] * 2


def test_an_outage_turns_three_tweets_unclear_and_not_the_whole_queue(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=None)
    house.x_has.timeline_is_unreadable(times=None)
    ids = [house.services.publishing.create(account_id=alice.id, text=f"Number {n}").id for n in range(20)]
    house.services.publishing.post_pending(None)
    house.work_for(600)
    statuses = [house.tweet(tweet_id).status for tweet_id in ids]
    assert statuses.count("unconfirmed") == 3
    assert statuses.count("held") + statuses.count("pending") == 17
    house.x_has.clear()
    house.work_for(900)
    assert {house.tweet(tweet_id).status for tweet_id in ids} == {"posted"}
    assert sorted(house.texts_at_x("alice")) == sorted(f"Number {n}" for n in range(20))


def test_an_unreadable_timeline_counts_for_nothing(house: House, alice: Account) -> None:
    house.x_has.cuts_the_line()
    house.x_has.timeline_is_unreadable(times=4)
    tweet_id = house.due_tweet(alice)
    house.work_for(100)
    assert house.calls(CREATE) == 1, "sent again although the timeline was never read three times"
    house.work_for(500)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]


def test_when_x_cannot_be_asked_the_owner_is_told_and_the_service_goes_on_asking(house: House, alice: Account) -> None:
    house.x_has.accepts_then_cuts_the_line()
    house.x_has.timeline_is_unreadable(times=None)
    tweet_id = house.due_tweet(alice)
    house.work_for(1800)
    tweet = house.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "x_cannot_be_asked")
    house.x_has.clear()
    house.work_for(300)
    assert house.tweet(tweet_id).status == "posted"
    assert house.calls(CREATE) == 1


def test_a_duplicate_after_an_unclear_attempt_that_is_not_found_fails(house: House, alice: Account) -> None:
    house.x_has.cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work_for(40)
    house.x_has.refuses_as_duplicate()
    house.work_for(200)
    assert (house.tweet(tweet_id).status, house.tweet(tweet_id).error_code) == ("failed", "duplicate_content")
    assert house.calls(CREATE) == 2


def test_a_duplicate_after_an_unclear_attempt_that_x_showed_late_is_adopted(house: House, alice: Account) -> None:
    house.x.change(duplicates_refused=True, visibility_delay=50)
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work_for(200)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice") == ["Good morning"]


def test_a_mistyped_id_of_the_owner_does_not_blind_later_looks(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=5)
    first = house.due_tweet(alice, "The first")
    house.work_for(3600)
    house.services.publishing.resolve(first, twitter_id="9000000000000000000")
    house.x_has.accepts_then_cuts_the_line()
    second = house.due_tweet(alice, "The second")
    house.work_for(120)
    assert house.tweet(second).status == "posted"
    assert house.texts_at_x("alice") == ["The second"]


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"meta": {"result_count": 1}}',
        '{"data": [], "meta": {"result_count": 1}}',
        '{"data": [], "errors": [{"title": "Internal"}], "meta": {"result_count": 0}}',
    ],
)
def test_a_timeline_that_shows_nothing_and_does_not_say_so_proves_nothing(
    house: House, alice: Account, body: str
) -> None:
    house.x_has.accepts_then_cuts_the_line()
    house.x_has.accepts_then_answers_garbage(body=body, times=4, call=TIMELINE)
    tweet_id = house.due_tweet(alice)
    house.work_for(600)
    assert house.tweet(tweet_id).status == "posted"
    assert house.calls(CREATE) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_clock_three_minutes_fast_makes_no_twin(house: House, alice: Account, known: bool) -> None:
    if known:
        house.due_tweet(alice, "So that an id is known")
        house.work()
    x_clock = house.x.now
    house.x.now = lambda: x_clock() - timedelta(minutes=3)  # type: ignore[method-assign]
    house.x_has.accepts_then_answers(503)
    tweet_id = house.due_tweet(alice)
    house.work_for(120)
    assert house.tweet(tweet_id).status == "posted"
    assert house.texts_at_x("alice").count("Good morning") == 1


def test_a_decision_that_waits_for_its_owner_survives_the_loss_and_return_of_the_account(
    house: House, alice: Account
) -> None:
    house.x_has.fails(503, times=5)
    waiting = house.due_tweet(alice)
    house.work_for(3600)
    house.x.suspend("alice")
    house.due_tweet(alice, "Another one")
    house.work()
    house.x.suspend("alice", suspended=False)
    house.connect("alice")
    house.work_for(600)
    tweet = house.tweet(waiting)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "attempts_exhausted")
    assert house.texts_at_x("alice") == ["Another one"]
    assert house.calls(TIMELINE) == 15


def test_a_look_with_a_fault_of_ours_does_not_spin(
    house: House, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.x_has.accepts_then_cuts_the_line()
    tweet_id = house.due_tweet(alice)
    house.work()
    with monkeypatch.context() as patch:
        patch.setattr("twitter_manager.services.settling.judge", lambda *_, **__: 1 / 0)
        house.clock.forward(2)
        assert house.work() == 1
    house.work_for(61)
    assert house.tweet(tweet_id).status == "posted"


def test_a_refusal_to_read_stops_no_sends_and_is_told_to_the_owner(house: House, alice: Account) -> None:
    bob = house.connect("bob")
    house.x_has.accepts_then_cuts_the_line()
    house.x_has.reaches_the_usage_cap(call=TIMELINE)
    unclear = house.due_tweet(alice, "Nobody knows")
    house.work_for(5)
    others = [house.due_tweet(account, f"Number {n}") for account in (alice, bob) for n in range(3)]
    house.work_for(60)
    assert {house.tweet(tweet_id).status for tweet_id in others} == {"posted"}
    house.work_for(1800)
    tweet = house.tweet(unclear)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "x_cannot_be_asked")


def test_a_long_outage_leaves_three_unclear_for_each_lane(house: House, alice: Account) -> None:
    house.x_has.fails(503, times=None)
    house.x_has.timeline_is_unreadable(times=None)
    for n in range(20):
        house.due_tweet(alice, f"Number {n}")
    house.work_for(6 * 3600)
    assert house.calls(CREATE) == 3
