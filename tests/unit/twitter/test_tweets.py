"""Posts: created once, deleted, looked up, and the own timeline read whole or not at all, in X's two dialects."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.wire import Line, Request, Server, answering, reply, serving
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.twitter import tweets
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import DuplicateContent, NotVisible, OutcomeUnknown, Refused, XError
from twitter_manager.twitter.text.matching import SeenPost, SeenUrl

USER = "1001"


PROBLEMS = "https://api.x.com/2/problems/"


def post(number: int, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "text": f"post {number}", "created_at": "2026-11-20T14:05:00.000Z", **more}


def page(*posts: dict[str, Any], next_token: str | None = None, **more: Any) -> bytes:
    meta = {"result_count": len(posts)} | ({"next_token": next_token} if next_token else {})
    return reply(200, ({"data": list(posts)} if posts else {}) | {"meta": meta} | more)


def list_own(server: Server, **how: Any) -> list[SeenPost]:
    return tweets.list_own(server.x(), "token", USER, **how)


def query(request: Request) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.line.split(" ")[1]).query).items()}


def ids(posts: list[SeenPost]) -> list[str]:
    return [each.id for each in posts]


class TestCreate:
    def test_a_post(self) -> None:
        with serving(answering(reply(201, {"data": {"id": "19", "text": "see https://t.co/1"}}))) as server:
            created = tweets.create(
                server.x(), "token", tweets.NewPost(text="see https://example.com 🎉", reply_to="12")
            )
        assert (created.id, created.text) == ("19", "see https://t.co/1")
        (request,) = server.requests
        assert request.line == "POST /2/tweets HTTP/1.1"
        expected = '{"text":"see https://example.com 🎉","reply":{"in_reply_to_tweet_id":"12"}}'
        assert request.body.decode() == expected

    @pytest.mark.parametrize("text", [None, 5])
    def test_without_its_text_it_is_as_we_sent_it(self, text: object) -> None:
        with serving(answering(reply(201, {"data": {"id": "19", "text": text}, "errors": [{}]}))) as server:
            assert tweets.create(server.x(), "token", tweets.NewPost(text="hello")).text == "hello"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"errors": [{"title": "x"}]},
            *({"data": data} for data in (None, [], {}, {"text": "hello"})),
            *({"data": {"id": post_id}} for post_id in (5, "", "²", "1 ")),
        ],
        ids=str,
    )
    def test_without_an_id_it_is_unknown(self, body: Any) -> None:
        with serving(answering(reply(201, body))) as server, pytest.raises(OutcomeUnknown):
            tweets.create(server.x(), "token", tweets.NewPost(text="hello"))


class TestDelete:
    @pytest.mark.parametrize("answer", [reply(200, {"data": {"deleted": True}}), reply(404, {"title": "Not Found"})])
    def test_gone_is_gone(self, answer: bytes) -> None:
        with serving(answering(answer)) as server:
            tweets.delete(server.x(), "token", "19")
        assert server.requests[0].line == "DELETE /2/tweets/19 HTTP/1.1"

    def test_anothers_post_stays(self) -> None:
        with serving(answering(reply(403, {"title": "Forbidden"}))) as server, pytest.raises(Refused):
            tweets.delete(server.x(), "token", "19")


class TestTheTimeline:
    def test_all_pages(self) -> None:
        answers = [page(post(9), post(8), next_token="a"), page(next_token="b"), page(post(7))]
        pages = []
        with serving(answering(*answers)) as server:
            found = list_own(server, since_id="5", before_page=lambda: pages.append(len(server.requests)))
        assert ids(found) == ["9", "8", "7"]
        assert pages == [0, 1, 2]
        asked = [query(request) for request in server.requests]
        assert [each.get("pagination_token") for each in asked] == [None, "a", "b"]
        assert {(each["since_id"], each["max_results"]) for each in asked} == {("5", "100")}
        assert server.requests[0].line.startswith(f"GET /2/users/{USER}/tweets?")

    def test_from_a_time_on_in_whole_seconds(self) -> None:
        with serving(answering(page())) as server:
            list_own(server, start_time=datetime(2026, 11, 20, 14, 5, 59, 999000, tzinfo=UTC))
        assert query(server.requests[0])["start_time"] == "2026-11-20T14:05:59Z"

    def test_an_id_is_better_than_a_time(self) -> None:
        with serving(answering(page())) as server:
            list_own(server, since_id="5", start_time=datetime(2026, 11, 20, tzinfo=UTC))
        assert "start_time" not in query(server.requests[0])

    def test_replies_are_included(self) -> None:
        with serving(answering(page())) as server:
            list_own(server, since_id="5")
        assert "exclude" not in query(server.requests[0])

    def test_nothing_new(self) -> None:
        with serving(answering(page())) as server:
            assert list_own(server, since_id="5") == []
        assert len(server.requests) == 1

    def test_called_off_between_pages(self) -> None:
        class LeaseLost(Exception):
            pass

        def before_page() -> None:
            if server.requests:
                raise LeaseLost

        with serving(answering(page(post(9), next_token="a"))) as server, pytest.raises(LeaseLost):
            list_own(server, before_page=before_page)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [500, 503])
    def test_a_page_that_fails_fails_all(self, status: int) -> None:
        with serving(answering(page(post(9), next_token="a"), reply(status))) as server, pytest.raises(OutcomeUnknown):
            list_own(server)

    @pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"]])
    def test_pages_that_go_round_in_circles(self, tokens: list[str]) -> None:
        answers = [page(post(9), next_token=token) for token in tokens]
        with serving(answering(*answers)) as server, pytest.raises(OutcomeUnknown, match="end"):
            list_own(server)
        assert len(server.requests) == len(tokens)

    def test_pages_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tweets, "MAX_PAGES", 20)

        def endless(line: Line) -> None:
            while line.read():
                line.send(page(next_token=f"token {len(server.requests)}"))

        with serving(endless) as server, pytest.raises(OutcomeUnknown, match="end"):
            list_own(server)
        assert len(server.requests) == 20

    def test_errors_beside_posts_concern_what_they_refer_to(self) -> None:
        with serving(
            answering(page(post(9), errors=[{"title": "Not Found Error", "resource_type": "tweet"}]))
        ) as server:
            assert ids(list_own(server)) == ["9"]

    def test_errors_instead_of_posts_are_no_empty_timeline(self) -> None:
        answer = reply(200, {"errors": [{"title": "Not Found Error"}]})
        with serving(answering(answer)) as server, pytest.raises(OutcomeUnknown):
            list_own(server)

    @pytest.mark.parametrize(
        "data",
        [None, "x", {"id": "1"}, [None], ["x"], [{"id": "1"}], [{"text": "x"}], [{"id": 1, "text": "x"}]],
        ids=str,
    )
    def test_posts_that_cannot_be_read_might_be_ours(self, data: Any) -> None:
        with serving(answering(reply(200, {"data": data}))) as server, pytest.raises(OutcomeUnknown):
            list_own(server)


class TestDialects:
    def test_the_new_one_first(self) -> None:
        with serving(answering(page(post(9)))) as server:
            list_own(server)
        (request,) = server.requests
        assert "created_at" in query(request)["post.fields"].split(",")
        assert query(request)["expansions"] == "edit_history_post_ids,referenced_posts", "more may be billed"
        assert "tweet.fields" not in query(request)

    def test_where_the_dates_are_missing_the_old_one_is_asked(self) -> None:
        bare = {"id": "9", "text": "post 9"}
        with serving(answering(page(bare), page(post(9)))) as server:
            (found,) = list_own(server)
        assert found.created_at == datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
        first, second = (query(request) for request in server.requests)
        assert "post.fields" in first
        assert "created_at" in second["tweet.fields"].split(",")
        assert "post.fields" not in second

    def test_where_both_lack_them_the_posts_are_there_all_the_same(self) -> None:
        with serving(answering(page({"id": "9", "text": "post 9"}))) as server:
            (found,) = list_own(server)
        assert (found.id, found.created_at, len(server.requests)) == ("9", None, 2)

    @pytest.mark.parametrize(
        ("note", "references"), [("note_post", "referenced_posts"), ("note_tweet", "referenced_tweets")]
    )
    def test_both_spellings_are_read(self, note: str, references: str) -> None:
        url = {"url": "https://t.co/1", "expanded_url": "https://example.com/"}
        written = {
            "entities": {"urls": [url, {"url": "https://t.co/2"}, {"expanded_url": "x"}, "x"]},
            "attachments": {"media_keys": ["3_1", "3_2"]},
            note: {"text": "the whole of it", "entities": {"urls": [url]}},
            references: [{"type": "quoted", "id": "4"}, {"type": "replied_to", "id": "3"}, "x"],
        }
        with serving(answering(page(post(9, **written)))) as server:
            (found,) = list_own(server)
        seen = SeenUrl("https://t.co/1", "https://example.com/")
        assert found == SeenPost(
            id="9",
            text="post 9",
            urls=(seen, SeenUrl("https://t.co/2", None)),
            long_text="the whole of it",
            long_urls=(seen,),
            reply_to="3",
            quote_of="4",
            media_count=2,
            created_at=datetime(2026, 11, 20, 14, 5, tzinfo=UTC),
        )

    @pytest.mark.parametrize("name", ["entities", "attachments", "note_post", "referenced_posts"])
    @pytest.mark.parametrize("value", [None, "x", 5, [], {}, [5], {"urls": 5, "media_keys": 5, "text": 5}], ids=str)
    def test_decorations_of_any_shape_do_not_hurt(self, name: str, value: Any) -> None:
        with serving(answering(page(post(9, **{name: value})))) as server:
            (found,) = list_own(server)
        assert (found.text, found.urls, found.long_text, found.reply_to, found.media_count) == (
            "post 9",
            (),
            None,
            None,
            0,
        )

    @pytest.mark.parametrize("name", ["edit_history_post_ids", "edit_history_tweet_ids"])
    def test_the_versions_of_an_edited_post(self, name: str) -> None:
        histories: list[Any] = [["7", "9"], ["9"], None, "7", [7, None, "x"], {}]
        for history, versions in zip(histories, [("7", "9"), (), (), (), (), ()], strict=True):
            with serving(answering(page(post(9, **{name: history})))) as server:
                (found,) = list_own(server)
            assert (found.versions, found.first_id) == (versions, "7" if versions else "9")

    @pytest.mark.parametrize("date", ["yesterday", "2026-11-20", 5, "0001-01-01T00:00:00+14:00"])
    def test_a_date_that_is_none(self, date: Any) -> None:
        with serving(answering(page(post(9, created_at=date)))) as server:
            (found,) = list_own(server)
        assert found.created_at is None


UNKNOWN_FIELDS = reply(
    400,
    {
        "errors": [
            {"parameters": {"post.fields": []}, "message": "The query parameter [post.fields] is not one of […]"}
        ],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.x.com/2/problems/invalid-request",
    },
)


class TestRefusedDialects:
    def test_the_other_one_is_asked_at_once_and_remembered_for_an_hour(self) -> None:
        moment = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
        steps = [UNKNOWN_FIELDS, page(post(9)), page(post(9)), UNKNOWN_FIELDS, page(post(9))]
        with serving(answering(*steps)) as server:
            x = XClient(server.base, clock=lambda: moment)
            for minutes in (0, 59, 60):
                moment = datetime(2026, 11, 20, 14, 0, tzinfo=UTC) + timedelta(minutes=minutes)
                assert [each.id for each in tweets.list_own(x, "token", "5", since_id="1")] == ["9"]
        asked = ["old" if "tweet.fields" in query(request) else "new" for request in server.requests]
        assert asked == ["new", "old", "old", "new", "old"]

    def test_an_empty_timeline_in_the_other_one_is_an_answer(self) -> None:
        with serving(answering(UNKNOWN_FIELDS, reply(200, {"meta": {"result_count": 0}}))) as server:
            assert list_own(server) == []

    def test_where_both_are_refused_it_is_a_refusal(self) -> None:
        with serving(answering(UNKNOWN_FIELDS)) as server, pytest.raises(Refused):
            list_own(server)
        assert len(server.requests) == 2

    def test_another_refusal_is_none_of_names(self) -> None:
        with serving(answering(reply(403, {"title": "Forbidden"}))) as server, pytest.raises(Refused):
            list_own(server)
        assert len(server.requests) == 1


class TestDeletion:
    @pytest.mark.parametrize(
        "answer",
        [
            reply(200, {"data": {"deleted": True}}),
            b"HTTP/1.1 204 No Content\r\n\r\n",
            reply(200, raw=b""),
            reply(404, {"title": "Not Found Error"}),
            reply(200, {"errors": [{"title": "Not Found Error", "type": f"{PROBLEMS}resource-not-found"}]}),
        ],
    )
    def test_gone(self, answer: bytes) -> None:
        with serving(answering(answer)) as server:
            tweets.delete(server.x(), "token", "9")

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (reply(200, {"data": {"deleted": False}}), Refused),
            (reply(200, {"errors": [{"detail": "no", "type": f"{PROBLEMS}not-authorized-for-resource"}]}), Refused),
            (reply(200, {}), OutcomeUnknown),
            (reply(200, {"data": {}}), OutcomeUnknown),
            (reply(200, raw=b"<html>"), OutcomeUnknown),
            (reply(404, raw=b"<html>"), OutcomeUnknown),
        ],
    )
    def test_not_gone(self, answer: bytes, kind: type[XError]) -> None:
        with serving(answering(answer)) as server, pytest.raises(kind):
            tweets.delete(server.x(), "token", "9")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\n\r\n", reply(201, raw=b""), reply(200, {})])
def test_an_empty_success_of_a_post_is_no_clear_answer(answer: bytes) -> None:
    with serving(answering(answer)) as server, pytest.raises(OutcomeUnknown):
        tweets.create(server.x(), "token", tweets.NewPost(text="hi"))


def test_getting_posts_by_id() -> None:
    answer = page(post(9), post(7), errors=[{"value": "8", "title": "Not Found Error"}])
    with serving(answering(answer, reply(200, {"errors": [{"value": "8"}]}))) as server:
        x = server.x()
        assert set(tweets.get_many(x, "token", ["9", "8", "7"])) == {"9", "7"}
        assert tweets.get_many(x, "token", ["8"]) == {}
    assert query(server.requests[0])["ids"] == "9,8,7"


class TestAgainstTheSimulator:
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        world = World(tmp_path / "x.db", seed=1)
        yield world
        world.close()

    @pytest.fixture
    def x(self, world: World) -> Iterator[XClient]:
        with running(world) as base:
            yield XClient(base)

    def test_what_was_posted_is_seen(self, world: World, x: XClient) -> None:
        token, user = world.sign_in("alice").access_token, world.user("alice").id
        first = tweets.create(x, token, tweets.NewPost(text="see https://example.com/a?b=c & <more>"))
        second = tweets.create(x, token, tweets.NewPost(text="an answer", reply_to=first.id))
        seen = tweets.list_own(x, token, user, start_time=datetime(2020, 1, 1, tzinfo=UTC))
        assert [(each.id, each.reply_to) for each in seen] == [(second.id, first.id), (first.id, None)]
        assert seen[1].urls[0].expanded_url == "https://example.com/a?b=c"
        assert ids(tweets.list_own(x, token, user, since_id=first.id)) == [second.id]
        tweets.delete(x, token, second.id)
        tweets.delete(x, token, second.id)
        assert set(tweets.get_many(x, token, [first.id, second.id])) == {first.id}

    def test_more_than_two_pages(self, world: World, x: XClient) -> None:
        token, user = world.sign_in("alice").access_token, world.user("alice").id
        written = [world.write("alice", f"post {number}").id for number in range(203)]
        assert ids(tweets.list_own(x, token, user, since_id=written[0])) == written[:0:-1]

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [("duplicate", DuplicateContent), ("not_visible", NotVisible), ("forbidden", Refused)],
    )
    def test_refusals(self, world: World, x: XClient, fault: str, kind: type[XError]) -> None:
        token = world.sign_in("alice").access_token
        world.faults.add(fault, times=1)
        with pytest.raises(kind):
            tweets.create(x, token, tweets.NewPost(text="hello"))
        assert world.posts("alice") == []


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        ({"meta": {"result_count": 0}}, True),
        ({"data": []}, True),
        ({"data": [post(1)]}, True),
        ({"data": [post(1)], "meta": {}}, True),
        ({}, False),
        ({"meta": {}}, False),
        ({"meta": {"result_count": 1}}, False),
        ({"data": [], "meta": {"result_count": 1}}, False),
        ({"data": [post(1)], "meta": {"result_count": 2}}, False),
        ({"data": [], "errors": [{"title": "Internal"}]}, False),
        ({"data": {}, "meta": {"result_count": 0}}, False),
    ],
)
def test_an_answer_that_says_nothing_of_posts_proves_nothing(body: dict[str, Any], whole: bool) -> None:
    with serving(answering(reply(200, body), reply(200, body))) as server:
        if whole:
            assert len(list_own(server)) == len(body.get("data", []))
        else:
            with pytest.raises(OutcomeUnknown):
                list_own(server)
