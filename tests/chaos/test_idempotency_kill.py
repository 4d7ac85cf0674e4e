"""kill -9 between the commit of what an Idempotency-Key asks for and its answer: sent again, it is done once.

The process is kept at the very step by its own database, or by an X that does not answer; nothing in it is touched.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support.databases import chosen
from tests.support.eventually import eventually
from tests.support.service_process import Installation, ServiceAway
from twitter_manager.simulator.world import World

# keeping an answer takes as long as counting to a thousand million, or half a minute
HOLD = {
    "sqlite": """
        CREATE TRIGGER hold BEFORE UPDATE OF status ON idempotency_key BEGIN
            SELECT count(*) FROM (
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 1000000000)
                SELECT n FROM numbers);
        END
    """,
    "postgresql": """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(25); RETURN new; END $$;
        CREATE TRIGGER hold BEFORE UPDATE OF status ON idempotency_key FOR EACH ROW EXECUTE FUNCTION hold()
    """,
}
LET_GO = {
    "sqlite": "DROP TRIGGER hold",
    "postgresql": """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep';
        DROP FUNCTION hold CASCADE
    """,  # the server goes on with what a dead process asked for
}


def send(service: Installation, path: str, body: dict[str, object]) -> requests.Response:
    """With the key, which is the same for every path and every repetition."""
    with requests.Session() as session:
        session.trust_env = False
        headers = {"X-API-Key": service.api_key, "Idempotency-Key": "4c2f"}
        try:
            return session.post(service.url + path, json=body, headers=headers, timeout=60)
        except requests.RequestException as error:
            raise ServiceAway(str(error)) from error


def is_done_and_unanswered(service: Installation, path: str) -> bool:
    return (path, None) in service.stored.read("SELECT path, status FROM idempotency_key WHERE subject_id IS NOT NULL")


def assert_nobody_heard(answer: "Future[requests.Response]") -> None:
    with pytest.raises(ServiceAway):
        answer.result(10)


def test_what_was_done_before_it_died_is_answered_after_it(service: Installation, world: World) -> None:
    running = service.start()
    account = service.connect("ann")
    going = service.create(account, "Goes out once")
    post, body = f"/api/v1/tweet/post/{going}", {"account_id": account, "text": "Is made once"}
    world.faults.accepts_then_stays_silent()
    with ThreadPoolExecutor(2) as pool:
        posted = pool.submit(send, service, post, {})
        eventually(world.posts, seconds=30, what="X has the post", every=0.01)
        service.stored.run(HOLD[chosen()])
        made = pool.submit(send, service, "/api/v1/tweet", body)
        for path in (post, "/api/v1/tweet"):
            eventually(lambda path=path: is_done_and_unanswered(service, path), seconds=30, what=f"{path} is done")
        running.kill()
        assert_nobody_heard(posted)
        assert_nobody_heard(made)
    service.stored.run(LET_GO[chosen()])
    service.start()
    answers = [send(service, "/api/v1/tweet", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == ["true", "true"]
    assert [tweet["text"] for tweet in service.tweets()] == ["Goes out once", "Is made once"]
    [on_x] = world.posts()
    answer = send(service, post, {})
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (200, "true")
    assert (answer.json()["tweet_id"], answer.json()["twitter_id"]) == (going, on_x.id)
    service.post_pending()
    service.wait_until_posted(2, seconds=30)
    assert_each_once(world, service, ["Goes out once", "Is made once"])
    assert sends(world) == 2
