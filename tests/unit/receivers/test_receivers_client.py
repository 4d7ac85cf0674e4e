"""One POST to a receiver on this machine: what is sent, what counts as sent, and where it never goes."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.receiver import HERE, Receiver
from twitter_manager.receivers import client
from twitter_manager.receivers.addresses import Address
from twitter_manager.receivers.client import AddressRefused, NoResponse, NotReached, Receivers, Response

BODY = b'{"type":"tweet.posted"}'
LOOPBACK = [ipaddress.ip_network(HERE)]


def leads_to(*texts: str) -> Callable[[str, int, float], Sequence[Address]]:
    """A DNS in which every name has these addresses."""
    return lambda host, port, seconds: [ipaddress.ip_address(text) for text in texts]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A server that does what the test says with its first connection; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(behave: Callable[[socket.socket], None]) -> str:
        def run() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                behave(line)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield serve
    listener.close()
    for thread in threads:
        thread.join(5)


def test_what_arrives(receiver: Receiver) -> None:
    answer = Receivers(LOOPBACK).post(receiver.url, BODY, {"webhook-id": "msg_1"})
    assert answer == Response(204)
    [came] = receiver.received
    assert (came.path, came.body) == ("/hook?from=manager", BODY)
    assert came.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert came.headers["Content-Type"] == "application/json"
    assert came.headers["webhook-id"] == "msg_1"
    assert came.headers["User-Agent"].startswith("TwitterManager/")


def test_a_redirect_is_an_answer_and_nobody_goes_there(receiver: Receiver) -> None:
    elsewhere = Receiver()
    receiver.answers.append((307, {"Location": elsewhere.url}))
    assert Receivers(LOOPBACK).post(receiver.url, BODY, {}).status == 307
    elsewhere.stop()
    assert elsewhere.received == []


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert Receivers(LOOPBACK).post(receiver.url, BODY, {}) == Response(204)


def test_retry_after_comes_along(receiver: Receiver) -> None:
    receiver.answers.append((503, {"Retry-After": "120"}))
    assert Receivers(LOOPBACK).post(receiver.url, BODY, {}) == Response(503, "120")


# where it goes


def test_the_address_that_was_checked_is_the_one_that_is_called(receiver: Receiver) -> None:
    """A name that leads elsewhere at the second look-up: there is none."""
    asked = []

    def rebinds(host: str, port: int, seconds: float) -> Sequence[Address]:
        asked.append(host)
        return leads_to("127.0.0.1" if len(asked) == 1 else "127.0.0.99")(host, port, seconds)

    url = f"http://hooks.example:{receiver.port}/"
    assert Receivers([ipaddress.ip_network("127.0.0.1")], resolve=rebinds).post(url, BODY, {}) == Response(204)
    assert asked == ["hooks.example"]
    assert receiver.received[0].headers["Host"] == f"hooks.example:{receiver.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])
def test_this_machine_is_not_reached(receiver: Receiver, host: str) -> None:
    with pytest.raises(AddressRefused):
        Receivers().post(f"http://{host}:{receiver.port}/", BODY, {})
    assert receiver.received == []


def test_one_bad_address_among_good_ones_is_enough(receiver: Receiver) -> None:
    receivers = Receivers(LOOPBACK, resolve=leads_to("127.0.0.1", "10.0.0.1"))
    with pytest.raises(AddressRefused):
        receivers.post(f"http://hooks.example:{receiver.port}/", BODY, {})
    assert receiver.received == []


def test_a_second_address_where_the_first_does_not_answer(receiver: Receiver) -> None:
    receivers = Receivers(LOOPBACK, resolve=leads_to("127.0.0.2", "127.0.0.1"))
    assert receivers.post(f"http://hooks.example:{receiver.port}/", BODY, {}) == Response(204)


def test_what_is_checked_when_a_webhook_is_made() -> None:
    with pytest.raises(AddressRefused):
        Receivers(resolve=leads_to("10.0.0.1")).check("https://hooks.example/")
    with pytest.raises(ValueError, match="http or https"):
        Receivers(resolve=leads_to("8.8.8.8")).check("gopher://hooks.example/")
    Receivers(resolve=leads_to("8.8.8.8")).check("https://hooks.example/")
    Receivers().check("https://not-there-yet.invalid/")


# when it fails


def test_nothing_was_sent_where_nobody_listens(receiver: Receiver) -> None:
    receiver.stop()
    with pytest.raises(NotReached, match="refused"):
        Receivers(LOOPBACK).post(receiver.url, BODY, {})


def test_nothing_was_sent_where_the_name_is_unknown() -> None:
    with pytest.raises(NotReached):
        Receivers().post("http://nobody.invalid/", BODY, {})
    with pytest.raises(NotReached, match="no address"):
        Receivers(resolve=leads_to()).post("http://nobody.example/", BODY, {})


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 2", b"hello\r\n\r\n", b"HTTP/1.1 999999 no\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200],
    ids=["nothing", "half a line", "no HTTP", "no status", "too many headers"],
)
def test_an_answer_that_is_none(raw: Callable[..., str], said: bytes) -> None:
    url = raw(lambda line: line.sendall(said))
    with pytest.raises(NoResponse) as caught:
        Receivers(LOOPBACK).post(url, BODY, {})
    assert "hello" not in str(caught.value)


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints", "199 Something"])
def test_what_comes_before_the_answer_is_read_past(raw: Callable[..., str], status: str) -> None:
    interim = f"HTTP/1.1 {status}\r\nLink: </style.css>\r\nRetry-After: 9\r\n\r\n".encode()
    url = raw(lambda line: line.sendall(interim * 3 + b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert Receivers(LOOPBACK).post(url, BODY, {}) == Response(204)


@pytest.mark.parametrize("status", ["100 Continue", "103 Early Hints"])
@pytest.mark.parametrize("often", [1, 5000])
def test_and_is_no_answer_where_none_follows(raw: Callable[..., str], often: int, status: str) -> None:
    url = raw(lambda line: line.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode() * often))
    with pytest.raises(NoResponse):
        Receivers(LOOPBACK).post(url, BODY, {})


def test_interim_responses_without_end_are_given_up_on_soon(raw: Callable[..., str]) -> None:
    sent = 0

    def flood(line: socket.socket) -> None:
        nonlocal sent
        with contextlib.suppress(OSError):  # the other side hangs up
            while sent < 1_000_000:
                line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
                sent += 100

    with pytest.raises(NoResponse):
        Receivers(LOOPBACK).post(raw(flood), BODY, {})
    assert sent < 1_000_000


def test_silence_ends_at_the_deadline(raw: Callable[..., str]) -> None:
    over = threading.Event()
    began = time.monotonic()
    with pytest.raises(NoResponse):
        Receivers(LOOPBACK).post(raw(lambda line: over.wait(5) and None), BODY, {}, seconds=0.2)
    assert time.monotonic() - began < 1
    over.set()


def trickle(line: socket.socket, text: bytes) -> None:
    for byte in text * 100:
        try:
            line.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(0.02)


def test_a_trickled_answer_is_cut_at_the_deadline(raw: Callable[..., str]) -> None:
    began = time.monotonic()
    with pytest.raises(NoResponse):
        Receivers(LOOPBACK).post(raw(lambda line: trickle(line, b"HTTP/1.1")), BODY, {}, seconds=0.3)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("length", [b"10", b"1000000000"])
def test_of_the_body_only_the_beginning_is_read_and_its_status_counts(raw: Callable[..., str], length: bytes) -> None:
    def says(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n")
        trickle(line, b"x")

    began = time.monotonic()
    assert Receivers(LOOPBACK).post(raw(says), BODY, {}, seconds=0.4) == Response(200)
    assert time.monotonic() - began < 1


# https


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that proves to be hooks.example, by an authority that this system believes."""
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(self_signed("hooks.example"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    receiver = Receiver(context)
    yield receiver
    receiver.stop()
    client._tls.cache_clear()


def self_signed(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + made.public_bytes(serialization.Encoding.PEM)


def test_https_asks_for_the_name_of_the_url(secure: Receiver) -> None:
    receivers = Receivers(LOOPBACK, resolve=leads_to("127.0.0.1"))
    assert receivers.post(f"https://hooks.example:{secure.port}/", BODY, {}) == Response(204)
    assert secure.received[0].body == BODY


def test_https_with_another_name_is_refused_before_anything_is_sent(secure: Receiver) -> None:
    receivers = Receivers(LOOPBACK, resolve=leads_to("127.0.0.1"))
    with pytest.raises(NotReached, match="certificate is not accepted"):
        receivers.post(f"https://other.example:{secure.port}/", BODY, {})
    assert secure.received == []


def test_https_where_plain_http_is_spoken(receiver: Receiver) -> None:
    with pytest.raises(NotReached, match="TLS failed"):
        Receivers(LOOPBACK).post(receiver.url.replace("http:", "https:"), BODY, {})


def test_a_handshake_that_never_ends() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        began = time.monotonic()
        with pytest.raises(NotReached):
            Receivers(LOOPBACK).post(f"https://127.0.0.1:{listener.getsockname()[1]}/", BODY, {}, seconds=0.2)
        assert time.monotonic() - began < 1
