"""The warning that a post will go out later than it is meant to, and the windows behind it."""

from tests.support.service import BackgroundWorker, Service
from twitter_manager.services.rate_limits import limiter
from twitter_manager.twitter.tweets import CREATE

LIMIT = "limit_forecast"


def warnings(service: Service, account_id: int, text: str, at: str) -> list[tuple[str, str]]:
    body = {"account_id": account_id, "text": text, "schedule_at": at}
    answer = service.client.post("/api/v1/tweets", json=body)
    assert answer.status_code == 201, answer.text
    return [(each["code"], each["expected_at"]) for each in answer.json["warnings"]]


def test_the_parts_of_a_thread_that_wait_count(service: Service, alice: int) -> None:
    thread = [f"Part {number}" for number in range(100)]
    body = {"account_id": alice, "tweets": thread, "schedule_at": "2026-11-20T14:10:00Z"}
    assert service.client.post("/api/v1/threads", json=body).json["warnings"] == []
    found = warnings(service, alice, "On its own", "2026-11-20T14:10:30Z")
    assert found == [(LIMIT, "2026-11-20T14:25:00.000Z")]


def test_what_x_said_counts(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=600)
    with BackgroundWorker(service):
        service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "This spends it"})
    found = warnings(service, alice, "Too early", "2026-11-20T14:08:00Z")
    assert [code for code, _ in found] == [LIMIT]
    assert found[0][1].startswith("2026-11-20T14:15:0")
    assert warnings(service, alice, "In good time", "2026-11-20T15:08:00Z") == []


def test_what_a_batch_refuses_is_no_reason_to_warn(service: Service, alice: int) -> None:
    posts = [{"account_id": alice, "text": f"Number {n}", "schedule_at": "2026-11-20T14:10:00Z"} for n in range(100)]
    assert service.client.post("/api/v1/tweets/batch", json={"tweets": posts}).json["warnings"] == []
    again = service.client.post("/api/v1/tweets/batch", json={"tweets": posts[:2]}).json
    assert [post["error_code"] for post in again["posts"]] == ["duplicate"] * 2
    assert again["warnings"] == []


def test_a_clock_that_was_set_back_ends_what_x_said_by_the_wrong_time(service: Service, alice: int) -> None:
    service.clock.forward(86_400)
    service.world.faults.rate_limits(reset_in=600)
    with BackgroundWorker(service):
        held = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Hello"}).json
    assert held["status"] == "held"
    service.clock.forward(-86_400)
    service.services.maintenance.prune_calls()
    service.beat()
    service.run_due()
    assert service.row(held["post_id"])["status"] == "posted"


def test_who_is_deleted_and_connected_again_has_called_as_often_as_before(service: Service, alice: int) -> None:
    place = {"mock": True, "endpoint": CREATE}
    for _ in range(3):
        with service.services.db.transaction() as tx:
            assert limiter.acquire(tx, account_id=alice, **place) is None
    assert service.client.delete(f"/api/v1/accounts/{alice}").status_code == 200
    new = service.connect("alice")
    assert new != alice
    calls = limiter.recent_calls(service.services.db, account_id=new, now=service.clock(), **place)
    assert len(calls) == 3
