"""Creating, looking up and deleting posts."""

from typing import Any

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import API, Caller
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.world import World
from twitter_manager.timestamps import later


@pytest.fixture
def bob(world: World, session: requests.Session) -> Caller:
    return Caller(session, world.sign_in("bob").access_token)


def test_a_post_is_there_once_it_was_created(alice: Caller, world: World) -> None:
    response = alice.post("good morning")
    post = world.posts("alice")[0]
    assert (response.status_code, post.original) == (201, "good morning")
    assert response.json() == {"data": {"id": post.id, "text": "good morning", "edit_history_post_ids": [post.id]}}


def test_the_returned_text_is_escaped_and_its_links_are_tco(alice: Caller, world: World) -> None:
    text = "a <b> & (https://example.com/x_(y)?q=1&r=2), see Example.org."
    shown = alice.post(text).json()["data"]["text"]
    urls = world.posts("alice")[0].urls
    assert [url["expanded_url"] for url in urls] == ["https://example.com/x_(y)?q=1&r=2", "http://Example.org"]
    assert shown == f"a &lt;b&gt; &amp; ({urls[0]['url']}), see {urls[1]['url']}."
    for url in urls:
        assert shown[url["start"] : url["end"]] == url["url"]
        assert len(url["url"]) == len("https://t.co/") + 10


@pytest.mark.parametrize("text", ["me@example.com", "file.txt and 3.14", "a.b.c", "@user.com", "hello.World"])
def test_what_is_no_link_stays_as_it_is(alice: Caller, text: str) -> None:
    assert alice.post(text).json()["data"]["text"] == text


def test_media_and_quotes_append_a_link_to_the_text(alice: Caller, world: World) -> None:
    quoted = alice.posted("look")
    alice.posted("at this", quote_tweet_id=quoted)
    alice.posted("and this", media={"media_ids": ["77"]})
    _, quoting, with_media = world.posts("alice")
    assert quoting.urls[0]["expanded_url"] == f"https://x.com/alice/status/{quoted}"
    assert with_media.text == f"and this {with_media.urls[0]['url']}"


def test_ids_grow_within_a_millisecond_and_when_the_clock_goes_back(alice: Caller, clock: Clock) -> None:
    ids = [int(alice.posted(f"post {number}")) for number in range(5)]
    clock.forward(-3600)
    ids.append(int(alice.posted("an hour ago")))
    assert ids == sorted(set(ids))
    assert all(len(str(number)) == 19 for number in ids)


def test_the_same_text_within_a_day_is_refused(alice: Caller, bob: Caller, world: World, clock: Clock) -> None:
    alice.posted("again")
    assert bob.post("again").status_code == 201
    clock.forward(24 * 3600 - 2)
    alice.token = world.sign_in("alice").access_token
    response = alice.post(" again\n")
    assert response.status_code == 403
    assert response.json()["type"] == "about:blank"
    assert response.json()["detail"] == "You are not allowed to create a Tweet with duplicate content."
    clock.forward(2)
    assert alice.post("again").status_code == 201


def test_deleting_the_first_does_not_make_the_second_welcome(alice: Caller) -> None:
    alice.call("DELETE", f"/2/tweets/{alice.posted('again')}")
    assert alice.post("again").status_code == 403


def test_duplicates_can_be_let_through(alice: Caller, world: World) -> None:
    world.change(duplicates_refused=False)
    assert [alice.post("again").status_code for _ in range(2)] == [201, 201]


def test_a_reply_knows_its_parent(alice: Caller, world: World) -> None:
    parent = alice.posted("one")
    alice.posted("two", reply={"in_reply_to_tweet_id": parent})
    reply = world.posts("alice")[1]
    assert (reply.in_reply_to, reply.conversation_id) == (parent, parent)


def test_a_parent_that_is_not_visible_yet_cannot_be_replied_to(alice: Caller, world: World, clock: Clock) -> None:
    world.change(visibility_delay=5)
    reply = {"in_reply_to_tweet_id": alice.posted("one")}
    refused = alice.post("two", reply=reply)
    assert refused.status_code == 403
    assert "deleted or not visible to you" in refused.json()["detail"]
    clock.forward(5)
    assert alice.post("two", reply=reply).status_code == 201


def test_a_deleted_parent_cannot_be_replied_to(alice: Caller, world: World) -> None:
    parent = world.write("alice", "one")
    world.delete(parent.id)
    assert alice.post("two", reply={"in_reply_to_tweet_id": parent.id}).status_code == 403


def test_a_post_can_be_kept_from_sight_as_long_as_one_likes(alice: Caller, world: World, clock: Clock) -> None:
    post_id = alice.posted("late")
    world.show_from(post_id, later(clock(), 60))
    assert "data" not in alice.get(f"/2/tweets/{post_id}")
    clock.forward(60)
    assert alice.get(f"/2/tweets/{post_id}")["data"]["text"] == "late"


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x", "colour": "red"},
        {"text": "x", "media": {"media_ids": ["1"], "size": 3}},
        {"text": 5},
        {"text": "\ud800"},
        {"text": "  "},
        {},
        {"text": "x", "media": {"media_ids": []}},
        {"text": "x", "media": {"media_ids": ["1", "2", "3", "4", "5"]}},
        {"text": "x", "media": {}},
        {"text": "x", "reply": {"in_reply_to_tweet_id": 5}},
        {"text": "x", "reply": {"in_reply_to_tweet_id": "9" * 20}},
        {"text": "x", "poll": {"options": ["a"], "duration_minutes": 5}},
        {"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 4}},
        {"text": "x", "poll": {"options": ["a", "b" * 26], "duration_minutes": 5}},
        {"text": "x", "reply_settings": "everyone"},
        {"text": "x", "made_with_ai": "yes"},
        {"text": "x", "quote_tweet_id": "1", "media": {"media_ids": ["1"]}},
    ],
)
def test_a_body_the_schema_does_not_allow_is_refused(alice: Caller, world: World, body: dict[str, Any]) -> None:
    response = alice.call("POST", "/2/tweets", json=body)
    assert response.status_code == 400
    assert response.json()["type"] == "https://api.x.com/2/problems/invalid-request"
    assert world.posts() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(alice: Caller, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {alice.token}", "Content-Type": "application/json"}
    assert requests.Session.post(alice.session, f"{API}/2/tweets", data=body, headers=headers).status_code == 400


def test_a_poll_is_kept(alice: Caller, world: World) -> None:
    alice.posted("which?", poll={"options": ["this", "that"], "duration_minutes": 60})
    assert world.posts()[0].poll == {"options": ["this", "that"], "duration_minutes": 60}


def test_a_text_beyond_25000_characters_is_too_long(alice: Caller) -> None:
    assert alice.post("x" * 25_000).status_code == 201
    response = alice.post("y" * 25_001)
    assert response.status_code == 403
    assert "text is too long" in response.json()["detail"]


def test_a_long_post_is_cut_and_whole_in_note_post(alice: Caller) -> None:
    post_id = alice.posted("long " * 100)
    new = alice.get(f"/2/tweets/{post_id}", **{"post.fields": "note_post"})["data"]
    old = alice.get(f"/2/tweets/{post_id}", **{"tweet.fields": "note_tweet"})["data"]
    assert (len(new["text"]), new["text"][-1]) == (280, "…")
    assert new["note_post"]["text"] == old["note_tweet"]["text"] == ("long " * 100).strip()


def test_only_the_author_can_delete(alice: Caller, bob: Caller, world: World) -> None:
    post_id = alice.posted("mine")
    response = bob.call("DELETE", f"/2/tweets/{post_id}")
    assert response.status_code == 403
    assert response.json()["type"].endswith("/not-authorized-for-resource")
    assert alice.call("DELETE", f"/2/tweets/{post_id}").json() == {"data": {"deleted": True}}
    assert world.posts() == []
    assert alice.call("DELETE", f"/2/tweets/{post_id}").json() == {"data": {"deleted": True}}


def test_what_is_missing_stands_in_errors(alice: Caller) -> None:
    post_id = alice.posted("here")
    single = alice.get("/2/tweets/12345")
    assert single["errors"][0]["resource_id"] == "12345"
    assert "data" not in single
    several = alice.get("/2/tweets", ids=f"{post_id},12345")
    assert [post["id"] for post in several["data"]] == [post_id]
    assert [error["value"] for error in several["errors"]] == ["12345"]


@pytest.mark.parametrize("ids", ["", "x", "1,x", ",".join(["1"] * 101)])
def test_a_list_of_ids_that_does_not_fit_is_refused(alice: Caller, ids: str) -> None:
    assert alice.call("GET", "/2/tweets", params={"ids": ids}).status_code == 400


def test_the_world_outlives_its_process(alice: Caller, world: World, tmp_path: Any, session: requests.Session) -> None:
    alice.posted("kept")
    world.close()
    reopened = World(tmp_path / "simulator.db", clock=world.now)
    session.mount("https://", SimulatorAdapter(reopened))
    assert alice.get("/2/users/me")["data"]["username"] == "alice"
    assert [post.original for post in reopened.posts()] == ["kept"]
    reopened.close()


def test_an_edited_post_has_a_new_id_and_its_history(alice: Caller, world: World, timeline: Any) -> None:
    first = alice.posted("good mornign")
    second = world.edit(first, "good morning").id
    assert [post["text"] for post in timeline()["data"]] == ["good morning"]
    assert [post.id for post in world.posts("alice")] == [second]
    for post_id in (first, second):
        new = alice.get(f"/2/tweets/{post_id}", expansions="edit_history_post_ids")["data"]
        old = alice.get(f"/2/tweets/{post_id}", **{"tweet.fields": "created_at"})["data"]
        assert (new["id"], new["edit_history_post_ids"]) == (post_id, [first, second])
        assert old["edit_history_tweet_ids"] == [first, second]


def test_an_edit_stays_where_the_post_was(alice: Caller, world: World) -> None:
    parent = alice.posted("above")
    first = alice.posted("below", reply={"in_reply_to_tweet_id": parent})
    third = world.edit(world.edit(first, "bellow").id, "below it")
    assert (third.in_reply_to, third.conversation_id) == (parent, parent)
    with pytest.raises(LookupError):
        world.edit(first, "an earlier version is not there to be edited")


@pytest.mark.parametrize("version", [0, 1])
def test_deleting_any_version_deletes_them_all(alice: Caller, world: World, version: int) -> None:
    first = alice.posted("one")
    versions = [first, world.edit(first, "two").id]
    assert alice.call("DELETE", f"/2/tweets/{versions[version]}").json() == {"data": {"deleted": True}}
    assert "data" not in alice.get("/2/tweets", ids=",".join(versions))
