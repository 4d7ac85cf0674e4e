"""The simulated X over HTTP, on the standard library, because only a server of our own can cut a connection,
stay silent and trickle, with hundreds of such connections at once (a thread each)."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twitter_manager.simulator import control, same_origin
from twitter_manager.simulator.messages import Delivery, Request, Response
from twitter_manager.simulator.problems import problem
from twitter_manager.simulator.responses import dated, respond
from twitter_manager.simulator.world import World, WorldUnavailable

__all__ = ["running", "serve"]

log = logging.getLogger(__name__)

SILENCE_S = 600
MAX_BODY = 64 * 1024 * 1024


def serve(world: World, *, host: str = "127.0.0.1", port: int) -> None:
    """Until KeyboardInterrupt. Raises OSError when the port is in use."""
    with SimulatorServer(world, host=host, port=port) as server:
        try:
            server.serve_forever()
        finally:
            server.hang_up()


@contextlib.contextmanager
def running(world: World, *, port: int = 0) -> Iterator[str]:
    """A server on 127.0.0.1 in a thread of this process, by default on a free port; yields its base URL."""
    with SimulatorServer(world, host="127.0.0.1", port=port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.hang_up()


class SimulatorServer(ThreadingHTTPServer):
    """A thread per connection, ended with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, world: World, *, host: str, port: int) -> None:
        self.world = world
        self.host = host
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), SimulatorHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """For bugs of ours only: a caller who disconnects is no error."""
        log.error("simulator: a call failed", exc_info=True)  # noqa: LOG014 (socketserver calls it in its except)

    def hang_up(self) -> None:
        """Cuts every open connection, which ends the silent ones."""
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _is_for_people(request: Request) -> bool:
    """Whether it is a page for browsers, which another site may have sent here by a name of its own (DNS rebinding)."""
    return not request.path.startswith("/2/")


class SimulatorHandler(BaseHTTPRequestHandler):
    """Reads requests from a connection and delivers the answers by their `delivery`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 64 * 1024
    server: SimulatorServer

    def handle(self) -> None:
        """A caller who disconnects is no error."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def respond(self) -> None:
        length = self.headers.get("content-length", "0")
        if self.headers.get("transfer-encoding") or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(problem(413, "Payload Too Large", detail="A body needs a Content-Length of at most 64 MiB."))
            return
        body = self.rfile.read(int(length))
        try:
            request = Request.from_target(self.command, self.path, headers=dict(self.headers.items()), body=body)
        except ValueError:
            self._send(problem(400, "Bad Request"))
        else:
            self._deliver(self._response_to(request))

    def _response_to(self, request: Request) -> Response:
        try:
            if control.is_command(request):
                return control.respond(self.server.world, request, host=self.server.host)
            if _is_for_people(request) and not same_origin.names_this_machine(
                request.headers.get("host", ""), also=self.server.host
            ):
                return problem(403, "Forbidden", detail="The Host header names another machine.")
            return respond(self.server.world, request)
        except WorldUnavailable as error:
            log.error("simulator: %s", error)
            return problem(503, "Service Unavailable")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = respond

    def _deliver(self, response: Response) -> None:
        time.sleep(response.delay)
        if response.delivery is Delivery.WHOLE:
            self._send(response)
            return
        self.close_connection = True
        if response.delivery is Delivery.SILENT:
            self._wait_for_disconnect(SILENCE_S)
        elif response.delivery is Delivery.TRICKLE:
            self._trickle(response)

    def _send(self, response: Response) -> None:
        # head and body in one write: two would wait for each other (Nagle and delayed acknowledgement, 40 ms)
        body = b"" if self.command == "HEAD" else response.body
        head = self._head(dated(response, self.server.world.now()), len(response.body))
        self.wfile.write(head + body)

    def _head(self, response: Response, length: int) -> bytes:
        reason = self.responses.get(response.status, ("",))[0]
        lines = [f"{self.protocol_version} {response.status} {reason}", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if self.close_connection:
            lines.append("connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _trickle(self, response: Response) -> None:
        """Spaces before the JSON, one a second: valid, but not complete in time."""
        self.wfile.write(self._head(response, SILENCE_S + len(response.body)))
        for _ in range(SILENCE_S):
            self.wfile.write(b" ")
            if self._wait_for_disconnect(1):
                return
        self.wfile.write(response.body)

    def _wait_for_disconnect(self, seconds: float) -> bool:
        """Waits up to `seconds`; whether the caller disconnected meanwhile."""
        self.connection.settimeout(seconds)
        try:
            return not self.connection.recv(1)
        except TimeoutError:
            return False
        except OSError:
            return True

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing on stderr: the journal has the calls, without secrets."""
