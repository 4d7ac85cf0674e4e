"""A database that was restored from a copy: what went out after the copy was made is found at X, not sent again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.services_harness import ServicesHarness
from twitter_manager.models import Account
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.publishing.tweets import Change
from twitter_manager.storage import restored
from twitter_manager.timestamps import later

CREATE = "POST /2/tweets"
TIMELINE = "GET /2/users/{id}/tweets"


@dataclass
class Installation:
    """One that is copied, goes on, and is put back to the copy, while X stays what it is."""

    folder: Path
    open: Callable[[], ServicesHarness]
    harness: ServicesHarness
    copies: list[Path] = field(default_factory=list)

    def copy(self) -> None:
        self.copies.append(self.folder / f"copy-{len(self.copies)}.tar")
        self.harness.services.backup.make(self.copies[-1])

    def restore(self) -> ServicesHarness:
        self.harness.services.close()
        done = self.harness.services.restore.run(self.copies[-1], replace=True)
        assert done.world == "kept"
        self.harness = self.open()
        return self.harness


@pytest.fixture
def installation(tmp_path: Path, another: Callable[[], ServicesHarness], harness: ServicesHarness) -> Installation:
    return Installation(tmp_path, another, harness)


def scheduled(harness: ServicesHarness, account: Account, text: str, seconds: float, **more: Any) -> int:
    request = PublishRequest(
        account_id=account.id,
        post=Post(text=text),
        schedule_at=later(harness.clock.present, seconds),
        allow_duplicate=True,
        **more,
    )
    return harness.services.publishing.publish(request).tweet.id


def thread(harness: ServicesHarness, account: Account, texts: list[str], seconds: float) -> None:
    request = PublishRequest(
        account_id=account.id, post=Post(text=texts[0]), schedule_at=later(harness.clock.present, seconds)
    )
    harness.services.threads.publish(request, [Post(text=text) for text in texts[1:]])


def statuses(harness: ServicesHarness) -> dict[str, str]:
    rows = harness.services.db.all("SELECT content, status FROM tweet ORDER BY id")
    return {row["content"]: row["status"] for row in rows}


def test_what_went_out_after_the_copy_is_found_and_the_rest_goes_out(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    scheduled(harness, alice, "before the copy", 1)
    harness.work_for(5)
    for number in range(4):
        scheduled(harness, alice, f"scheduled {number}", 60)
    waiting = harness.services.tweets.create(account_id=alice.id, text="told to go out")
    scheduled(harness, alice, "tomorrow", 86_400)
    installation.copy()
    harness.services.publishing.post_now(waiting)
    harness.work_for(120)
    assert len(harness.texts_at_x("alice")) == 6
    sent = harness.calls(CREATE)

    again = installation.restore()
    assert again.tweet(waiting).status == "pending"
    again.work_for(44)
    assert again.calls(CREATE) == sent
    assert statuses(again) == {
        "before the copy": "posted",
        **{f"scheduled {number}": "posted" for number in range(4)},
        "told to go out": "posted",
        "tomorrow": "scheduled",
    }
    again.work_for(86_400)
    assert again.texts_at_x("alice") == [
        "before the copy",
        "told to go out",
        *(f"scheduled {number}" for number in range(4)),
        "tomorrow",
    ]
    assert not restored.is_any(again.services.db)


def test_nothing_is_sent_before_the_third_reading(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    installation.copy()
    again = installation.restore()
    again.due_tweet(alice, "new")
    again.work_for(44)
    assert (again.calls(CREATE), again.calls(TIMELINE)) == (0, 2)
    assert restored.count(again.services.db) == 1
    again.work_for(2)
    assert (again.calls(CREATE), again.calls(TIMELINE)) == (1, 3)
    assert restored.count(again.services.db) == 0


def test_a_thread_goes_on_behind_the_last_part_that_is_out(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    thread(harness, alice, ["one", "two", "three", "four"], 10)
    installation.copy()
    harness.work_for(9)
    harness.clock.forward(1)
    task = harness.services.dispatcher.claim_next("test")
    for _ in range(2):  # two parts, then the machine breaks
        assert task is not None
        task = harness.services.dispatcher.run_and_claim_next(task, "test")
    assert harness.texts_at_x("alice") == ["one", "two"]

    again = installation.restore()
    again.work_for(60)
    assert again.texts_at_x("alice") == ["one", "two", "three", "four"]
    posts = again.x.posts("alice")
    assert [post.in_reply_to for post in posts[1:]] == [post.id for post in posts[:-1]]


def test_what_was_due_before_a_later_post_and_is_not_there_waits_for_its_owner(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    canceled = scheduled(harness, alice, "canceled after the copy", 60)
    scheduled(harness, alice, "posted after the copy", 120)
    late = scheduled(harness, alice, "due when nothing ran", 180)
    installation.copy()
    harness.services.tweets.change(canceled, Change(status="canceled"))
    harness.work_for(130)
    harness.clock.forward(600)

    again = installation.restore()
    again.work_for(100)
    asked = again.tweet(canceled)
    assert (asked.status, asked.needs_decision, asked.error_code) == ("unconfirmed", True, "doubtful_match")
    assert again.tweet(late).status == "posted"
    assert again.texts_at_x("alice") == ["posted after the copy", "due when nothing ran"]
    again.services.tweets.resolve(canceled, twitter_id=None)
    again.work()
    assert again.texts_at_x("alice")[-1] == "canceled after the copy"


def test_a_post_that_is_nearly_the_same_is_a_question(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    waiting = harness.services.tweets.create(account_id=alice.id, text="Good morning, dear people of the whole world")
    installation.copy()
    harness.x.write("alice", "Good morning dear people of the whole world")
    again = installation.restore()
    again.work_for(60)
    assert again.tweet(waiting).needs_decision


def test_equal_texts_are_found_one_for_one(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    later_one = scheduled(harness, alice, "the same", 7200)
    sooner = scheduled(harness, alice, "the same", 60)
    installation.copy()
    harness.work_for(70)
    again = installation.restore()
    again.work_for(60)
    assert (again.tweet(sooner).status, again.tweet(later_one).status) == ("posted", "scheduled")
    again.work_for(7200)
    assert again.texts_at_x("alice") == ["the same", "the same"]


def test_what_was_on_its_way_when_the_copy_was_made_is_found(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    harness.x_has.accepts_then_stays_silent()
    unclear = harness.due_tweet(alice, "unclear")
    harness.work()
    assert harness.tweet(unclear).status == "unconfirmed"
    installation.copy()
    again = installation.restore()
    again.work_for(120)
    assert again.tweet(unclear).status == "posted"
    assert again.texts_at_x("alice") == ["unclear"]


def test_late_policies_wait_for_the_look(installation: Installation, harness: ServicesHarness, alice: Account) -> None:
    tweet = scheduled(harness, alice, "only in time", 60, late_policy="skip")
    installation.copy()
    harness.work_for(70)
    harness.clock.forward(7200)
    again = installation.restore()
    again.work_for(60)
    assert again.tweet(tweet).status == "posted"


def test_while_x_cannot_be_asked_nothing_is_sent(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    scheduled(harness, alice, "posted after the copy", 60)
    installation.copy()
    harness.work_for(70)
    again = installation.restore()
    again.x_has.fails(503, call=TIMELINE, times=3)
    again.due_tweet(alice, "new")
    again.work_for(20)
    assert again.calls(CREATE) == 1
    again.work_for(600)
    assert again.texts_at_x("alice") == ["posted after the copy", "new"]


def test_an_account_that_must_be_connected_again_is_looked_for_then(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    tweet = scheduled(harness, alice, "posted after the copy", 60)
    installation.copy()
    harness.work_for(70)
    again = installation.restore()
    again.x.disconnect("alice")
    again.work_for(1000)
    assert again.account(alice.id).status == "failed"
    again.connect("alice")
    again.work_for(100)
    assert again.tweet(tweet).status == "posted"
    assert again.texts_at_x("alice") == ["posted after the copy"]


def test_restored_twice_the_first_copy_counts(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    tweet = scheduled(harness, alice, "posted after the copy", 60)
    installation.copy()
    harness.work_for(70)
    installation.restore().work_for(3)
    installation.copy()
    again = installation.restore()
    with again.services.db.transaction() as tx:
        mark = restored.find(tx, alice.id)
    assert mark is not None
    assert mark.known_until < later(again.clock.present, -70)
    again.work_for(60)
    assert again.tweet(tweet).status == "posted"
    assert again.texts_at_x("alice") == ["posted after the copy"]


def test_ids_given_out_after_the_copy_are_not_given_out_again(
    installation: Installation, harness: ServicesHarness, alice: Account
) -> None:
    installation.copy()
    after = harness.services.tweets.create(account_id=alice.id, text="made after the copy")
    again = installation.restore()
    assert again.services.tweets.create(account_id=alice.id, text="made after the restore") > after + 1000
