"""The page at /docs in a real browser that reaches nothing but this service."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.documented_client import document
from tests.support.service_process import Installation

pytestmark = pytest.mark.e2e


def browse(url: str, profile: Path, *more: str) -> subprocess.CompletedProcess[str]:
    browser = shutil.which("chromium")
    assert browser is not None, "chromium is not there: .ci/run installs it"
    return subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--virtual-time-budget=15000",
            "--window-size=1280,1000",
            *more,
            url,
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )


def test_every_call_is_on_the_page_and_nothing_is_refused_or_missing(
    in_mock_mode: Installation, tmp_path: Path
) -> None:
    seen = browse(f"{in_mock_mode.url}/docs", tmp_path / "profile", "--dump-dom")
    for path, methods in document()["paths"].items():
        assert f'data-path="{path}"' in seen.stdout, path
        for operation in methods.values():
            assert operation["operationId"] in seen.stdout
    assert "Authorize" in seen.stdout
    assert [line for line in seen.stderr.splitlines() if ":CONSOLE" in line] == []


def test_it_looks_like_a_page(in_mock_mode: Installation, tmp_path: Path) -> None:
    picture = tmp_path / "docs.png"
    browse(f"{in_mock_mode.url}/docs", tmp_path / "profile", f"--screenshot={picture}")
    assert picture.stat().st_size > 30_000, "a blank page is much smaller"


def test_what_stands_in_backticks_is_shown_as_code(in_mock_mode: Installation, tmp_path: Path) -> None:
    seen = browse(f"{in_mock_mode.url}/docs", tmp_path / "profile", "--dump-dom")
    summaries = re.findall(r'class="opblock-summary-description">(.*?)</div>', seen.stdout)
    assert any("<code>account_id</code>" in summary for summary in summaries)
    assert not [summary for summary in summaries if "`" in summary]
