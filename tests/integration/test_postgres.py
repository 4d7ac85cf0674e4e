"""The service on PostgreSQL: away for a while, restarted, and what is shown of its address."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support import databases
from tests.support.postgres_line import Line, line_to
from tests.support.service import Service, assert_error


@pytest.fixture
def line() -> Iterator[Line]:
    problem = databases.server_problem()
    if problem:
        pytest.skip(problem)
    with line_to(databases.server().url_of("integration")) as line:
        yield line


@pytest.fixture
def far(start: Callable[..., Service], line: Line) -> Service:
    """A service whose database is at the end of the line."""
    return start(DATABASE_URL=line.url.replace("postgres@", "postgres:s3cret-p%40ss@"))


def test_a_database_that_is_away_is_503_and_it_goes_on_by_itself(far: Service, line: Line) -> None:
    alice = far.connect("alice")
    body = {"account_id": alice, "text": "one"}
    line.go_away()
    answer = far.client.get("/api/v1/accounts")
    assert_error(answer, 503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert_error(far.client.post("/api/v1/tweet", json=body), 503, "database_unavailable")
    health = far.client.get("/api/v1/health")
    assert (health.status_code, "database_unavailable" in health.json["reason_codes"]) == (503, True)
    line.come_back()
    assert far.client.post("/api/v1/tweet", json=body).status_code == 201
    assert len(far.client.get("/api/v1/tweets").json["tweets"]) == 1


def test_a_restart_between_two_requests_is_not_noticed(far: Service, line: Line) -> None:
    alice = far.connect("alice")
    line.cut()
    assert far.client.get("/api/v1/accounts").status_code == 200
    line.cut()
    answer = far.client.post("/api/v1/tweet", json={"account_id": alice, "text": "one"})
    assert answer.status_code == 201


@pytest.mark.parametrize("command", [["list"], ["revoke", "1"]])
def test_a_command_about_keys_says_that_the_database_is_away(far: Service, line: Line, command: list[str]) -> None:
    line.go_away()
    result = far.app.test_cli_runner().invoke(args=["keys", *command])
    assert result.exit_code == 1
    assert "The database is not available: " in result.output
    assert "nothing is set up" not in result.output


def test_the_doctor_says_what_is_wrong_and_never_the_password(far: Service, line: Line) -> None:
    def examined() -> dict[str, dict[str, str]]:
        shown = far.app.test_cli_runner().invoke(args=["doctor", "--json"]).stdout
        assert "s3cret" not in shown
        return {check["name"]: check for check in json.loads(shown)["checks"]}

    well = examined()["database"]
    assert well["state"] == "ok"
    assert "PostgreSQL" in well["text"]
    assert f"postgresql://postgres@127.0.0.1:{line.url.rpartition(':')[2]}" in well["text"]
    line.go_away()
    assert examined()["database"]["state"] == "fail"
    assert "s3cret" not in far.services.settings.where
    assert "s3cret" not in repr(far.services.settings)


_TURKISH = {"TEMPLATE": "template0", "LOCALE_PROVIDER": "icu", "ICU_LOCALE": "'tr'", "ENCODING": "'UTF8'"}


def test_names_and_words_are_found_in_a_turkish_database(start: Callable[..., Service]) -> None:
    problem = databases.server_problem()
    if problem:
        pytest.skip(problem)
    service = start(DATABASE_URL=databases.server().empty(**_TURKISH))
    assert service.services.db.value("SELECT lower('I')") == "ı"
    iris = service.connect("IRIS")
    for name in ("@iris", "@IRIS", "@Iris"):
        assert service.client.get(f"/api/v1/accounts/{name}").json["id"] == iris
        assert service.client.post("/api/v1/tweet", json={"account": name, "text": "x"}).status_code == 201
    service.tweet(iris, "ISTANBUL IN WINTER, İzmir in summer")
    for word in ("istanbul", "ISTANBUL", "in", "IN", "izmir", "İZMİR"):
        assert service.client.get("/api/v1/tweets", query_string={"q": word}).json["total"] == 1, word
    with service.services.db.transaction() as tx:  # somebody else has the handle now
        tx.execute("UPDATE twitter_account SET x_user_id = '77'")
    service.world.close()
    assert service.connect("iris") != iris
    names = [each["username"] for each in service.client.get("/api/v1/accounts").json["accounts"]]
    assert names == ["IRIS~77", "IRIS"]
