"""Our signatures are the ones that the public library makes and verifies."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from twitter_manager.receivers import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type": "tweet.posted", "data": {"text": "Grüße aus 北京"}}'.encode()


def test_the_example_of_the_specification() -> None:
    headers = signing.headers(
        SECRET,
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=st.text().map(str.encode), message_id=st.from_regex(r"msg_[0-9a-f]{32}", fullmatch=True))
def test_the_library_signs_alike(body: bytes, message_id: str) -> None:
    at = datetime(2026, 11, 20, 14, 5, 0, 999000, tzinfo=UTC)
    ours = signing.headers(SECRET, body, message_id=message_id, at=at)["webhook-signature"]
    assert ours == Webhook(SECRET).sign(message_id, at, body.decode())


def test_the_library_takes_a_right_one_and_no_other() -> None:
    secret, other = signing.new_secret(), signing.new_secret()
    headers = signing.headers(secret, BODY, message_id="msg_1", at=datetime.now(UTC))
    assert Webhook(secret).verify(BODY, headers)["type"] == "tweet.posted"
    for wrong, body, changed in [
        (other, BODY, {}),
        (secret, BODY + b" ", {}),
        (secret, BODY, {"webhook-id": "msg_2"}),
        (secret, BODY, {"webhook-timestamp": "1614265330"}),
    ]:
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong).verify(body, headers | changed)


def test_a_secret_is_long_enough_and_never_the_same() -> None:
    secrets = {signing.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
