"""A user's posts, page by page, in both vocabularies."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.simulator import Caller
from twitter_manager.simulator.world import World

Timeline = Callable[..., Any]


def ids(page: Any) -> list[str]:
    return [post["id"] for post in page.get("data", [])]


def test_newest_first_ten_at_a_time(alice: Caller, timeline: Timeline) -> None:
    posted = [alice.posted(f"post {number}") for number in range(12)][::-1]
    page = timeline()
    assert ids(page) == posted[:10]
    assert page["meta"]["result_count"] == 10
    assert (page["meta"]["newest_id"], page["meta"]["oldest_id"]) == (posted[0], posted[9])


def test_pages_do_not_shift_when_a_post_comes_in_between(alice: Caller, timeline: Timeline) -> None:
    posted = [alice.posted(f"post {number}") for number in range(11)][::-1]
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = timeline(max_results="5", **token)
        seen += ids(page)
        if "next_token" not in page["meta"]:
            break
        alice.posted(f"in between {len(seen)}")
        token = {"pagination_token": page["meta"]["next_token"]}
    assert seen == posted


def test_an_empty_timeline_has_no_data(timeline: Timeline) -> None:
    assert timeline() == {"meta": {"result_count": 0}}


def test_since_and_until_ids_are_exclusive(alice: Caller, timeline: Timeline) -> None:
    posted = [alice.posted(f"post {number}") for number in range(5)]
    assert ids(timeline(since_id=posted[1], until_id=posted[4])) == [posted[3], posted[2]]


def test_times_have_whole_seconds(alice: Caller, timeline: Timeline, clock: Clock) -> None:
    first = alice.posted("at 14:05:00.123")
    clock.forward(2)
    second = alice.posted("at 14:05:02.123")
    shown = timeline(**{"post.fields": "created_at"})["data"]
    assert [post["created_at"] for post in shown] == ["2026-11-20T14:05:02.000Z", "2026-11-20T14:05:00.000Z"]
    assert ids(timeline(start_time="2026-11-20T14:05:00Z")) == [second, first]
    assert ids(timeline(start_time="2026-11-20T14:05:01Z")) == [second]
    assert ids(timeline(end_time="2026-11-20T14:05:02Z")) == [first]


def test_posts_that_are_not_visible_yet_are_missing(
    alice: Caller, timeline: Timeline, world: World, clock: Clock
) -> None:
    world.change(visibility_delay=30)
    post_id = alice.posted("patience")
    assert ids(timeline()) == []
    clock.forward(30)
    assert ids(timeline()) == [post_id]


def test_replies_can_be_left_out(alice: Caller, timeline: Timeline) -> None:
    parent = alice.posted("one")
    reply = alice.posted("two", reply={"in_reply_to_tweet_id": parent})
    assert ids(timeline()) == [reply, parent]
    assert ids(timeline(exclude="replies,retweets")) == [parent]


def test_the_new_vocabulary(alice: Caller, timeline: Timeline, world: World) -> None:
    parent = alice.posted("see https://example.com/page")
    alice.posted("two", reply={"in_reply_to_tweet_id": parent})
    fields = "created_at,entities,public_metrics,conversation_id,author_id,nonsense"
    expansions = "referenced_posts,author_id,in_reply_to_user_id,edit_history_post_ids"
    page = timeline(**{"post.fields": fields, "expansions": expansions})
    reply, first = page["data"]
    assert reply["referenced_posts"] == [{"type": "replied_to", "id": parent}]
    assert reply["author_id"] == reply["in_reply_to_user_id"] == world.user("alice").id
    assert reply["conversation_id"] == parent
    assert first["edit_history_post_ids"] == [parent]
    assert first["public_metrics"]["reply_count"] == 1
    assert "repost_count" in first["public_metrics"]
    assert "nonsense" not in first
    url = first["entities"]["urls"][0]
    assert (url["expanded_url"], url["display_url"]) == ("https://example.com/page", "example.com/page")
    assert first["text"][url["start"] : url["end"]] == url["url"]
    assert [post["id"] for post in page["includes"]["posts"]] == [parent]
    assert [user["username"] for user in page["includes"]["users"]] == ["alice"]


def test_the_old_vocabulary(alice: Caller, timeline: Timeline, world: World) -> None:
    parent = alice.posted("one")
    alice.posted("two", reply={"in_reply_to_tweet_id": parent})
    fields = "author_id,referenced_tweets,in_reply_to_user_id,public_metrics"
    page = timeline(**{"tweet.fields": fields, "expansions": "referenced_tweets.id"})
    reply, first = page["data"]
    assert reply["referenced_tweets"] == [{"type": "replied_to", "id": parent}]
    assert reply["author_id"] == world.user("alice").id
    assert first["edit_history_tweet_ids"] == [parent]
    assert "retweet_count" in first["public_metrics"]
    assert [post["id"] for post in page["includes"]["tweets"]] == [parent]


def test_only_what_was_asked_for_is_shown(alice: Caller, timeline: Timeline) -> None:
    post_id = alice.posted("plain")
    assert timeline()["data"] == [{"id": post_id, "text": "plain"}]
    # A field of the new vocabulary that is an expansion there is ignored as a field.
    assert timeline(**{"post.fields": "author_id"})["data"] == [{"id": post_id, "text": "plain"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_results", "4"),
        ("max_results", "101"),
        ("max_results", "ten"),
        ("max_results", "9" * 5000),
        ("since_id", "abc"),
        ("until_id", "9" * 20),
        ("start_time", "yesterday"),
        ("start_time", "2026-11-20T14:05:00"),
        ("start_time", "2009-01-01T00:00:00Z"),
        ("exclude", "likes"),
        ("pagination_token", "!"),
        ("pagination_token", "b2xkZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MA"),
        ("colour", "red"),
        ("since", "1"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_by_name(alice: Caller, world: World, name: str, value: str) -> None:
    response = alice.call("GET", f"/2/users/{world.user('alice').id}/tweets", params={name: value})
    assert response.status_code == 400
    assert name in response.json()["errors"][0]["parameters"]


def test_a_stranger_who_does_not_exist_stands_in_errors(alice: Caller) -> None:
    assert alice.get("/2/users/42/tweets")["errors"][0]["resource_type"] == "user"


def test_it_is_3200_posts_deep(alice: Caller, timeline: Timeline, world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("twitter_manager.simulator.timeline.DEPTH", 7)
    for number in range(9):
        world.write("alice", f"post {number}")
    first = timeline(max_results="5")
    second = timeline(max_results="5", pagination_token=first["meta"]["next_token"])
    assert (len(ids(first)), len(ids(second)), "next_token" in second["meta"]) == (5, 2, False)
