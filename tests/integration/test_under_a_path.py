"""Behind a proxy that shows the service under a path of its own, and says so in X-Forwarded-Prefix."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.service import PAGE, BackgroundWorker, Service
from twitter_manager import config
from twitter_manager.services.environments import CONSENT_PATH

PREFIX = "/kept/here"
PROXY = {"X-Forwarded-Prefix": PREFIX, "X-Forwarded-Host": "tm.example", "X-Forwarded-Proto": "https"}
CALLBACK = f"https://tm.example{PREFIX}/auth/callback"


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    service = start(TRUSTED_PROXIES="1", TWITTER_CALLBACK_URL=CALLBACK)
    service.beat()
    return service


def links(text: str) -> list[str]:
    return re.findall(r'(?:href|src|action)="([^"]+)"', text)


def test_the_home_page_names_the_path_in_every_link_and_command(service: Service) -> None:
    text = service.anonymous.get("/", headers={**PROXY, **PAGE}).text
    assert links(text)
    assert all(link.startswith(f"{PREFIX}/") for link in links(text))
    addresses = re.findall(r"https?://[^\s<]+/api/v1", text)
    assert set(addresses) == {f"https://tm.example{PREFIX}/api/v1"}
    assert "https://tm.example/api" not in text


def connect(service: Service) -> int:
    """A person connects an account; every address is one that the proxy serves."""
    begun = service.client.get("/api/v1/auth/twitter", headers=PROXY).json
    assert begun["auth_url"].startswith(f"https://tm.example{PREFIX}/mock/")
    asked = f"{begun['auth_url']}&mock_user=ann".removeprefix(f"https://tm.example{PREFIX}")
    back = urlsplit(service.anonymous.get(asked, headers=PROXY).headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
    page = service.anonymous.get(f"/auth/callback?{back.query}", headers={**PROXY, **PAGE})
    assert page.status_code == 200
    assert links(page.text) == [f"{PREFIX}/"]
    account: int = service.client.get("/api/v1/accounts").json["accounts"][0]["id"]
    return account


def test_a_person_connects_an_account_without_leaving_the_path(service: Service) -> None:
    assert connect(service)


def test_the_page_of_an_error_leads_back_under_the_path(service: Service) -> None:
    page = service.anonymous.get("/auth/callback?state=x", headers={**PROXY, **PAGE})
    assert page.status_code == 400
    assert links(page.text) == [f"{PREFIX}/"]


def test_a_status_url_can_be_followed(service: Service) -> None:
    account = connect(service)
    service.world.faults.rate_limits(reset_in=600)
    body = {"account_id": account, "text": "not yet"}
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/tweets", json=body, headers=PROXY)
    assert answer.status_code == 202, answer.text
    assert answer.json["status_url"] == f"{PREFIX}/api/v1/tweets/{answer.json['post_id']}"


def test_who_is_no_proxy_cannot_name_a_path(start: Callable[..., Service]) -> None:
    text = start().anonymous.get("/", headers={**PROXY, **PAGE}).text
    assert PREFIX not in text


@pytest.mark.parametrize(
    ("callback", "page"),
    [
        ("http://127.0.0.1:5555/auth/callback", "http://127.0.0.1:5555/mock/i/oauth2/authorize"),
        ("https://tm.example/a/b/auth/callback", "https://tm.example/a/b/mock/i/oauth2/authorize"),
        ("https://tm.example/elsewhere", "https://tm.example/mock/i/oauth2/authorize"),
        ("https://tm.example", "https://tm.example/mock/i/oauth2/authorize"),
    ],
)
def test_where_the_simulated_x_asks(tmp_path: Path, callback: str, page: str) -> None:
    assert config.load(tmp_path, {"TWITTER_CALLBACK_URL": callback}).base_url + CONSENT_PATH == page


@pytest.mark.parametrize(
    "prefix",
    ["//evil.example", "https://evil.example", "/a/../b", "/a/.", "/a\tb", "kept", "/a//b", "/", "/a?b", '/"x'],
)
def test_a_prefix_that_is_no_path_is_dropped(service: Service, prefix: str) -> None:
    text = service.anonymous.get("/", headers={**PROXY, **PAGE, "X-Forwarded-Prefix": prefix}).text
    assert links(text)
    assert all(re.match("/[a-z]|/$", link) for link in links(text)), links(text)
    assert set(re.findall(r"https?://[^\s<]+/api/v1", text)) == {"https://tm.example/api/v1"}


def test_a_slash_at_the_end_of_the_prefix_is_not_doubled(service: Service) -> None:
    text = service.anonymous.get("/", headers={**PROXY, **PAGE, "X-Forwarded-Prefix": f"{PREFIX}/"}).text
    assert f"https://tm.example{PREFIX}/api/v1" in text


@pytest.mark.parametrize(("proto", "scheme"), [("javascript", "http"), ("HTTPS", "https"), ("https:", "http")])
def test_a_scheme_other_than_http_and_https_is_none(service: Service, proto: str, scheme: str) -> None:
    text = service.anonymous.get("/", headers={**PROXY, **PAGE, "X-Forwarded-Proto": proto}).text
    assert f"{scheme}://tm.example{PREFIX}/api/v1" in text


def test_the_simulated_consent_leads_back_under_a_path_that_no_setting_names(start: Callable[..., Service]) -> None:
    service = start(TRUSTED_PROXIES="1", ALLOWED_HOSTS="tm.example")
    begun = service.client.get("/api/v1/auth/twitter", headers=PROXY).json
    asked = f"{begun['auth_url']}&mock_user=ann".removeprefix(f"https://tm.example{PREFIX}")
    back = urlsplit(service.anonymous.get(asked, headers=PROXY).headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
    assert service.anonymous.get(f"/auth/callback?{back.query}", headers=PROXY).status_code == 200
