"""A thread broken at every part in turn, by every fault: it ends whole, in order, each part answering the one before,
and nothing twice. What X refused for good goes on when its owner resumes it."""

from collections.abc import Callable

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.thread_states import status_of_thread
from twitter_manager.simulator.bad_days import BadDays
from twitter_manager.storage import threads

TEXTS = ("One", "Two", "Three", "Four")

Fault = Callable[[BadDays, int], object]

BY_ITSELF: dict[str, Fault] = {
    "the line is cut after X took it": lambda x, skip: x.accepts_then_cuts_the_line(skip=skip),
    "the line is cut before": lambda x, skip: x.cuts_the_line(skip=skip),
    "503 although X took it": lambda x, skip: x.accepts_then_answers(503, skip=skip),
    "503 and X did nothing": lambda x, skip: x.fails(503, skip=skip),
    "garbage although X took it": lambda x, skip: x.accepts_then_answers_garbage(skip=skip),
    "an empty 201": lambda x, skip: x.accepts_then_answers_nothing(skip=skip),
    "garbage and X did nothing": lambda x, skip: x.answers_garbage(skip=skip),
    "429": lambda x, skip: x.rate_limits(reset_in=600, skip=skip),
    "401": lambda x, skip: x.refuses_the_token(call="POST /2/tweets", skip=skip),
    "the parent is not visible yet": lambda x, skip: x.does_not_see_the_parent(times=2, skip=skip),
    "out of credits": lambda x, skip: x.runs_out_of_credits(times=1, call="POST /2/tweets", skip=skip),
}
BY_RESUMING: dict[str, Fault] = {
    "X refuses it": lambda x, skip: x.refuses(403, detail="Not like this", skip=skip),
    "X has it already, it says": lambda x, skip: x.refuses_as_duplicate(skip=skip),
    "the parent is never visible": lambda x, skip: x.does_not_see_the_parent(times=10, skip=skip),
}


def publish(harness: ServicesHarness, account: Account) -> int:
    request = PublishRequest(account_id=account.id, post=Post(text=TEXTS[0]))
    return harness.services.threads.publish(request, [Post(text=text) for text in TEXTS[1:]]).thread.id


def assert_whole(harness: ServicesHarness, thread_id: int) -> None:
    parts = threads.list_parts(harness.services.db, thread_id)
    assert [part.tweet.status for part in parts] == ["posted"] * len(TEXTS), parts
    posts = harness.x.posts("alice")
    assert [post.original for post in posts] == list(TEXTS), "each once, in order"
    assert [post.in_reply_to for post in posts] == [None, *(post.id for post in posts[:-1])]
    assert [part.tweet.twitter_id for part in parts] == [post.id for post in posts]


@pytest.mark.parametrize("part", range(len(TEXTS)))
@pytest.mark.parametrize("fault", BY_ITSELF)
def test_it_ends_whole_by_itself(harness: ServicesHarness, alice: Account, fault: str, part: int) -> None:
    BY_ITSELF[fault](harness.x_has, part)
    thread_id = publish(harness, alice)
    harness.work_for(3600)
    assert_whole(harness, thread_id)


@pytest.mark.parametrize("part", range(len(TEXTS)))
@pytest.mark.parametrize("fault", BY_RESUMING)
def test_it_ends_whole_when_its_owner_resumes_it(
    harness: ServicesHarness, alice: Account, fault: str, part: int
) -> None:
    BY_RESUMING[fault](harness.x_has, part)
    thread_id = publish(harness, alice)
    harness.work_for(3600)
    parts = threads.list_parts(harness.services.db, thread_id)
    assert status_of_thread(parts) == "broken"
    assert [each.tweet.status for each in parts] == [
        *("posted" for _ in range(part)),
        "failed",
        *("pending" for _ in TEXTS[part + 1 :]),
    ]
    harness.services.maintenance.beat(worker_id="test", host="test")
    harness.x_has.clear()
    harness.services.threads.resume(thread_id)
    harness.work_for(3600)
    assert_whole(harness, thread_id)
