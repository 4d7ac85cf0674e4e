"""Uploads: what is sent, what X's answers mean, and that nothing is taken for ready that X does not call so."""

import email.policy
import hashlib
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest

from tests.support.wire import Line, Request, answering, reply, serving
from twitter_manager.twitter import client, media
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import (
    CapabilityUnavailable,
    OutcomeUnknown,
    PieceTooLarge,
    Refused,
    ScopeMissing,
    UploadNotFound,
    XError,
)
from twitter_manager.twitter.media import Processing, ProcessingState, StartedUpload, UploadedMedia
from twitter_manager.twitter.multipart import Data

MEDIA_ID, KEY = "1999999999999999999", "7_1999999999999999999"
PIECE = bytes(range(256)) * 4096  # 1 MiB


def parts_of(request: Request) -> dict[str, MIMEPart]:
    """The parts of a multipart/form-data body by their names."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + request.body, EmailMessage, policy=email.policy.HTTP)
    return {str(part.get_param("name", header="content-disposition")): part for part in whole.iter_parts()}


def content(part: MIMEPart) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


def answered(call: Callable[[XClient], Any], body: Any, status: int = 200) -> tuple[Any, Request]:
    with serving(answering(reply(status, body))) as server:
        result = call(server.x())
    (request,) = server.requests
    return result, request


def failure(call: Callable[[XClient], Any], answer: bytes) -> XError:
    with serving(answering(answer)) as server, pytest.raises(XError) as error:
        call(server.x())
    return error.value


def initialize(x: XClient) -> StartedUpload:
    return media.initialize(x, "token", media_type="video/mp4", total_bytes=7, media_category="tweet_video")


def append(x: XClient) -> None:
    media.append(x, "token", MEDIA_ID, 3, PIECE)


def finalize(x: XClient) -> UploadedMedia:
    return media.finalize(x, "token", MEDIA_ID)


def status(x: XClient) -> UploadedMedia:
    return media.status(x, "token", MEDIA_ID)


def upload_image(x: XClient) -> UploadedMedia:
    return media.upload_image(x, "token", b"\x89PNG...", media_type="image/png")


class TestWhatIsSent:
    def test_initialize(self) -> None:
        def timed(x: XClient) -> timedelta | None:
            started = initialize(x)
            assert (started.id, started.media_key) == (MEDIA_ID, KEY)
            return started.expires_at - x.clock() if started.expires_at else None

        data = {"id": MEDIA_ID, "media_key": KEY, "expires_after_secs": 1295999}
        left, request = answered(timed, {"data": data})
        assert timedelta(seconds=1295990) < left <= timedelta(seconds=1295999)
        assert request.line == "POST /2/media/upload/initialize HTTP/1.1"
        assert request.body == b'{"media_type":"video/mp4","total_bytes":7,"media_category":"tweet_video"}'

    @pytest.mark.parametrize("data", [PIECE, bytearray(PIECE), memoryview(b"x" + PIECE)[1:], b"a", b"\r\n--", b""])
    def test_a_piece(self, data: Data) -> None:
        _, request = answered(lambda x: media.append(x, "token", MEDIA_ID, 999, data), {"data": {"expires_at": 1}})
        assert request.line == f"POST /2/media/upload/{MEDIA_ID}/append HTTP/1.1"
        assert request.header("authorization") == "Bearer token"
        assert request.header("transfer-encoding") is None
        parts = parts_of(request)
        assert list(parts) == ["segment_index", "media"]
        assert content(parts["segment_index"]) == b"999"
        assert content(parts["media"]) == bytes(data)
        assert parts["media"].get_content_type() == "application/octet-stream"

    def test_finalize_has_an_object_as_its_body(self) -> None:
        _, request = answered(finalize, {"data": {"id": MEDIA_ID}})
        assert request.line == f"POST /2/media/upload/{MEDIA_ID}/finalize HTTP/1.1"
        assert (request.header("content-type"), request.body) == ("application/json", b"{}")

    def test_status(self) -> None:
        _, request = answered(status, {"data": {"id": MEDIA_ID}})
        assert request.line == f"GET /2/media/upload?media_id={MEDIA_ID}&command=STATUS HTTP/1.1"

    def test_an_image(self) -> None:
        found, request = answered(upload_image, {"data": {"id": MEDIA_ID, "media_key": KEY, "size": 7}})
        assert found == UploadedMedia(MEDIA_ID, KEY, size=7)
        assert request.line == "POST /2/media/upload HTTP/1.1"
        parts = parts_of(request)
        assert content(parts["media_category"]) == b"tweet_image"
        assert (parts["media"].get_content_type(), content(parts["media"])) == ("image/png", b"\x89PNG...")

    def test_alt_text(self) -> None:
        _, request = answered(lambda x: media.set_alt_text(x, "token", MEDIA_ID, "Ein Känguru"), {"data": {}})
        assert request.line == "POST /2/media/metadata HTTP/1.1"
        assert request.body.decode() == f'{{"id":"{MEDIA_ID}","metadata":{{"alt_text":{{"text":"Ein Känguru"}}}}}}'

    def test_subtitles(self) -> None:
        def add(x: XClient) -> None:
            media.add_subtitles(x, "token", MEDIA_ID, subtitles_id="5", language_code="DE", display_name="Deutsch")

        _, request = answered(add, {"data": {"id": MEDIA_ID}})
        assert request.line == "POST /2/media/subtitles HTTP/1.1"
        assert b'"subtitles":{"id":"5","language_code":"DE","display_name":"Deutsch"}' in request.body
        _, request = answered(
            lambda x: media.delete_subtitles(x, "token", MEDIA_ID, language_code="DE"), {"data": {"deleted": True}}
        )
        assert request.line == "DELETE /2/media/subtitles HTTP/1.1"


class TestAPiece:
    def test_is_not_copied(self) -> None:
        piece = memoryview(bytes(media.MAX_PIECE))
        digest = hashlib.sha256()

        def swallow(line: Line) -> None:
            left = media.MAX_PIECE
            while left > 0 and (received := line.socket.recv(65_536)):
                digest.update(received)
                left -= len(received)
            line.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            line.wait_for_close()

        with serving(swallow) as server:
            tracemalloc.start()
            try:
                media.append(server.x(), "token", MEDIA_ID, 0, piece)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < media.MAX_PIECE // 4

    def test_may_take_longer_than_a_connection_may(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
        piece = bytes(media.MAX_PIECE * 4)  # more than the buffers of the system hold

        def read_late(line: Line) -> None:
            late.wait(0.8)
            assert line.read()
            line.send(reply(200, {"data": {}}))

        late = threading.Event()
        with serving(read_late) as server:
            media.append(server.x(), "token", MEDIA_ID, 0, piece)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\n\r\n", reply(200, raw=b""), reply(200, {})])
    def test_an_answer_without_a_body_is_one(self, answer: bytes) -> None:
        with serving(answering(answer)) as server:
            append(server.x())

    @pytest.mark.parametrize("body", [{"raw": b""}, {"raw": b"<html>"}, {"body": {"title": "Payload Too Large"}}])
    def test_that_is_too_large(self, body: dict[str, Any]) -> None:
        assert isinstance(failure(append, reply(413, **body)), PieceTooLarge)

    def test_whose_refusal_comes_before_it_was_written(self) -> None:
        def refuse_at_once(line: Line) -> None:
            line.socket.recv(100)
            line.send(reply(413, raw=b"", connection="close"))
            line.wait_for_close()

        with serving(refuse_at_once) as server, pytest.raises(PieceTooLarge):
            media.append(server.x(), "token", MEDIA_ID, 0, PIECE)

    def test_the_deadline_grows_with_the_size(self) -> None:
        assert media.deadline_of(0) == client.DEADLINE
        assert media.deadline_of(1024 * 1024) == 56
        assert media.deadline_of(media.MAX_PIECE) == 104

    def test_is_not_ended_by_the_deadline_of_other_calls(self) -> None:
        def answer_late(line: Line) -> None:
            line.read()
            line.socket.settimeout(0.5)
            with pytest.raises(TimeoutError):
                line.socket.recv(1)
            line.send(reply(200, {}))

        with serving(answer_late) as server:
            append(server.x(deadline=0.2))


def info(**fields: Any) -> bytes:
    return reply(200, {"data": {"id": MEDIA_ID, "processing_info": fields}})


class TestTheStateAtX:
    @pytest.mark.parametrize("call", [finalize, status])
    def test_without_processing_it_is_ready(self, call: Callable[[XClient], UploadedMedia]) -> None:
        data = {"id": MEDIA_ID, "media_key": KEY, "size": 1024, "expires_after_secs": 86400}
        found, _ = answered(call, {"data": data})
        assert found == UploadedMedia(MEDIA_ID, KEY, 86400.0, 1024)
        assert found.is_ready and not found.has_failed

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"state": "pending", "check_after_secs": 5}, Processing(ProcessingState.PENDING, 5.0)),
            (
                {"state": "in_progress", "check_after_secs": 1, "progress_percent": 8},
                Processing(ProcessingState.IN_PROGRESS, 1.0, 8),
            ),
            ({"state": "in_progress", "progress_percent": "99"}, Processing(ProcessingState.IN_PROGRESS, None, 99)),
            ({"state": "in_progress", "progress_percent": 250}, Processing(ProcessingState.IN_PROGRESS, None, 100)),
            ({"state": "in_progress", "progress_percent": {}}, Processing(ProcessingState.IN_PROGRESS)),
            ({"state": "succeeded", "progress_percent": 100}, Processing(ProcessingState.SUCCEEDED, None, 100)),
            ({"state": "succeeded", "error": None}, Processing(ProcessingState.SUCCEEDED)),
        ],
    )
    def test_read(self, given: dict[str, Any], expected: Processing) -> None:
        with serving(answering(info(**given))) as server:
            found = status(server.x())
        assert found.processing == expected
        assert found.is_ready == (expected.state is ProcessingState.SUCCEEDED)
        assert not found.has_failed

    @pytest.mark.parametrize("state", ["failed", "in_progress", "succeeded", "pending"])
    def test_an_error_beside_any_state_is_a_failure(self, state: str) -> None:
        error = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
        with serving(answering(info(state=state, progress_percent=99, error=error))) as server:
            found = status(server.x())
        assert found.has_failed and not found.is_ready
        assert found.processing and found.processing.problem
        problem = found.processing.problem
        assert (problem.title, problem.detail, problem.code) == ("InvalidMedia", "Unsupported video format", 1)

    @pytest.mark.parametrize("error", ["InvalidMedia", ["InvalidMedia"], {"name": "InvalidMedia"}])
    def test_an_error_of_another_shape(self, error: Any) -> None:
        with serving(answering(info(state="failed", error=error))) as server:
            found = status(server.x())
        assert found.processing and found.processing.problem
        assert "InvalidMedia" in found.processing.problem.title

    def test_a_failure_without_a_reason(self) -> None:
        with serving(answering(info(state="failed"))) as server:
            found = status(server.x())
        assert found.processing and found.processing.problem
        assert found.processing.problem.title == "Processing failed"

    @pytest.mark.parametrize(
        "given", [{}, [], "succeeded", 1, {"state": "done"}, {"state": None}, {"state": ["succeeded"]}, {"state": 1}]
    )
    @pytest.mark.parametrize("call", [finalize, status])
    def test_what_cannot_be_read_is_not_ready(self, call: Callable[[XClient], Any], given: Any) -> None:
        answer = reply(200, {"data": {"id": MEDIA_ID, "processing_info": given}})
        assert isinstance(failure(call, answer), OutcomeUnknown)

    @pytest.mark.parametrize("data", [None, [], {}, {"id": 5}, {"id": "x"}, {"id": "5"}])
    def test_of_another_upload_or_of_none(self, data: Any) -> None:
        assert isinstance(failure(finalize, reply(200, {"data": data})), OutcomeUnknown)


class TestARefusal:
    BARE = reply(403, {"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "Forbidden"})
    CALLS = (initialize, append, finalize, status, upload_image)

    @pytest.mark.parametrize("call", CALLS)
    def test_without_a_reason_means_the_scope(self, call: Callable[[XClient], Any]) -> None:
        assert isinstance(failure(call, self.BARE), ScopeMissing)

    def test_with_a_reason_does_not(self) -> None:
        detail = "This user is not allowed to post a video longer than 20 minutes."
        error = failure(finalize, reply(403, {"title": "Forbidden", "type": "about:blank", "detail": detail}))
        assert type(error) is Refused
        assert error.problem.detail == detail

    def test_of_the_apps_plan(self) -> None:
        type_ = "https://api.x.com/2/problems/client-forbidden"
        error = failure(append, reply(403, {"title": "Client Forbidden", "type": type_, "detail": "Forbidden"}))
        assert isinstance(error, CapabilityUnavailable)

    @pytest.mark.parametrize("call", CALLS)
    def test_404(self, call: Callable[[XClient], Any]) -> None:
        assert isinstance(failure(call, reply(404, {"title": "Not Found", "detail": "Not Found"})), UploadNotFound)

    def test_404_of_the_edge_says_nothing(self) -> None:
        assert isinstance(failure(initialize, reply(404, raw=b"")), OutcomeUnknown)

    @pytest.mark.parametrize("call", CALLS)
    def test_inside_a_200(self, call: Callable[[XClient], Any]) -> None:
        error = failure(call, reply(200, {"errors": [{"title": "Invalid Request", "detail": "No such segment"}]}))
        assert type(error) is Refused
        assert error.problem.detail == "No such segment"
