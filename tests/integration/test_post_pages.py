"""The `url` of a simulated account's post leads to a page that shows it; a real one's leads to X."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlsplit

import pytest

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.services.environments import post_url

NASTY = "<script>alert(1)</script> & \"quoted\" 'too' &lt;b&gt;"


def shown(service: Service, url: str) -> str:
    """The page's HTML, for somebody without a key."""
    answer = service.anonymous.get(urlsplit(url).path)
    assert answer.status_code == 200, answer.text
    return answer.text


def texts(page: str) -> list[str]:
    """The posts on it, as a person reads them."""
    return [
        unescape(re.sub(r"<[^>]+>", "", text)) for text in re.findall(r'<p class="text">(.*?)</p>', page, re.DOTALL)
    ]


def publish(service: Service, path: str, **body: object) -> dict[str, object]:
    with BackgroundWorker(service):
        answer = service.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json
    return found


@pytest.mark.parametrize("text", ["Good morning", NASTY, "two\n\nlines", "日本語 👋🏽 é"])
def test_a_post_is_shown_as_it_was_written(service: Service, alice: int, text: str) -> None:
    url = str(publish(service, "/api/v1/tweets", account_id=alice, text=text)["url"])
    page = shown(service, url)
    assert texts(page) == [text]
    assert "<strong>alice</strong>" in page
    assert "@alice" in page
    assert "<script" not in page


def test_links_are_shown_short_and_lead_where_they_should(service: Service, alice: int) -> None:
    text = "See https://example.com/a?b=1&c=%22 and https://www.example.org/a/very/long/path/that/is/cut, now"
    page = shown(service, str(publish(service, "/api/v1/tweets", account_id=alice, text=text)["url"]))
    hrefs = [unescape(href) for href in re.findall(r'href="(http[^"]*)"', page)]
    assert hrefs == ["https://example.com/a?b=1&c=%22", "https://www.example.org/a/very/long/path/that/is/cut"]
    assert "t.co" not in page


def test_a_thread_is_shown_whole_from_each_of_its_parts(service: Service, alice: int) -> None:
    parts = ["One", "Two", "Three"]
    thread = publish(service, "/api/v1/threads", account_id=alice, tweets=parts)
    for number, part in enumerate(thread["tweets"], 1):  # type: ignore[arg-type]
        page = shown(service, part["url"])
        assert texts(page) == parts
        emphasized = re.findall(r'<article class="shown">(.*?)</article>', page, re.DOTALL)
        assert [texts(each) for each in emphasized] == [[parts[number - 1]]]
        assert page.count("Replying to @alice") == 2


def test_a_reply_says_whom_it_answers_and_links_lead_on(service: Service, alice: int) -> None:
    post = publish(service, "/api/v1/tweets", account_id=alice, text="Who is there?")
    reply = service.world.write("bob", "Bob is", in_reply_to=str(post["tweet_id"]))
    page = shown(service, f"/mock/x/bob/status/{reply.id}")
    assert texts(page) == ["Who is there?", "Bob is"]
    assert "Replying to @alice" in page
    assert f'href="../../alice/status/{post["tweet_id"]}"' in page
    assert "1 reply" in page


def test_an_edited_post_says_so(service: Service, alice: int) -> None:
    post = publish(service, "/api/v1/tweets", account_id=alice, text="Good mornign")
    edited = service.world.edit(str(post["tweet_id"]), "Good morning")
    assert "Edited" in shown(service, f"/mock/x/alice/status/{edited.id}")
    assert texts(shown(service, str(post["url"]))) == ["Good mornign"]


def test_the_page_loads_nothing_and_says_what_it_is(service: Service, alice: int) -> None:
    url = str(publish(service, "/api/v1/tweets", account_id=alice, text="Safe")["url"])
    answer = service.anonymous.get(urlsplit(url).path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "This is a simulation of X" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_what_is_not_there(service: Service, alice: int) -> None:
    post = publish(service, "/api/v1/tweets", account_id=alice, text="Soon gone")
    service.world.delete(str(post["tweet_id"]))
    for path in (
        urlsplit(str(post["url"])).path,
        "/mock/x/alice/status/1",
        "/mock/x/a/status/x",
        f"/mock/x/a/status/{'9' * 30}",
    ):
        assert service.anonymous.get(path).status_code == 404, path


def test_without_mock_mode_there_is_no_such_page(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on")
    post = publish(service, "/api/v1/tweets", account_id=service.connect("alice"), text="Simulated")
    service.client.post("/api/v1/mock-mode", json={"enabled": False})
    assert_error(service.anonymous.get(urlsplit(str(post["url"])).path), 404, "not_found")


def test_behind_a_name_of_its_own(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="https://tool.example/auth/callback")
    post = publish(service, "/api/v1/tweets", account_id=service.connect("alice"), text="Elsewhere")
    assert post["url"] == f"https://tool.example/mock/x/alice/status/{post['tweet_id']}"


def test_a_real_accounts_post_is_at_x() -> None:
    base = "http://127.0.0.1:5555"
    assert post_url("alice", "1", mock=False, base_url=base) == "https://x.com/alice/status/1"
    assert post_url("alice", None, mock=True, base_url=base) is None
