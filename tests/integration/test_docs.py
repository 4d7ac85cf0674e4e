"""/docs: a page for people, from what is installed here and from nowhere else."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service


def test_the_page_needs_no_key_and_loads_from_here_only(anonymous: FlaskClient) -> None:
    page = anonymous.get("/docs")
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "://" not in page.text
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"<script>|onload=|style=", page.text), "the policy would refuse it"


def test_everything_that_the_page_loads_is_there(anonymous: FlaskClient) -> None:
    page = anonymous.get("/docs").text
    loaded = re.findall(r'(?:src|href)="((?:docs|api)/[^"]+)"', page)
    assert loaded == ["docs/swagger-ui.css", "api/v1/openapi.json", "docs/swagger-ui.js", "docs/start.js"]
    for path in loaded:
        assert anonymous.get(f"/{path}").status_code == 200, path


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("swagger-ui.css", "text/css", b".swagger-ui"),
        ("swagger-ui.js", "text/javascript", b"SwaggerUIBundle"),
        ("start.js", "text/javascript", b"api/v1/openapi.json"),
    ],
)
def test_the_files_of_swagger_ui(anonymous: FlaskClient, name: str, kind: str, words: bytes) -> None:
    answer = anonymous.get(f"/docs/{name}")
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert words in answer.data


@pytest.mark.parametrize("path", ["/docs//", "/docs/nothing", "/docs/../secrets.env", "/docs/swagger-ui.css/x"])
def test_nothing_else_is_served_from_there(anonymous: FlaskClient, path: str) -> None:
    assert anonymous.get(path).status_code == 404


def test_behind_a_proxy_under_a_path_the_page_still_finds_everything(start: Callable[..., Service]) -> None:
    asker = start(TRUSTED_PROXIES="1").anonymous
    prefix = {"X-Forwarded-Prefix": "/tweets"}
    page = asker.get("/docs", headers=prefix).text
    assert not re.search(r'(?:src|href)="/', page), "its addresses are relative"
    assert b'url: "api/v1' in asker.get("/docs/start.js", headers=prefix).data
    assert asker.get("/api/v1/openapi.json", headers=prefix).json["servers"] == [{"url": "/tweets"}]
    assert asker.get("/api/v1/openapi.json").json["servers"] == [{"url": "/"}]
