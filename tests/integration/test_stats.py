"""GET /api/v1/stats."""

from flask.testing import FlaskClient

from tests.support.service import Service

ACCOUNT_STATUSES = ("active", "suspended", "failed", "inactive")
TWEET_STATUSES = (
    "draft", "pending", "scheduled", "posting", "posted", "failed", "unconfirmed", "held", "canceled",
)  # fmt: skip


def test_every_status_is_there_with_nothing_yet(client: FlaskClient) -> None:
    assert client.get("/api/v1/stats").json == {
        "accounts": {"total": 0, **dict.fromkeys(ACCOUNT_STATUSES, 0)},
        "tweets": {"total": 0, **dict.fromkeys(TWEET_STATUSES, 0)},
    }


def test_counts(service: Service, alice: int, worker: object) -> None:
    service.connect("bob")
    service.tweet(alice, "waits")
    service.client.post(f"/api/v1/tweet/post/{service.tweet(alice, 'goes')}")
    service.world.faults.refuses(403)
    service.client.post(f"/api/v1/tweet/post/{service.tweet(alice, 'fails')}")
    stats = service.client.get("/api/v1/stats").json
    assert (stats["accounts"]["total"], stats["accounts"]["active"]) == (2, 2)
    assert {name: n for name, n in stats["tweets"].items() if n} == {
        "total": 3,
        "pending": 1,
        "posted": 1,
        "failed": 1,
    }
