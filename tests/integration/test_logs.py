"""The log: its lines, its days, and that no secret gets in."""

import io
import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.service import JSON, PAGE, BackgroundWorker, Service
from twitter_manager import logs
from twitter_manager.config import Settings
from twitter_manager.logs import DailyFile, OneLine

Reader = Callable[[], str]


@pytest.fixture
def log(settings: Settings) -> Iterator[Reader]:
    """The log of the service in this test; gives what was written so far."""
    logs.set_up(settings)
    yield lambda: "".join(path.read_text() for path in sorted(settings.log_path.glob("*.log")))
    for name in ("", "twitter_manager"):
        logging.getLogger(name).setLevel(logging.NOTSET if name else logging.WARNING)
    for handler in logging.getLogger().handlers[:]:
        if isinstance(handler, DailyFile) or type(handler).__module__ == "twitter_manager.logs":
            logging.getLogger().removeHandler(handler)
            handler.close()


def record(text: str, *, at: datetime, level: int = logging.INFO) -> logging.LogRecord:
    made = logging.LogRecord("twitter_manager.test", level, "", 0, text, None, None)
    made.created = at.timestamp()
    return made


def test_a_line_for_every_request(service: Service, log: Reader) -> None:
    answer = service.client.get("/api/v1/accounts?api_key=abc&page=1", headers={"X-Request-ID": "my-id.1"})
    assert answer.headers["X-Request-ID"] == "my-id.1"
    [line] = [line for line in log().splitlines() if "my-id.1" in line]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO twitter_manager\.requests "
        r"GET /api/v1/accounts 200 [\d.]+ ms key=1 request=my-id\.1",
        line,
    )


@pytest.mark.parametrize("asked", ["", "a b", "a\tb", "x" * 65, "ü", "a/b", "'; --"])
def test_a_request_id_that_is_none_is_replaced(service: Service, asked: str) -> None:
    given = service.anonymous.get("/api/v1/health", headers={"X-Request-ID": asked}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_no_path_can_forge_a_line(service: Service, log: Reader) -> None:
    service.anonymous.get("/x%0A2026-01-01T00:00:00.000Z%20INFO%20forged%0D%E2%80%A8%1B[2J")
    lines = log().splitlines()
    assert len([line for line in lines if "forged" in line]) == 1
    assert not [line for line in lines if line.startswith("2026-01-01")]
    assert "\x1b" not in log()


def test_a_long_chain_of_causes_is_cut_in_its_middle() -> None:
    def chain(depth: int) -> None:
        try:
            raise ValueError("first" if depth else "last")
        except ValueError:
            if depth:
                chain(depth - 1)
            raise

    try:
        chain(200)
    except ValueError:
        record = logging.LogRecord("twitter_manager", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    line = logs.OneLine().format(record)
    assert len(line) < 2 * logs.MAX_TRACE
    assert "characters left out" in line


def test_a_traceback_stands_under_the_request_id_and_no_line_of_it_looks_like_another(
    service: Service, log: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("first\n2026-01-01T00:00:00.000Z INFO forged")

    monkeypatch.setattr("twitter_manager.storage.accounts.list_page", broken)
    answer = service.client.get("/api/v1/accounts")
    assert answer.status_code == 500
    assert answer.json["error"] == "Internal server error"
    assert "forged" not in answer.text
    assert f"request={answer.headers['X-Request-ID']}" in log()
    assert "Traceback" in log()
    assert not [line for line in log().splitlines() if line.startswith("2026-01-01")]


def test_no_secret_gets_into_log_or_answers_in_a_whole_life(
    service: Service, log: Reader, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = []
    logs.set_up(replace(settings, log_level="DEBUG"))
    alice, bob = service.connect("alice"), service.connect("bob")
    text = "a text nobody else may read"
    with BackgroundWorker(service):
        for account in (alice, bob):
            answers.append(service.client.post(f"/api/v1/tweet/post/{service.tweet(account, text)}"))
        service.world.faults.refuses(403)
        answers.append(service.client.post(f"/api/v1/tweet/post/{service.tweet(alice, text + ' again')}"))
        service.clock.forward(7000)
        service.beat()
        answers.append(service.client.post(f"/api/v1/tweet/post/{service.tweet(alice, text + ' renewed')}"))
        service.world.disconnect("bob")
        service.clock.forward(7300)
        service.beat()
        answers.append(service.client.post(f"/api/v1/tweet/post/{service.tweet(bob, text + ' lost')}"))
    answers += [service.anonymous.get(f"/api/v1/accounts?api_key={service.key}x", headers=JSON)]
    back = service.consent(service.begin()["auth_url"], "carol")
    service.world.faults.token_endpoint_refuses()
    answers += [service.anonymous.get(back, headers=JSON), service.anonymous.get(back, headers=PAGE)]
    answers += [service.client.get("/api/v1/accounts"), service.anonymous.get("/"), service.anonymous.get(back)]

    written = log() + "".join(capfd.readouterr())
    secrets = service.world.secrets() | {service.key, *settings.encryption_key}
    assert len(secrets) > 8
    for place in [written, *(answer.text for answer in answers)]:
        assert not [secret for secret in secrets if secret in place]
    assert text not in written
    assert "state=" not in written
    assert "POST /2/tweets" in written


def test_debug_lets_no_other_package_speak(settings: Settings, log: Reader) -> None:
    logs.set_up(replace(settings, log_level="DEBUG"))
    logging.getLogger("urllib3.connectionpool").debug("https://api.x.com?token=1")
    logging.getLogger("requests").info("chatter")
    talkative = logging.getLogger("talkative")
    talkative.setLevel(logging.DEBUG)
    talkative.info("GET /?api_key=1")
    logging.getLogger("werkzeug").info("GET /?api_key=1")
    logging.getLogger("twitter_manager.x").debug("ours")
    logging.getLogger("urllib3").warning("loud")
    assert "chatter" not in log()
    assert "token=1" not in log()
    assert "api_key=1" not in log()
    assert "ours" in log()
    assert "loud" in log()


def test_a_new_file_at_midnight_utc_and_two_weeks_are_kept(tmp_path: Path) -> None:
    for day in (5, 6, 7):
        (tmp_path / f"twitter_manager-2026-11-{day:02}.log").write_text("old\n")
    (tmp_path / "notes-2026-01-01.log").write_text("somebody else's\n")
    handler = DailyFile(tmp_path)
    handler.emit(record("before", at=datetime(2026, 11, 20, 23, 59, 59, 999000, tzinfo=UTC)))
    handler.emit(record("after", at=datetime(2026, 11, 21, 0, 0, 0, tzinfo=UTC)))
    handler.close()
    assert "before" in (tmp_path / "twitter_manager-2026-11-20.log").read_text()
    assert "after" in (tmp_path / "twitter_manager-2026-11-21.log").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes-2026-01-01.log",
        "twitter_manager-2026-11-07.log",
        "twitter_manager-2026-11-20.log",
        "twitter_manager-2026-11-21.log",
    ]


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    one, other = DailyFile(tmp_path), DailyFile(tmp_path)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    for handler in (one, other, one):
        handler.emit(record("line", at=at))
    one.close()
    other.close()
    assert (tmp_path / "twitter_manager-2026-11-20.log").read_text().count("line\n") == 3


def test_a_folder_that_cannot_be_written_costs_the_line_and_one_complaint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    handler = DailyFile(tmp_path / "logs")
    for _ in range(3):
        handler.emit(record("line", at=datetime(2026, 11, 20, tzinfo=UTC)))
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_nothing_is_touched_before_the_first_line(tmp_path: Path) -> None:
    handler = DailyFile(tmp_path / "logs")
    assert not (tmp_path / "logs").exists()
    handler.close()


def test_times_are_utc_with_milliseconds() -> None:
    at = datetime(2026, 11, 20, 14, 5, 0, 123000, tzinfo=UTC)
    assert OneLine().format(record("x", at=at)) == "2026-11-20T14:05:00.123Z INFO twitter_manager.test x"


class FullDisk(io.RawIOBase):
    """A stream whose every byte is refused."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise self._error


def fill_the_log_disk(folder: Path) -> None:
    """Every line of today, and of a day that begins meanwhile, is refused."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    folder.mkdir(parents=True, exist_ok=True)
    for days in range(-10, 11):
        day = (datetime.now(UTC) + timedelta(days=days)).date()
        (folder / f"twitter_manager-{day}.log").symlink_to("/dev/full")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_with_no_place_left_for_any_line_tweets_are_taken_and_renewed_tokens_are_kept(
    service: Service, log: Reader, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    alice = service.connect("alice")
    elsewhere = replace(settings, log_dir=str(settings.instance_path / "full"), log_level="DEBUG")
    fill_the_log_disk(elsewhere.log_path)
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(FullDisk(error), write_through=True))
    logs.set_up(elsewhere)
    service.clock.forward(7000)
    with BackgroundWorker(service):
        service.beat()
        tweet = service.tweet(alice, "It is kept although nobody can note it")
        assert service.client.post(f"/api/v1/tweet/post/{tweet}").status_code == 200
    logging.getLogger("twitter_manager").error("loud, too")
    account = service.client.get(f"/api/v1/accounts/{alice}").json
    assert (account["status"], service.row(tweet)["status"]) == ("active", "posted")
    assert logs.file_failing_since() is not None


def test_a_record_that_cannot_be_shown_costs_its_arguments_or_its_line(tmp_path: Path) -> None:
    class Unshowable:
        def __str__(self) -> str:
            raise RuntimeError("the secret")

    handler = DailyFile(tmp_path)
    for message, arguments in [
        ("too %s many %s", ("s3cret",)),
        ("none %s", (Unshowable(),)),
        (Unshowable(), ()),
        ("after it", ()),
    ]:
        handler.handle(logging.LogRecord("twitter_manager.x", logging.INFO, "", 0, message, arguments, None))
    handler.close()
    [file] = tmp_path.iterdir()
    assert [line.partition(" twitter_manager.x ")[2] for line in file.read_text().splitlines()] == [
        "too %s many %s (its arguments cannot be shown: TypeError)",
        "none %s (its arguments cannot be shown: RuntimeError)",
        "after it",
    ]


def test_a_folder_that_cannot_be_listed_costs_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> Iterator[Path]:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    handler = DailyFile(tmp_path)
    handler.emit(record("the first line", at=datetime(2026, 11, 20, tzinfo=UTC)))
    handler.close()
    assert "the first line" in (tmp_path / "twitter_manager-2026-11-20.log").read_text()


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_log_files_are_their_owners_alone_the_older_ones_too(tmp_path: Path) -> None:
    folder, older = tmp_path / "logs", tmp_path / "logs" / "twitter_manager-2026-11-19.log"
    handler = DailyFile(folder)
    handler.emit(record("line", at=datetime(2026, 11, 18, tzinfo=UTC)))
    older.touch()
    older.chmod(0o644)
    handler.emit(record("line", at=datetime(2026, 11, 20, tzinfo=UTC)))
    handler.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
