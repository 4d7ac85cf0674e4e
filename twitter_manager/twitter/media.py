"""Media: the upload in pieces, the upload of an image in one call, alt text and subtitles (docs.x.com: media).

An upload is no post: whatever is unclear about it is simply done again, a piece under the number that it had.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from twitter_manager import untrusted_times
from twitter_manager.timestamps import later
from twitter_manager.twitter.client import DEADLINE, Response, XClient, bearer
from twitter_manager.twitter.errors import (
    OutcomeUnknown,
    PieceTooLarge,
    Problem,
    Refused,
    ScopeMissing,
    UploadNotFound,
)
from twitter_manager.twitter.multipart import Data, Multipart
from twitter_manager.twitter.refusals import problem_of

__all__ = [
    "APPEND",
    "MAX_IMAGE",
    "MAX_PIECE",
    "MAX_SEGMENTS",
    "Processing",
    "ProcessingState",
    "StartedUpload",
    "UploadedMedia",
    "add_subtitles",
    "append",
    "deadline_of",
    "delete_subtitles",
    "finalize",
    "initialize",
    "set_alt_text",
    "status",
    "upload_image",
    "uploaded_media",
]

APPEND = "POST /2/media/upload/{id}/append"  # its name in X's table of limits
MAX_SEGMENTS = 1000  # X's OpenAPI document: segment_index is 0 to 999
MAX_PIECE = 4 * 1024 * 1024  # pieces of 5 MB got 413
MAX_IMAGE = 5 * 1000 * 1000  # bytes of an image in one call
MAX_PERCENT = 100
SLOWEST_LINE = 64 * 1024  # bytes per second: half a megabit, below which nobody sends videos


class ProcessingState(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StartedUpload:
    """`expires_at`: until when pieces are taken and the id can be used; None: X did not say."""

    id: str
    media_key: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Processing:
    """What X does with an uploaded file. `check_after_secs`: X asks to wait so long before the next look; `problem`:
    X's words where it failed."""

    state: ProcessingState
    check_after_secs: float | None = None
    percent: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class UploadedMedia:
    """`expires_after_secs`: so long the id can be used, None: X did not say; `size`: bytes as X counts them;
    `processing` None: nothing is left to do."""

    id: str
    media_key: str | None = None
    expires_after_secs: float | None = None
    size: int | None = None
    processing: Processing | None = None

    @property
    def is_ready(self) -> bool:
        return self.processing is None or self.processing.state is ProcessingState.SUCCEEDED

    @property
    def has_failed(self) -> bool:
        return self.processing is not None and self.processing.state is ProcessingState.FAILED


def deadline_of(size: int) -> float:
    """Seconds for a call with `size` bytes: what X may take for any call, and the time that the bytes need on the
    slowest line. 1 MiB: 56 s, 4 MiB: 104 s. Whoever holds a lease meanwhile needs a longer one."""
    return DEADLINE + size / SLOWEST_LINE


def initialize(
    x: XClient,
    access_token: str,
    *,
    media_type: str,
    total_bytes: int,
    media_category: str,
    account_id: int | None = None,
) -> StartedUpload:
    """Raises XError; UploadNotFound in one of X's incidents."""
    body = {"media_type": media_type, "total_bytes": total_bytes, "media_category": media_category}
    path = "/2/media/upload/initialize"
    response = _call(x, "POST", path, access_token, json=body, account_id=account_id)
    data = _data(response)
    seconds = untrusted_times.seconds(data.get("expires_after_secs"))
    expires_at = None if seconds is None else later(x.clock(), seconds)
    return StartedUpload(_id(response, data), _word(data.get("media_key")), expires_at)


def append(
    x: XClient,
    access_token: str,
    media_id: str,
    segment_index: int,
    data: Data,
    *,
    account_id: int | None = None,
    metered: bool = True,
) -> None:
    """Sends one piece; the same one may be sent again. Not `metered`: the caller has counted it.

    Raises XError: PieceTooLarge, and UploadNotFound where the upload must begin anew.
    """
    response = _call(
        x,
        "POST",
        f"/2/media/upload/{media_id}/append",
        access_token,
        endpoint="/2/media/upload/{id}/append",
        multipart=Multipart(
            {"segment_index": str(segment_index)}, "media", data, content_type="application/octet-stream"
        ),
        account_id=account_id,
        metered=metered,
        may_be_empty=True,
        deadline=deadline_of(len(data)),
    )
    _check_done(response)


def finalize(x: XClient, access_token: str, media_id: str, *, account_id: int | None = None) -> UploadedMedia:
    """All pieces are there. Raises XError."""
    path, endpoint = f"/2/media/upload/{media_id}/finalize", "/2/media/upload/{id}/finalize"
    # X's document knows no body here, yet X has refused a request without one
    response = _call(x, "POST", path, access_token, endpoint=endpoint, json={}, account_id=account_id)
    return uploaded_media(response, _data(response), media_id)


def status(x: XClient, access_token: str, media_id: str, *, account_id: int | None = None) -> UploadedMedia:
    """How far X is with it. Raises XError."""
    query = {"media_id": media_id, "command": "STATUS"}
    response = _call(x, "GET", "/2/media/upload", access_token, query=query, account_id=account_id)
    return uploaded_media(response, _data(response), media_id)


def upload_image(
    x: XClient,
    access_token: str,
    data: Data,
    *,
    media_type: str,
    media_category: str = "tweet_image",
    account_id: int | None = None,
) -> UploadedMedia:
    """An image of up to MAX_IMAGE bytes in one call. Raises XError; PieceTooLarge where X takes it in pieces only."""
    response = _call(
        x,
        "POST",
        "/2/media/upload",
        access_token,
        multipart=Multipart({"media_category": media_category}, "media", data, content_type=media_type),
        account_id=account_id,
        deadline=deadline_of(len(data)),
    )
    return uploaded_media(response, _data(response), None)


def set_alt_text(x: XClient, access_token: str, media_id: str, text: str, *, account_id: int | None = None) -> None:
    """Before the post is created; up to 1,000 characters. Raises XError."""
    body = {"id": media_id, "metadata": {"alt_text": {"text": text}}}
    path = "/2/media/metadata"
    _check_done(_call(x, "POST", path, access_token, json=body, account_id=account_id, may_be_empty=True))


def add_subtitles(
    x: XClient,
    access_token: str,
    media_id: str,
    *,
    subtitles_id: str,
    language_code: str,
    display_name: str,
    account_id: int | None = None,
) -> None:
    """To a video; `subtitles_id`: the uploaded file of subtitles; `language_code`: two capital letters. Raises
    XError."""
    track = {"id": subtitles_id, "language_code": language_code, "display_name": display_name}
    body = {"id": media_id, "media_category": "TweetVideo", "subtitles": track}
    path = "/2/media/subtitles"
    _check_done(_call(x, "POST", path, access_token, json=body, account_id=account_id, may_be_empty=True))


def delete_subtitles(
    x: XClient, access_token: str, media_id: str, *, language_code: str, account_id: int | None = None
) -> None:
    """Raises XError."""
    body = {"id": media_id, "media_category": "TweetVideo", "language_code": language_code}
    path = "/2/media/subtitles"
    _check_done(_call(x, "DELETE", path, access_token, json=body, account_id=account_id, may_be_empty=True))


def uploaded_media(response: Response, data: Mapping[str, Any], media_id: str | None) -> UploadedMedia:
    """What X says of an upload in any of its answers. `media_id`: the one that was asked about; None: it is new.

    Raises OutcomeUnknown where it cannot be read: a file is only taken for ready where X says so clearly.
    """
    found = _id(response, data)
    if media_id is not None and found != media_id:
        raise OutcomeUnknown(Problem(response.status, title="An answer about another upload"))
    size = untrusted_times.seconds(data.get("size"))
    return UploadedMedia(
        found,
        _word(data.get("media_key")),
        untrusted_times.seconds(data.get("expires_after_secs")),
        None if size is None else int(size),
        _processing(response, data.get("processing_info")),
    )


def _processing(response: Response, info: Any) -> Processing | None:
    if info is None:
        return None
    if not isinstance(info, Mapping) or info.get("state") not in list(ProcessingState):
        raise OutcomeUnknown(Problem(response.status, title="An unreadable state of the upload"))
    state, problem = ProcessingState(info["state"]), None
    if info.get("error") or state is ProcessingState.FAILED:  # jobs have stayed at 99 % beside an error
        state, problem = ProcessingState.FAILED, _processing_problem(response, info.get("error"))
    percent = untrusted_times.seconds(info.get("progress_percent"), maximum=MAX_PERCENT)
    return Processing(
        state,
        untrusted_times.seconds(info.get("check_after_secs")),
        None if percent is None else int(percent),
        problem,
    )


def _processing_problem(response: Response, error: Any) -> Problem:
    """{code, name, message}, which X's document does not have, or whatever it is."""
    named = error if isinstance(error, Mapping) else {}
    problem = problem_of(response.status, {**named, "title": named.get("name") or "Processing failed"})
    return problem if problem.detail or error is None else problem_of(response.status, {"title": str(error)})


def _call(x: XClient, method: str, path: str, access_token: str, **what: Any) -> Response:
    """Raises XError, with what a refusal means for an upload."""
    try:
        return x.request(method, path, authorization=bearer(access_token), **what)
    except Refused as error:
        raise _refusal(error) from error


def _refusal(error: Refused) -> Refused:
    problem = error.problem
    if type(error) is not Refused:
        return error
    if problem.status == 413:
        return PieceTooLarge(problem)
    if problem.status == 404:
        return UploadNotFound(problem)
    # X's answer to a token without media.write, in which it gives no reason
    bare = problem.title == problem.detail == "Forbidden" and problem.type in ("", "about:blank")
    return ScopeMissing(problem) if problem.status == 403 and bare else error


def _data(response: Response) -> Mapping[str, Any]:
    """Raises Refused for an answer of 200 that has only errors, OutcomeUnknown for one that has nothing."""
    data = response.body.get("data")
    if isinstance(data, Mapping):
        return data
    problem = problem_of(response.status, response.body)
    if problem.readable:
        raise Refused(problem)
    raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))


def _check_done(response: Response) -> None:
    """Any success will do, with or without a body, unless it has only errors."""
    if response.body.get("errors") and not response.body.get("data"):
        raise Refused(problem_of(response.status, response.body))


def _id(response: Response, data: Mapping[str, Any]) -> str:
    media_id = data.get("id")
    if not isinstance(media_id, str) or not (media_id.isascii() and media_id.isdigit()):
        raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))
    return media_id


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
