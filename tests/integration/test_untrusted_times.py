"""X names times that are none: everything goes on as if it had named none."""

import pytest

from tests.support.service import BackgroundWorker, Service
from twitter_manager.timestamps import later, to_text

DATES = ["Fri, 20 Nov 99999999999 14:05:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "soon", "9" * 5000]


@pytest.mark.parametrize("date", DATES)
def test_a_post_goes_out(service: Service, alice: int, date: str) -> None:
    headers = {"date": date, "x-rate-limit-reset": "9" * 30, "x-rate-limit-remaining": "-1", "retry-after": date}
    service.world.faults.alters_its_answer(headers=headers)
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Out"})
    assert (answer.status_code, answer.json["status"]) == (201, "posted")


@pytest.mark.parametrize("life", ["soon", None, True, -1, 1e300, "9" * 5000, [60], {}])
def test_an_account_is_connected_for_the_usual_two_hours(service: Service, life: object) -> None:
    service.world.faults.alters_its_answer(fields={"expires_in": life}, call="POST /2/oauth2/token")
    account_id = service.connect("alice")
    account = service.client.get(f"/api/v1/accounts/{account_id}").json
    assert account["token_expires_at"] == to_text(later(service.clock(), 7200))
