"""The simulated X as a transport for `requests`: session.mount("https://api.x.com", SimulatorAdapter(world))."""

import http.client
import time
from collections.abc import Mapping
from io import BytesIO

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from twitter_manager.simulator.messages import Delivery, Request, Response
from twitter_manager.simulator.responses import respond
from twitter_manager.simulator.world import World, WorldUnavailable

__all__ = ["SimulatorAdapter"]

Timeout = float | tuple[float, float] | tuple[float, None] | None


class SimulatorAdapter(BaseAdapter):
    """Answers in this process. Latency is slept; where a real connection would time out, ReadTimeout is raised after
    `patience` seconds, or the caller's read time-out if that is shorter."""

    def __init__(self, world: World, *, patience: float = 0.0) -> None:
        super().__init__()
        self._world = world
        self._patience = patience

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Timeout = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Raises requests' ConnectionError for a cut connection and ReadTimeout for silence.

        Also ConnectTimeout where the world cannot be used and nothing was done; ConnectionError if that is unclear.
        """
        response = self._response_to(request)
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if response.delivery in {Delivery.SILENT, Delivery.TRICKLE} or (limit is not None and response.delay > limit):
            time.sleep(self._patience if limit is None else min(self._patience, limit))
            raise requests.exceptions.ReadTimeout("Read timed out.", request=request)
        time.sleep(response.delay)
        if response.delivery is Delivery.CUT:
            broken = http.client.RemoteDisconnected("Remote end closed connection without response")
            reason = urllib3.exceptions.ProtocolError("Connection aborted.", broken)
            raise requests.exceptions.ConnectionError(reason, request=request)
        built = HTTPAdapter().build_response(request, _raw(response))
        if not stream:
            _ = built.content
        return built

    def _response_to(self, request: requests.PreparedRequest) -> Response:
        asked = _asked(request)
        try:
            return respond(self._world, asked)
        except WorldUnavailable as error:
            if error.nothing_done:
                raise requests.exceptions.ConnectTimeout(str(error), request=request) from error
            raise requests.exceptions.ConnectionError(str(error), request=request) from error

    def close(self) -> None:
        """Does nothing: the world belongs to the code that opened it."""


def _asked(request: requests.PreparedRequest) -> Request:
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1") for name, value in request.headers.items()
    }
    return Request.from_target(
        request.method or "GET", request.url or "/", headers=headers, body=_whole_body(request.body)
    )


def _whole_body(body: object) -> bytes:
    """From anything that `requests` accepts: text, bytes, a file, or an iterable of pieces."""
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray | memoryview | str):
        return body.encode() if isinstance(body, str) else bytes(body)
    read = getattr(body, "read", None)
    if read is not None:
        return _whole_body(read())
    return b"".join(_whole_body(piece) for piece in body)  # type: ignore[attr-defined]


def _raw(response: Response) -> urllib3.HTTPResponse:
    headers = {**response.headers, "content-length": str(len(response.body))}
    return urllib3.HTTPResponse(
        body=BytesIO(response.body),
        headers=headers,
        status=response.status,
        reason=http.client.responses.get(response.status, ""),
        preload_content=False,
    )
