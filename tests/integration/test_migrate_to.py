"""`migrate-to`: from SQLite to PostgreSQL, as an owner calls it, and the service that goes on there."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.test_copies import cli, opened
from tests.support import databases
from tests.support.clock import Clock
from tests.support.postgres_line import Line, line_to
from tests.support.receiver import HERE, Receiver
from tests.support.service import Service
from tests.support.service_process import Installation, eventually
from twitter_manager import config
from twitter_manager.api.http.idempotency import HEADER, REPLAYED
from twitter_manager.services.dispatch import send
from twitter_manager.simulator.world import World
from twitter_manager.storage.postgres import migrations as postgres_migrations
from twitter_manager.storage.postgres.moving import PostgresTarget
from twitter_manager.storage.sqlite.migrations import SHIPPED
from twitter_manager.timestamps import to_text

pytestmark = pytest.mark.sqlite  # that is what is moved

PASSWORD = "s3cret-p%40ss"

NEWEST = SHIPPED[-1][0]


@pytest.fixture
def server() -> databases.Server:
    """Skips where there is none; in CI that is a failure."""
    problem = databases.server_problem()
    if problem:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(problem)
    return databases.server()


@pytest.fixture
def target(server: databases.Server) -> str:
    """An empty database, with a password that nobody asks for."""
    return server.empty().replace("postgres@", f"postgres:{PASSWORD}@")


@pytest.fixture
def line(target: str) -> Iterator[Line]:
    with line_to(target) as line:
        yield line


def stop(service: Service) -> None:
    service.services.simulated().close()
    service.services.close()


def moved(service: Service, clock: Clock, url: str) -> tuple[int, str]:
    """Stops the service and calls the command: the exit code, and everything it said."""
    stop(service)
    code, out, err = cli(service.services.settings, clock, "migrate-to", url)
    assert PASSWORD not in out + err
    assert "s3cret" not in out + err
    return code, out + err


def refused(service: Service, clock: Clock, url: str) -> str:
    """The one line that says why; the SQLite database stays as it was, and the service starts on it."""
    stop(service)
    before = files(service)
    code, said = moved(service, clock, url)
    assert code == 1, said
    assert files(service) == before
    (refusal,) = [each for each in said.splitlines() if each.startswith("Error: ")]
    return refusal


def files(service: Service) -> dict[str, str]:
    """The database and what lies beside it, by their contents."""
    path = service.services.settings.database_path
    assert path is not None
    beside = [each for each in path.parent.glob(f"{path.name}*") if not each.name.endswith((".lock", "-wal", "-shm"))]
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in beside}


def edit(service: Service, sql: str) -> None:
    """Changes SQLite's file behind the service's back."""
    path = service.services.settings.database_path
    assert path is not None
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(sql)
        raw.commit()


def tables_in(url: str) -> int:
    with databases.link(url) as link:
        row = link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


@pytest.fixture
def on_postgresql(target: str, tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Service]]:
    """Starts the service of this test's folder on the target."""
    begun: list[Service] = []

    def start() -> Service:
        begun.append(opened(tmp_path, clock, DATABASE_URL=target))
        begun[-1].beat()
        return begun[-1]

    yield start
    for each in begun:
        stop(each)


# The service as processes of its own, before and after.

SHOWN = (
    "accounts",
    "tweets",
    "threads/1",
    "stats",
    "audit",
    "webhooks",
    "webhooks/1/deliveries",
    "keys",
    "rate-limit?account_id=1",
)


class Moving:
    """An installation in mock mode with something of everything in it."""

    def __init__(self, installation: Installation, receiver: Receiver) -> None:
        self.installation = installation
        self.receiver = receiver
        self.secret = ""
        self.other_key = ""
        self.first_answer = b""

    def fill(self) -> None:
        alice, bob = self.installation.connect("alice"), self.installation.connect("bob")
        made = self.ask("POST", "webhooks", json={"url": self.receiver.url, "events": ["tweet.posted"]}).json()
        self.secret = made["secret"]
        self.receiver.answers.append(503)  # the first event is delivered once more, after the move
        assert self.ask("POST", "tweets", json={"account_id": alice, "text": "out before"}).status_code == 201
        self.installation.create_thread(bob, ["part one", "part\ttwo\\", "part\nthree é 🙂"])
        self.installation.wait_until_posted(4, seconds=20)
        self.installation.create(bob, "a draft to find again")
        self.other_key = self.ask("POST", "keys", json={"name": "other", "scopes": ["read"]}).json()["api_key"]
        self.first_answer = self.once().content

    def schedule(self, *, seconds: float) -> None:
        for number in range(3):
            at = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
            body = {"account_id": 1, "text": f"scheduled {number}", "schedule_at": at}
            assert self.ask("POST", "tweets", json=body).status_code == 201

    def once(self) -> requests.Response:
        body = {"account_id": 1, "text": "once"}
        headers = {"X-API-Key": self.installation.api_key, HEADER: "k-1"}
        return requests.post(f"{self.installation.url}/api/v1/tweet", json=body, headers=headers, timeout=30)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.installation.ask(method, f"/api/v1/{path}", **more)

    def shown(self) -> dict[str, Any]:
        answers = {path: self.ask("GET", path) for path in SHOWN}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(SHOWN, 200)
        return {path: answer.json() for path, answer in answers.items()}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *words],
            cwd=self.installation.folder,
            env=self.installation.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def at_x(self) -> Counter[str]:
        world = World(self.installation.folder / "instance" / "simulator.db")
        with closing(world):
            return Counter(post.original for name in ("alice", "bob") for post in world.posts(name))


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Moving]:
    receiver = Receiver()
    nowhere = "http://127.0.0.1:9"
    with Installation(
        tmp_path / "service", x_url=nowhere, MOCK_MODE="on", WEBHOOK_ALLOWED_NETWORKS=HERE
    ) as installation:
        yield Moving(installation, receiver)
    receiver.stop()


def test_a_database_that_was_moved_goes_on(moving: Moving, target: str) -> None:
    installation, receiver = moving.installation, moving.receiver
    process = installation.start()
    moving.fill()
    running = moving.command("migrate-to", target)
    assert running.returncode == 1
    assert "is in use: stop the service" in running.stderr
    moving.schedule(seconds=8)
    before = moving.shown()
    process.ask_to_stop()
    assert process.exit_code(within=15) == 0
    stood = installation.database.read_bytes()

    done = moving.command("migrate-to", target)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert "tweet: 9 rows\n" in done.stderr
    assert "set DATABASE_URL to that address" in done.stdout
    assert installation.database.read_bytes() == stood

    process = installation.begin_to_start()
    assert process.exit_code(within=30) == 1
    # said before anything of a newer version would change the file
    said = (installation.folder / "service.out").read_text()
    assert "DATABASE_URL: twitter_manager.db was moved to postgresql://postgres@" in said
    assert "was moved to" in moving.command("doctor").stdout
    assert "was moved to" in moving.command("keys", "list").stderr

    process = installation.start(DATABASE_URL=target, WORKER="off")  # nothing goes out yet
    assert changed(before, moving.shown()) == {}
    again = moving.once()
    assert (again.content, again.headers.get(REPLAYED)) == (moving.first_answer, "true")
    other = requests.get(f"{installation.url}/api/v1/tweets", headers={"X-API-Key": moving.other_key}, timeout=30)
    assert other.status_code == 200
    found = moving.ask("GET", "tweets", params={"q": "find again"}).json()["tweets"]
    assert [tweet["text"] for tweet in found] == ["a draft to find again"]
    since = {"since": "2020-01-01T00:00:00Z", "limit": 50}
    assert len(moving.ask("GET", "tweets", params=since).json()["tweets"]) == 9

    process.ask_to_stop()
    assert process.exit_code(within=15) == 0
    installation.start(DATABASE_URL=target)
    assert moving.ask("POST", "tweets", json={"account_id": 2, "text": "out after"}).status_code == 201
    installation.connect("cem")
    installation.wait_until_posted(8, seconds=30)
    assert moving.at_x() == Counter(
        [
            "out before",
            "part one",
            "part\ttwo\\",
            "part\nthree é 🙂",
            "out after",
            *(f"scheduled {n}" for n in range(3)),
        ]
    )
    tweets = {tweet["text"]: tweet for tweet in installation.tweets()}
    assert all(late(tweets[f"scheduled {number}"]) >= timedelta(0) for number in range(3))
    eventually(lambda: len(told(receiver)) == 8, seconds=30, what="every post is told")
    assert max(told(receiver).values()) == 2  # the one that was answered with 503, under the same id
    assert all(each.verified(moving.secret) for each in receiver.received)
    assert installation.error_lines() == []


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is shown in other words, but for what goes on with time."""
    return {path: (before[path], after[path]) for path in before if lasting(before[path]) != lasting(after[path])}


# of a key, of a window, of a webhook, and of a delivery that is on its way
PASSING = {"last_used_at", "reset_in_seconds", "health"}
PASSING_OF_DELIVERY = {
    "attempts", "delivered_at", "error_code", "last_error", "last_status", "next_attempt_at", "status",
}  # fmt: skip


def lasting(shown: Any) -> Any:
    if isinstance(shown, dict):
        passing = PASSING | (PASSING_OF_DELIVERY if "message_id" in shown else set())
        return {name: lasting(value) for name, value in shown.items() if name not in passing}
    return [lasting(each) for each in shown] if isinstance(shown, list) else shown


def late(tweet: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(tweet["posted_at"]) - datetime.fromisoformat(tweet["scheduled_at"])


def told(receiver: Receiver) -> Counter[str]:
    return Counter(each.message_id for each in receiver.received)


def test_killed_in_the_middle_it_leaves_nothing_and_is_called_again(
    service: Service, alice: int, clock: Clock, target: str, tmp_path: Path, on_postgresql: Callable[[], Service]
) -> None:
    stop(service)
    edit(
        service,
        """
        INSERT INTO tweet (twitter_account_id, content, fingerprint, status)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
        SELECT 1, 'Number ' || n, 'print ' || n, 'draft' FROM n
        """,
    )
    before = files(service)
    command = [sys.executable, "-m", "twitter_manager", "migrate-to", target]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for said in process.stderr:
            if said.startswith("batch_refusal"):  # tweets come next
                break
        process.kill()
    assert files(service) == before
    eventually(lambda: tables_in(target) == 0, seconds=10, what="the server gave it up")
    code, said = moved(service, clock, target)
    assert code == 0, said
    assert on_postgresql().client.get("/api/v1/stats").json["tweets"]["draft"] == 20_000


# In the process of the test, with its clock.


def test_a_post_whose_outcome_nobody_knows_is_looked_for_after_the_move(
    service: Service, alice: int, clock: Clock, target: str, on_postgresql: Callable[[], Service]
) -> None:
    service.world.faults.accepts_then_cuts_the_line()
    tweet = service.tweet(alice, "is it out?")
    service.beat()
    service.services.publishing.post_now(tweet)
    service.run_due()
    assert service.row(tweet)["status"] == "unconfirmed"
    assert moved(service, clock, target)[0] == 0
    after = on_postgresql()
    clock.forward(60)
    after.run_due()
    assert after.row(tweet)["status"] == "posted"
    assert [post.original for post in after.world.posts("alice")] == ["is it out?"]


def test_what_was_on_its_way_when_the_service_died_is_looked_for_after_the_move(
    service: Service,
    alice: int,
    clock: Clock,
    target: str,
    on_postgresql: Callable[[], Service],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    create = send.x_tweets.create

    def until_killed(*words: Any, **more: Any) -> None:
        create(*words, **more)
        raise Killed

    tweet = service.tweet(alice, "on its way")
    service.beat()
    service.services.publishing.post_now(tweet)
    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(send.x_tweets, "create", until_killed)
        service.run_due()
    assert service.row(tweet)["status"] == "posting"
    assert moved(service, clock, target)[0] == 0
    after = on_postgresql()
    clock.forward(200)  # a lease lasts two minutes
    after.beat()
    after.services.maintenance.reap_dead_workers(worker_id="new", host="test")
    after.run_due()
    clock.forward(60)
    after.run_due()
    assert after.row(tweet)["status"] == "posted"
    assert [post.original for post in after.world.posts("alice")] == ["on its way"]


def test_no_id_is_given_twice(
    service: Service, alice: int, clock: Clock, target: str, on_postgresql: Callable[[], Service]
) -> None:
    last = [service.tweet(alice, text) for text in ("one", "two", "three")][-1]
    assert service.client.delete(f"/api/v1/tweets/{last}").status_code == 200
    bob = service.connect("bob")
    assert service.client.delete(f"/api/v1/accounts/{bob}").status_code == 200
    assert moved(service, clock, target)[0] == 0
    after = on_postgresql()
    assert after.tweet(alice, "four") == last + 1
    assert after.connect("cem") == bob + 1


@pytest.mark.parametrize(("lost", "said_then"), [("answer", "Had been moved before"), ("question", "Moved: ")])
def test_where_the_answer_to_the_commit_is_lost_the_next_call_finds_out(
    service: Service,
    alice: int,
    clock: Clock,
    line: Line,
    tmp_path: Path,
    on_postgresql: Callable[[], Service],
    lost: str,
    said_then: str,
) -> None:
    service.tweet(alice, "there once")
    line.lost = lost
    code, said = moved(service, clock, line.url)
    assert code == 1
    assert "whether everything is in the target is not known" in said
    with pytest.raises(Exception, match="migrate-to once more"):
        opened(tmp_path, clock)
    code, said = moved(service, clock, line.url)
    assert (code, said_then in said) == (0, True), said
    assert len(on_postgresql().client.get("/api/v1/tweets").json["tweets"]) == 1


def test_where_the_server_goes_away_in_the_middle_nothing_is_moved(
    service: Service, alice: int, clock: Clock, line: Line, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(PostgresTarget, "finish", lambda *_: line.cut())
        assert "Error: the target: " in refused(service, clock, line.url)
    with monkeypatch.context() as patch:
        patch.setattr(PostgresTarget, "finish", interrupted)
        assert moved(service, clock, line.url)[0] == 1
    eventually(lambda: tables_in(target) == 0, seconds=10, what="the server gave it up")
    assert moved(service, clock, line.url)[0] == 0


def test_where_the_server_refuses_to_store_it_the_service_starts_on_sqlite_as_before(
    service: Service, alice: int, clock: Clock, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(found: PostgresTarget, _: object) -> None:
        found._link.execute("CREATE TEMP TABLE t (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        found._link.execute("INSERT INTO t VALUES (1), (1)")

    with monkeypatch.context() as patch:
        patch.setattr(PostgresTarget, "finish", refusing)
        assert "the target: duplicate key" in refused(service, clock, target)
    assert tables_in(target) == 0
    stop(opened(tmp_path, clock))


def interrupted(*_: object) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


def test_a_row_that_arrives_otherwise_than_it_left_is_found(
    service: Service, alice: int, clock: Clock, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.tweet(alice, "as it was")
    for change in ("UPDATE tweet SET content = 'as it was not'", "DELETE FROM tweet", "UPDATE lane SET mock = 0"):
        monkeypatch.setattr(PostgresTarget, "finish", lambda self, _, change=change: self._link.execute(change))
        assert "did not arrive as it is here" in refused(service, clock, target)
        assert tables_in(target) == 0


def test_what_is_wrong_with_the_target(
    service: Service, alice: int, clock: Clock, server: databases.Server, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name = target.partition("@")[2].split("/")
    assert "must be PostgreSQL" in refused(service, clock, "sqlite:///other.db")
    assert "must be PostgreSQL" in refused(service, clock, f"postgres:{PASSWORD}@{place}/{name}")
    assert "the target is no address" in refused(service, clock, f"postgresql://postgres:{PASSWORD}%zz@{place}/{name}")
    assert "does not exist" in refused(service, clock, f"postgresql://nobody_known:{PASSWORD}@{place}/{name}")
    assert "does not exist" in refused(service, clock, f"postgresql://postgres:{PASSWORD}@{place}/there_is_none")
    latin = server.empty(ENCODING="'LATIN1'", TEMPLATE="template0", LOCALE="'C'")
    assert "the target: the database has the encoding LATIN1" in refused(service, clock, latin)
    with monkeypatch.context() as patch:
        patch.setattr(postgres_migrations, "OLDEST_SERVER", 990_000)
        assert "is too old; 14 is the oldest" in refused(service, clock, target)
    role = f"{name}_guest"
    server.run(f"CREATE ROLE {role} LOGIN")
    try:
        assert "permission denied" in refused(service, clock, target.replace("postgres:", f"{role}:"))
    finally:
        server.run(f"DROP ROLE {role}")
    with databases.link(target) as link:
        link.execute("CREATE TABLE theirs (id integer)")
    assert "some other program" in refused(service, clock, target)


def test_a_target_with_data_is_refused(
    service: Service, alice: int, clock: Clock, target: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    there = opened(tmp_path_factory.mktemp("other"), clock, DATABASE_URL=target)
    there.services.close()
    assert "the target has data (api_key 1, service_state" in refused(service, clock, target)


def test_a_target_that_has_the_tables_and_nothing_in_them_is_filled(
    service: Service, alice: int, clock: Clock, target: str
) -> None:
    postgres_migrations.migrate(postgres_migrations.connection.address(target))
    assert moved(service, clock, target)[0] == 0


def test_what_is_wrong_with_the_source(service: Service, alice: int, clock: Clock, target: str) -> None:
    service.tweet(alice, "one")
    holding = sqlite3.connect(service.services.settings.database_path or "")
    with closing(holding):
        assert holding.execute("SELECT count(*) FROM tweet").fetchone() == (1,)
        assert "is in use: stop the service" in refused(service, clock, target)
    edit(service, "UPDATE tweet SET content = 'half' || char(0) || 'way'")
    assert "table tweet, id 1, column content has a NUL character" in refused(service, clock, target)
    edit(service, "UPDATE tweet SET content = CAST(x'ff41' AS TEXT)")
    assert "table tweet, id 1, column content has bytes that are no UTF-8" in refused(service, clock, target)
    edit(service, "UPDATE tweet SET content = 'one'")
    edit(service, f"PRAGMA user_version = {NEWEST - 1}")
    assert "start the service once" in refused(service, clock, target)
    edit(service, "PRAGMA user_version = 99")
    assert "this program knows versions 1 to" in refused(service, clock, target)
    edit(service, f"PRAGMA user_version = {NEWEST}")
    edit(service, "UPDATE tweet SET twitter_account_id = 77")
    assert "rows point at rows that are not there" in refused(service, clock, target)
    edit(service, "UPDATE tweet SET twitter_account_id = 1")
    assert tables_in(target) == 0
    assert moved(service, clock, target)[0] == 0


def test_there_must_be_a_sqlite_database_to_move(clock: Clock, tmp_path: Path, target: str) -> None:
    code, _, err = cli(config.load(tmp_path, {}), clock, "migrate-to", target)
    assert (code, "there is nothing to move" in err) == (1, True)
    code, _, err = cli(config.load(tmp_path, {"DATABASE_URL": target}), clock, "migrate-to", target)
    assert (code, "DATABASE_URL names PostgreSQL already" in err) == (1, True)


def test_what_a_killed_service_left_beside_the_file_is_moved_and_stays(moving: Moving, target: str) -> None:
    installation = moving.installation
    process = installation.start(WORKER="off")
    alice = installation.connect("alice")
    installation.create(alice, "in the -wal")
    process.kill()
    both = [installation.database, installation.database.with_name(f"{installation.database.name}-wal")]
    before = [path.read_bytes() for path in both]
    assert b"in the -wal" not in before[0]
    done = moving.command("migrate-to", target)
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in both] == before
    with databases.link(target) as link:
        assert link.execute("SELECT content FROM tweet").fetchall() == [("in the -wal",)]


# Afterwards.


def test_it_is_moved_once(
    service: Service,
    alice: int,
    clock: Clock,
    server: databases.Server,
    target: str,
    on_postgresql: Callable[[], Service],
) -> None:
    assert moved(service, clock, target)[0] == 0
    assert "Had been moved before" in moved(service, clock, target)[1]
    assert "a second copy would send everything twice" in refused(service, clock, server.empty())
    after = on_postgresql()
    after.tweet(alice, "only there")
    assert "the service has gone on there since" in refused(service, clock, target)
    after.services.close()
    with databases.link(target) as link:
        link.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert "nothing is there now" in refused(service, clock, target)


def test_the_way_back_looks_at_x_for_what_was_sent_there(
    service: Service, alice: int, clock: Clock, target: str, tmp_path: Path, on_postgresql: Callable[[], Service]
) -> None:
    body = {"account_id": alice, "text": "due soon", "schedule_at": to_text(clock() + timedelta(seconds=30))}
    assert service.client.post("/api/v1/tweets", json=body).status_code == 201
    assert moved(service, clock, target)[0] == 0
    there = on_postgresql()
    clock.forward(60)
    there.run_due()
    assert [post.original for post in there.world.posts("alice")] == ["due soon"]
    stop(there)
    code, _, err = cli(service.services.settings, clock, "restore", "--in-place")
    assert code == 0, err
    back = opened(tmp_path, clock)
    back.beat()
    for seconds in (2, 8, 40):
        clock.forward(seconds)
        back.run_due()
    (tweet,) = back.client.get("/api/v1/tweets").json["tweets"]
    assert tweet["status"] == "posted"
    assert [post.original for post in back.world.posts("alice")] == ["due soon"]
    stop(back)


def test_a_copy_that_is_put_in_place_of_what_was_moved_serves(
    service: Service, alice: int, clock: Clock, target: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.tar"
    assert service.app.test_cli_runner().invoke(args=["backup", str(copy)]).exit_code == 0
    assert moved(service, clock, target)[0] == 0
    code, _, err = cli(service.services.settings, clock, "restore", str(copy), "--replace")
    assert code == 0, err
    back = opened(tmp_path, clock)
    assert len(back.client.get("/api/v1/accounts").json["accounts"]) == 1
    back.services.close()
