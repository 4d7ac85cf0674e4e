"""GET /api/v1/health and /api/v1/test."""

import logging
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error
from twitter_manager.logs import DailyFile
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


@pytest.mark.sqlite
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


@pytest.mark.sqlite
def test_a_failed_write_is_a_reason_of_its_own_and_the_worker_is_not_blamed(service: Service, alice: int) -> None:
    service.beat()
    file = service.services.settings.database_path
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        body = {"account_id": alice, "text": "no"}
        assert_error(service.client.post("/api/v1/tweet", json=body), 503, "database_unavailable", retryable=True)
        answer = service.anonymous.get("/api/v1/health")
        assert answer.status_code == 503
        assert answer.json["reason_codes"] == ["database_write_failed"]
        assert answer.json["reasons"] == ["The database takes no writes"]
    service.beat()
    service.clock.forward(11)
    assert service.anonymous.get("/api/v1/health").status_code == 200


@pytest.mark.sqlite
def test_a_full_disk_is_named_and_then_forgotten(service: Service, alice: int) -> None:
    """SQLite itself says that it is full; the real disk is in tests/chaos/test_full_disks.py."""
    service.beat()
    database = service.services.db
    with database.transaction() as tx:
        tx.one("PRAGMA max_page_count = 1")  # of this connection only; a page that is in use stays
    longest = [f"{'x' * 270} {number}" for number in range(200)]
    answers = [service.client.post("/api/v1/tweet", json={"account_id": alice, "text": text}) for text in longest]
    assert answers[-1].status_code == 503
    assert service.anonymous.get("/api/v1/health").json["reason_codes"] == ["disk_full"]
    with database.transaction() as tx:
        tx.one("PRAGMA max_page_count = 1000000")
    service.beat()
    service.clock.forward(11)
    assert service.anonymous.get("/api/v1/health").json["reason_codes"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limit")
def test_files_that_run_out_are_named(service: Service, anonymous: FlaskClient) -> None:
    import resource

    service.beat()
    assert anonymous.get("/api/v1/health").status_code == 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as newest:
        resource.setrlimit(resource.RLIMIT_NOFILE, (newest.fileno(), hard))
        try:
            answer = anonymous.get("/api/v1/health")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answer.status_code == 503
    assert answer.json["reason_codes"][0] == "too_many_open_files"
    assert anonymous.get("/api/v1/health").status_code == 200


def test_overdue_tweets_have_a_code(service: Service, alice: int) -> None:
    service.beat()
    tweet = service.tweet(alice, "nobody posts me")
    service.services.publishing.post_now(tweet)
    service.clock.forward(130)
    service.beat()
    assert service.anonymous.get("/api/v1/health").json["reason_codes"] == ["tweets_overdue"]


def test_a_log_that_cannot_be_written_is_a_notice(service: Service) -> None:
    service.beat()
    handler = DailyFile(service.services.settings.secrets_path / "no folder")
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("twitter_manager").warning("lost")
        answer = service.anonymous.get("/api/v1/health")
    finally:
        logging.getLogger().removeHandler(handler)
    assert answer.status_code == 200
    assert [notice["code"] for notice in answer.json["notices"]] == ["log_write_failed"]
