"""GET /: the first page a newcomer opens."""

import html
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.factories import new_account, new_tweet
from tests.support.service import PAGE, BackgroundWorker, Service, assert_error
from twitter_manager.api.http import pages


class Links(HTMLParser):
    """What a page loads or leads to, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def current_step(text: str) -> str:
    """The heading of the step that is marked as the next one."""
    return text.partition('aria-current="step"')[2].partition("</h2>")[0]


def test_it_tells_the_next_step_at_every_stage(service: Service) -> None:
    assert "Connect an account" in current_step(service.anonymous.get("/").text)
    alice = service.connect("alice")
    assert "Create a tweet" in current_step(service.anonymous.get("/").text)
    service.beat()
    tweet = service.tweet(alice, "hello")
    assert "Post it" in current_step(service.anonymous.get("/").text)
    service.services.publishing.post_now(tweet)
    service.run_due()
    page = service.anonymous.get("/").text
    assert "Look at what is out" in current_step(page)
    assert "1 account ·" in page
    assert "1 posted" in page


def test_parts_that_wait_for_another_are_no_next_step(service: Service, alice: int) -> None:
    service.world.faults.refuses(403)
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/threads", json={"account_id": alice, "tweets": ["One", "Two"]})
    assert [part["status"] for part in answer.json["tweets"]] == ["failed", "pending"]
    assert "Look at what is out" in current_step(service.anonymous.get("/").text)


def test_an_address_that_leads_nowhere_leads_a_browser_back(service: Service) -> None:
    answer = service.anonymous.get("/accounts", headers=PAGE)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    links = Links()
    links.feed(answer.text)
    assert "/" in links.found
    assert_error(service.anonymous.get("/accounts"), 404, "not_found")
    assert_error(service.client.get("/api/v1/nowhere", headers=PAGE), 404, "not_found")


def test_it_says_where_the_key_is_and_not_the_key(service: Service) -> None:
    text = service.anonymous.get("/").text
    assert "instance/secrets.env" in text
    assert service.key not in text
    assert service.services.settings.encryption_key[0] not in text


def test_its_examples_name_what_is_there(service: Service) -> None:
    fresh = service.anonymous.get("/").text
    assert "@USERNAME" in fresh
    assert "/tweet/post/TWEET_ID" in fresh
    service.connect("bob")
    service.client.delete("/api/v1/accounts/@bob")
    anna = service.connect("anna")
    tweet = service.tweet(anna, "Hello")
    text = html.unescape(service.anonymous.get("/").text)
    assert f"@anna (<code>account_id</code> {anna})" in text
    assert '{"account": "@anna", "text": "Hello from Twitter Manager"}' in text
    assert f"/api/v1/tweet/post/{tweet}<" in text
    assert "USERNAME" not in text


def test_in_live_mode_it_names_nobody_of_the_simulated_x(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on")
    service.tweet(service.connect("anna"), "Hello")
    service.client.post("/api/v1/mock-mode", json={"enabled": False})
    text = service.anonymous.get("/").text
    assert "Connect an account" in current_step(text)
    assert "anna" not in text


def test_who_has_no_key_learns_nothing_of_real_accounts(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="off")
    with service.services.db.transaction() as tx:
        account = new_account(tx, 7_001, mock=False)
        new_tweet(tx, account.id, "Hello")
        tx.execute("UPDATE tweet SET id = 4321")
    page = service.anonymous.get("/").text
    assert "Post it" in current_step(page)
    assert not [each for each in ("user7001", "4321", "1 account", "1 pending", "account_id") if each in page]
    assert "/tweet/post/TWEET_ID" in page


def test_it_leads_to_the_documentation(service: Service) -> None:
    links = Links()
    links.feed(service.anonymous.get("/").text)
    assert {"/docs", "/api/v1/openapi.json", "/api/v1/health"} <= set(links.found)
    assert all(service.anonymous.get(link).status_code in (200, 503) for link in links.found)


def test_the_key_lies_where_the_page_says(start: Callable[..., Service], tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name} elsewhere"
    text = html.unescape(start(INSTANCE_DIR=str(elsewhere)).anonymous.get("/").text)
    command = text.partition("<pre>KEY=$(")[2].partition(")</pre>")[0]
    shown = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert len(shown.strip()) >= 16
    assert "INSTANCE_DIR" not in text


def test_backticks_are_code(service: Service) -> None:
    assert str(pages.with_code("Start `worker` <b>")) == "Start <code>worker</code> &lt;b&gt;"


def test_it_says_that_x_is_simulated_only_when_it_is(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on")
    assert "Mock mode" in service.anonymous.get("/").text
    service.client.post("/api/v1/mock-mode", json={"enabled": False})
    assert "Mock mode" not in service.anonymous.get("/").text


def test_it_says_why_x_is_simulated(start: Callable[..., Service]) -> None:
    assert "because TWITTER_CLIENT_ID is not set" in start().anonymous.get("/").text
    assert "because MOCK_MODE is on" in start(MOCK_MODE="on").anonymous.get("/").text
    live = start(TWITTER_CLIENT_ID="client", MOCK_MODE="off")
    live.client.post("/api/v1/mock-mode", json={"enabled": True})
    why = "because it was switched on at 2026-11-20T14:05:00.123Z, and MOCK_MODE is not set."
    assert why in start(TWITTER_CLIENT_ID="client").anonymous.get("/").text


def test_it_says_that_nobody_can_connect_without_a_client(start: Callable[..., Service]) -> None:
    live = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on")
    live.client.post("/api/v1/mock-mode", json={"enabled": False})
    assert "no account can be connected" not in live.anonymous.get("/").text
    text = start().anonymous.get("/").text
    assert "Mock mode is off because it was switched off at" in text
    assert "TWITTER_CLIENT_ID is not set: no account can be connected" in text


def test_it_loads_nothing_and_runs_nothing(service: Service) -> None:
    answer = service.anonymous.get("/")
    links = Links()
    links.feed(answer.text)
    assert all(link.startswith("/") for link in links.found)
    assert not links.tags & {"script", "img", "link", "iframe"}
    assert 'name="viewport"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_it_shows_what_is_wrong(service: Service) -> None:
    assert "No posting worker is alive" in service.anonymous.get("/").text
    service.beat()
    assert "No posting worker is alive" not in service.anonymous.get("/").text


def test_it_shows_that_x_refuses_the_app(service: Service, alice: int) -> None:
    service.world.faults.runs_out_of_credits()
    service.beat()
    service.services.publishing.post_now(service.tweet(alice, "too dear"))
    service.run_due()
    assert "The X app has no credits left" in service.anonymous.get("/").text


@pytest.mark.sqlite
def test_a_browser_sees_a_page_also_when_the_database_is_away(service: Service) -> None:
    file = service.services.settings.database_path
    file.rename(file.with_name("away.db"))
    answer = service.anonymous.get("/", headers=PAGE)
    assert answer.status_code == 503
    assert answer.content_type == "text/html; charset=utf-8"
    assert "The database is not available" in answer.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "application/json"),
        (None, "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0, */*", "application/json"),
    ],
)
def test_only_who_names_html_reads_an_error_as_a_page(service: Service, accept: str | None, kind: str) -> None:
    headers = {"Host": "evil.example", **({"Accept": accept} if accept else {})}
    answer = service.anonymous.get("/", headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, kind)


def test_a_callback_at_home_answers_a_browser_that_accepts_anything_with_a_page(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="http://127.0.0.1:5555")
    answer = service.anonymous.get("/?state=unknown&code=c", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")


def test_parameters_like_those_of_x_mean_nothing_here(service: Service) -> None:
    assert_error(service.anonymous.get("/?code=1&state=2&error=3"), 422, "invalid_field", field="code")
