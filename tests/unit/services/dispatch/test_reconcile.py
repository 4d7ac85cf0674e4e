"""What becomes of a tweet after an unclear answer: it is at X once, whatever happened to the answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account

TIMELINE = "GET /2/users/{id}/tweets"
CREATE = "POST /2/tweets"

AcceptingFault = Callable[[ServicesHarness], object]
ACCEPTED: list[tuple[str, AcceptingFault]] = [
    ("answers 500", lambda harness: harness.x_has.accepts_then_answers(500)),
    ("answers 503", lambda harness: harness.x_has.accepts_then_answers(503)),
    ("cuts the line", lambda harness: harness.x_has.accepts_then_cuts_the_line()),
    ("stays silent", lambda harness: harness.x_has.accepts_then_stays_silent()),
    ("trickles", lambda harness: harness.x_has.accepts_then_trickles()),
    ("answers garbage", lambda harness: harness.x_has.accepts_then_answers_garbage()),
    ("answers nothing", lambda harness: harness.x_has.accepts_then_answers_nothing()),
]
NOT_ACCEPTED: list[tuple[str, AcceptingFault]] = [
    ("answers 503", lambda harness: harness.x_has.fails(503)),
    ("cuts the line", lambda harness: harness.x_has.cuts_the_line()),
    ("stays silent", lambda harness: harness.x_has.stays_silent()),
    ("answers garbage", lambda harness: harness.x_has.answers_garbage()),
]


@pytest.mark.parametrize("fault", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_what_x_took_is_found_by_the_first_reading(
    harness: ServicesHarness, alice: Account, fault: AcceptingFault
) -> None:
    fault(harness)
    tweet_id = harness.due_tweet(alice, "Read https://Example.com/a/?b=1 & be <glad> 👍")
    harness.work()
    assert harness.tweet(tweet_id).status == "unconfirmed"
    harness.work_for(2)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.tweet(tweet_id).twitter_id == harness.x.posts("alice")[0].id
    assert harness.calls(CREATE) == 1
    assert harness.calls(TIMELINE) == 1


@pytest.mark.parametrize("fault", [row[1] for row in NOT_ACCEPTED], ids=[row[0] for row in NOT_ACCEPTED])
def test_what_x_did_not_take_is_sent_again_after_three_readings(
    harness: ServicesHarness, alice: Account, fault: AcceptingFault
) -> None:
    fault(harness)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(44)
    assert harness.calls(CREATE) == 1, "sent again before the third check"
    harness.work_for(2)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]
    assert (harness.calls(CREATE), harness.calls(TIMELINE)) == (2, 3)


def test_a_post_that_x_shows_late_is_still_found(harness: ServicesHarness, alice: Account) -> None:
    harness.x.change(visibility_delay=20)
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work_for(60)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.calls(CREATE) == 1


def test_five_absent_attempts_ask_the_owner_and_send_no_more(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=None)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "attempts_exhausted")
    assert harness.calls(CREATE) == 5


def test_the_owner_says_it_is_not_there_and_it_goes_out(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=5)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(3600)
    harness.services.tweets.resolve(tweet_id, twitter_id=None)
    harness.work_for(1)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_the_owner_says_where_it_is(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=5)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(3600)
    resolved = harness.services.tweets.resolve(tweet_id, twitter_id="1234567890123456789")
    assert (resolved.status, resolved.twitter_id, resolved.needs_decision) == ("posted", "1234567890123456789", False)
    harness.work_for(3600)
    assert harness.calls(CREATE) == 5


def test_a_nearly_equal_post_asks_the_owner(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.cuts_the_line()
    tweet_id = harness.due_tweet(alice, "Doors open at 8. See you there")
    harness.work()
    harness.x.write("alice", "Doors open at 8! See you there!")
    harness.work_for(3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "doubtful_match")
    assert tweet.twitter_error is not None
    assert harness.x.posts("alice")[0].id in tweet.twitter_error
    assert harness.calls(CREATE) == 1


def test_an_older_post_with_the_same_text_is_not_taken_for_it(harness: ServicesHarness, alice: Account) -> None:
    harness.x.write("alice", "Good morning")
    harness.clock.forward(600)
    harness.x_has.cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work_for(60)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning", "Good morning"]


def test_one_reading_serves_all_unsettled_tweets_and_each_finds_its_own(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.accepts_then_answers(503, times=2)
    ids = [harness.due_tweet(alice, f"Number {n} of the morning") for n in (1, 2)]
    harness.work_for(4)
    harness.work_for(20)
    posts = {post.original: post.id for post in harness.x.posts("alice")}
    assert [harness.tweet(tweet_id).twitter_id for tweet_id in ids] == [
        posts["Number 1 of the morning"],
        posts["Number 2 of the morning"],
    ]


def test_of_two_equal_tweets_the_second_waits_until_the_first_is_reconciled(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.cuts_the_line()
    first, second = harness.due_tweet(alice), harness.due_tweet(alice)
    harness.work()
    harness.clock.forward(3)
    harness.work()
    assert harness.tweet(first).status == "unconfirmed"
    assert harness.tweet(second).status in ("pending", "held")
    assert harness.calls(CREATE) == 1
    harness.work_for(120)
    assert {harness.tweet(first).status, harness.tweet(second).status} == {"posted"}
    assert harness.tweet(first).twitter_id != harness.tweet(second).twitter_id
    assert harness.texts_at_x("alice") == ["Good morning"] * 2


def test_an_outage_turns_three_tweets_unclear_and_not_the_whole_queue(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=None)
    harness.x_has.timeline_is_unreadable(times=None)
    ids = [harness.services.tweets.create(account_id=alice.id, text=f"Number {n}") for n in range(20)]
    harness.services.publishing.post_pending(None)
    harness.work_for(600)
    statuses = [harness.tweet(tweet_id).status for tweet_id in ids]
    assert statuses.count("unconfirmed") == 3
    assert statuses.count("held") + statuses.count("pending") == 17
    harness.x_has.clear()
    harness.work_for(900)
    assert {harness.tweet(tweet_id).status for tweet_id in ids} == {"posted"}
    assert sorted(harness.texts_at_x("alice")) == sorted(f"Number {n}" for n in range(20))


def test_an_unreadable_timeline_counts_for_nothing(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.cuts_the_line()
    harness.x_has.timeline_is_unreadable(times=4)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(100)
    assert harness.calls(CREATE) == 1, "sent again although the timeline was never read three times"
    harness.work_for(500)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_when_x_cannot_be_asked_the_owner_is_told_and_the_service_goes_on_asking(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    harness.x_has.timeline_is_unreadable(times=None)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(1800)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "x_cannot_be_asked")
    harness.x_has.clear()
    harness.work_for(300)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.calls(CREATE) == 1


def test_a_duplicate_after_an_unclear_attempt_that_is_not_found_fails(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work_for(40)
    harness.x_has.refuses_as_duplicate()
    harness.work_for(200)
    assert (harness.tweet(tweet_id).status, harness.tweet(tweet_id).error_code) == ("failed", "duplicate_content")
    assert harness.calls(CREATE) == 2


def test_a_duplicate_after_an_unclear_attempt_that_x_showed_late_is_adopted(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x.change(duplicates_refused=True, visibility_delay=50)
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work_for(200)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice") == ["Good morning"]


def test_a_mistyped_id_of_the_owner_does_not_blind_later_readings(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=5)
    first = harness.due_tweet(alice, "The first")
    harness.work_for(3600)
    harness.services.tweets.resolve(first, twitter_id="9000000000000000000")
    harness.x_has.accepts_then_cuts_the_line()
    second = harness.due_tweet(alice, "The second")
    harness.work_for(120)
    assert harness.tweet(second).status == "posted"
    assert harness.texts_at_x("alice") == ["The second"]


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
    harness: ServicesHarness, alice: Account, body: str
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    harness.x_has.accepts_then_answers_garbage(body=body, times=4, call=TIMELINE)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(600)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.calls(CREATE) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_clock_three_minutes_fast_makes_no_twin(harness: ServicesHarness, alice: Account, known: bool) -> None:
    if known:
        harness.due_tweet(alice, "So that an id is known")
        harness.work()
    x_clock = harness.x.now
    harness.x.now = lambda: x_clock() - timedelta(minutes=3)  # type: ignore[method-assign]
    harness.x_has.accepts_then_answers(503)
    tweet_id = harness.due_tweet(alice)
    harness.work_for(120)
    assert harness.tweet(tweet_id).status == "posted"
    assert harness.texts_at_x("alice").count("Good morning") == 1


def test_a_decision_that_waits_for_its_owner_survives_the_loss_and_return_of_the_account(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.fails(503, times=5)
    waiting = harness.due_tweet(alice)
    harness.work_for(3600)
    harness.x.suspend("alice")
    harness.due_tweet(alice, "Another one")
    harness.work()
    harness.x.suspend("alice", suspended=False)
    harness.connect("alice")
    harness.work_for(600)
    tweet = harness.tweet(waiting)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "attempts_exhausted")
    assert harness.texts_at_x("alice") == ["Another one"]
    assert harness.calls(TIMELINE) == 15


def test_a_reading_with_a_fault_of_ours_does_not_spin(
    harness: ServicesHarness, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    with monkeypatch.context() as patch:
        patch.setattr("twitter_manager.services.dispatch.reconcile.match_posts", lambda *_, **__: 1 / 0)
        harness.clock.forward(2)
        assert harness.work() == 1
    harness.work_for(61)
    assert harness.tweet(tweet_id).status == "posted"


def test_a_refusal_to_read_stops_no_sends_and_is_told_to_the_owner(harness: ServicesHarness, alice: Account) -> None:
    bob = harness.connect("bob")
    harness.x_has.accepts_then_cuts_the_line()
    harness.x_has.reaches_the_usage_cap(call=TIMELINE)
    unclear = harness.due_tweet(alice, "Nobody knows")
    harness.work_for(5)
    others = [harness.due_tweet(account, f"Number {n}") for account in (alice, bob) for n in range(3)]
    harness.work_for(60)
    assert {harness.tweet(tweet_id).status for tweet_id in others} == {"posted"}
    harness.work_for(1800)
    tweet = harness.tweet(unclear)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "x_cannot_be_asked")


def test_a_long_outage_leaves_three_unclear_for_each_lane(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.fails(503, times=None)
    harness.x_has.timeline_is_unreadable(times=None)
    for n in range(20):
        harness.due_tweet(alice, f"Number {n}")
    harness.work_for(6 * 3600)
    assert harness.calls(CREATE) == 3


@pytest.mark.parametrize(
    "text", ["https://example.com/\u200bzero", "https://example.com\u2060and more", "two: https://a.com/x\u200by a.co"]
)
def test_a_link_that_x_shows_with_letters_close_to_it_is_not_sent_again(
    harness: ServicesHarness, alice: Account, text: str
) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice, text)
    harness.work_for(3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.error_code) == ("unconfirmed", "doubtful_match")
    assert harness.calls(CREATE) == 1


def test_a_post_of_the_time_of_the_attempt_that_is_no_tweet_of_ours_is_asked_about(
    harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.cuts_the_line()
    tweet_id = harness.due_tweet(alice, "Good morning")
    harness.work()
    post = harness.x.write("alice", "Shown in a way that nobody could know again")
    harness.work_for(44)
    assert not harness.tweet(tweet_id).needs_decision, "the post itself may still be seen"
    harness.work_for(3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.needs_decision, tweet.error_code) == ("unconfirmed", True, "doubtful_match")
    assert tweet.twitter_error is not None
    assert post.id in tweet.twitter_error
    assert harness.calls(CREATE) == 1


def test_a_post_of_another_time_or_to_somebody_else_explains_itself(harness: ServicesHarness, alice: Account) -> None:
    other = harness.x.write("bob", "What do you think?")
    harness.x_has.cuts_the_line()
    tweet_id = harness.due_tweet(alice)
    harness.work()
    harness.x.write("alice", "An answer by hand", in_reply_to=other.id)
    harness.work_for(20)
    harness.x.write("alice", "By hand, while X is asked")
    harness.work_for(60)
    assert harness.tweet(tweet_id).status == "posted"


def test_the_posts_of_other_tweets_explain_themselves(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    first = harness.due_tweet(alice, "Number 1")
    second = harness.due_tweet(alice, "Number 2")
    harness.work_for(120)
    assert [harness.tweet(each).status for each in (first, second)] == ["posted", "posted"]
    assert harness.calls(CREATE) == 2


def test_a_post_that_its_owner_edited_before_the_reading_is_ours(harness: ServicesHarness, alice: Account) -> None:
    harness.x_has.accepts_then_cuts_the_line()
    tweet_id = harness.due_tweet(alice, "Doors open at eight")
    harness.work()
    newer = harness.x.edit(harness.x.posts("alice")[0].id, "Changed beyond recognition: no show tonight")
    harness.work_for(3600)
    tweet = harness.tweet(tweet_id)
    assert (tweet.status, tweet.twitter_id) == ("posted", newer.id)
    assert harness.calls(CREATE) == 1


def test_an_edit_of_a_tweet_of_ours_is_no_post_of_another(harness: ServicesHarness, alice: Account) -> None:
    first = harness.due_tweet(alice, "Good morning")
    harness.work()
    post_id = harness.tweet(first).twitter_id
    harness.x_has.cuts_the_line()
    second = harness.due_tweet(alice, "Good night")
    harness.work()
    assert post_id is not None
    harness.x.edit(post_id, "Good night")
    harness.work_for(60)
    assert harness.tweet(second).status == "posted"
    assert harness.calls(CREATE) == 3


@pytest.mark.parametrize("dialect", ["post.fields", "tweet.fields"])
def test_a_reading_is_made_in_the_vocabulary_that_x_knows(
    harness: ServicesHarness, alice: Account, dialect: str
) -> None:
    harness.x.change(dialect=dialect)
    for n in range(2):
        harness.x_has.accepts_then_cuts_the_line()
        tweet_id = harness.due_tweet(alice, f"Number {n}")
        harness.work_for(10)
        assert harness.tweet(tweet_id).status == "posted"
    assert harness.calls(CREATE) == 2
    assert harness.calls(TIMELINE) == (2 if dialect == "post.fields" else 3), "the other one is remembered"
