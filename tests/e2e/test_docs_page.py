"""The page at /docs in a real browser that reaches nothing but this service."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests.support.documented_client import document
from tests.support.eventually import eventually
from tests.support.service_process import Installation

pytestmark = pytest.mark.e2e


def command(profile: Path, *more: str) -> list[str]:
    browser = shutil.which("chromium")
    assert browser is not None, "chromium is not there: .ci/run installs it"
    return [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={profile}",
        *more,
    ]


def browse(url: str, profile: Path, *more: str) -> subprocess.CompletedProcess[str]:
    options = ("--enable-logging=stderr", "--virtual-time-budget=15000", "--window-size=1280,1000")
    return subprocess.run(
        command(profile, *options, *more, url),
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


class Tab:
    """A page in a browser that is told what to do (Chrome DevTools Protocol, JSON between zero bytes)."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands, self._answers = commands, answers
        self._number, self._session = 0, ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (answer := self._read()).get("id") != self._number:
            pass
        result: dict[str, Any] = answer["result"]
        return result

    def value_of(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait_for(self, script: str) -> None:
        eventually(lambda: self.value_of(script), seconds=60, what=script, every=0.1)

    def _read(self) -> dict[str, Any]:
        piece = b""
        while not piece.endswith(b"\0"):
            byte = self._answers.read(1)
            assert byte, "the browser ended"
            piece += byte
        answer: dict[str, Any] = json.loads(piece[:-1])
        return answer


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    # the protocol's file descriptors are 3 and 4
    redirected = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    browser = subprocess.Popen(
        ["/bin/bash", "-c", redirected, "bash", *command(profile, "--remote-debugging-pipe", "about:blank")],
        pass_fds=(to_browser, from_browser),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        with os.fdopen(commands, "wb") as written, os.fdopen(answers, "rb") as read:
            yield Tab(written, read)
    finally:
        browser.terminate()
        browser.wait(10)


def test_nothing_is_wider_than_a_phone(in_mock_mode: Installation, tmp_path: Path) -> None:
    with tab(tmp_path / "profile") as phone:
        phone.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=False)
        phone.call("Page.navigate", url=f"{in_mock_mode.url}/docs")
        phone.wait_for("document.querySelectorAll('.opblock').length > 20")
        assert phone.value_of("document.documentElement.clientWidth") <= 390
        assert phone.value_of("document.documentElement.scrollWidth") <= 390
        for kind in ("get", "post", "delete"):  # and with an operation of each kind laid open
            phone.value_of(f"document.querySelector('.opblock-{kind} .opblock-summary-control').click()")
        phone.wait_for("document.querySelectorAll('.opblock-body').length === 3")
        assert phone.value_of("document.documentElement.scrollWidth") <= 390
