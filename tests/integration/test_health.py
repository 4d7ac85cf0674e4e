"""GET /api/v1/health and /api/v1/test."""

from flask.testing import FlaskClient

from tests.conftest import Service
from twitter_manager.version import VERSION


def test_healthy_with_a_worker(service: Service, anonymous: FlaskClient) -> None:
    service.beat()
    answer = anonymous.get("/api/v1/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "healthy"
    assert answer.json["version"] == VERSION
    assert answer.json["timestamp"].endswith("Z")


def test_unhealthy_without_a_worker(anonymous: FlaskClient) -> None:
    answer = anonymous.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.json["status"] == "unhealthy"
    assert "worker" in str(answer.json)


def test_unhealthy_when_the_worker_falls_silent(service: Service, anonymous: FlaskClient) -> None:
    service.beat()
    service.clock.forward(16)
    assert anonymous.get("/api/v1/health").status_code == 503


def test_unhealthy_while_the_database_is_away_and_healthy_again_by_itself(
    service: Service, anonymous: FlaskClient
) -> None:
    service.beat()
    file = service.services.settings.database_path
    away = file.with_name("away.db")
    file.rename(away)
    answer = anonymous.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.json["status"] == "unhealthy"
    assert "database" in str(answer.json)
    away.rename(file)
    assert anonymous.get("/api/v1/health").status_code == 200


def test_a_resting_app_is_a_notice_and_not_an_illness(service: Service, alice: int) -> None:
    service.world.faults.runs_out_of_credits()
    tweet = service.tweet(alice, "too dear")
    service.beat()
    service.services.publishing.post_now(tweet)
    service.run_due()
    answer = service.anonymous.get("/api/v1/health")
    assert answer.status_code == 200
    assert [notice["code"] for notice in answer.json["notices"]] == ["credits_depleted"]


def test_the_trial_call_needs_the_key_and_says_success(client: FlaskClient, anonymous: FlaskClient) -> None:
    assert client.get("/api/v1/test").json["status"] == "success"
    assert anonymous.get("/api/v1/test").status_code == 401
