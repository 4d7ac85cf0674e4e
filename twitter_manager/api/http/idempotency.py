"""Idempotency-Key: a POST with one is done once, however often it is sent, and gets the first response each time.

What was made is stored under its key in the transaction that made it (`idempotency` in the services), the response once
it exists. Between the two the service may die: then the view's `rebuild` makes the response again.
Only successes are stored: a caller that was refused corrects the call and sends it again under the same key.
"""

import hashlib
import logging
import re
import threading
from contextlib import suppress
from dataclasses import replace

import orjson
from flask import Response
from flask.typing import ResponseReturnValue

from twitter_manager.api.http import auth, current, json_bodies
from twitter_manager.api.http.application import Application, Request
from twitter_manager.api.openapi.operations import operation_of
from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict, Invalid, Malformed, TooLarge
from twitter_manager.models import IdempotencyKey
from twitter_manager.storage import idempotency_keys
from twitter_manager.storage.idempotency_keys import IdempotentCall

__all__ = ["HEADER", "REPLAYED", "register"]

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[ -~]{1,255}")
_PIECE = 1024 * 1024  # bytes of a file that are read at a time

log = logging.getLogger("twitter_manager.api")


class _Running:
    """The calls with a key that are in progress in this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._scopes: set[tuple[int, str, str, str]] = set()

    def enter(self, call: IdempotentCall) -> None:
        """Raises Conflict when the same call is in progress already; otherwise the caller must `leave`."""
        with self._guard:
            if call.scope in self._scopes:
                raise Conflict("idempotency_key_in_use", retryable=True)
            self._scopes.add(call.scope)

    def leave(self, call: IdempotentCall) -> None:
        with self._guard:
            self._scopes.discard(call.scope)


def register(app: Application) -> None:
    """Handles the key of each POST to `app` under the API. To be called after `auth.register`: keys have owners."""
    running = _Running()

    @app.check
    def replay(request: Request) -> ResponseReturnValue | None:
        call = _idempotent_call(request)
        if call is None:
            return None
        found = _find(call)
        if found is None or found.status is None:
            running.enter(call)
            request.idempotent_call = call
            found = _find(call)  # it may have ended just before this one began
        if found is None:
            return None
        _check_same(found, call)
        request.is_replay = True
        return _first_response(app, request, found)

    @app.finish
    def store_response(request: Request, response: Response) -> None:
        call = request.idempotent_call
        if call is not None and _is_stored(response):
            _store(call, response)
        if request.is_replay and _is_stored(response):
            response.headers[REPLAYED] = "true"

    @app.ending
    def leave(request: Request) -> None:
        if request.idempotent_call is not None:
            running.leave(request.idempotent_call)


def _idempotent_call(request: Request) -> IdempotentCall | None:
    """None without the header. Raises Invalid."""
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    caller = request.api_key
    if caller is None or request.method != "POST" or request.endpoint is None:
        return None
    if not request.path.startswith(auth.API):
        return None
    if not _KEY.fullmatch(key):
        raise Invalid("invalid_field", sentence=f"{HEADER} must be 1 to 255 printable ASCII characters", field=HEADER)
    return IdempotentCall(
        api_key_id=caller.id, method=request.method, path=request.path, key=key, body_hash=_body_hash(request)
    )


def _find(call: IdempotentCall) -> IdempotencyKey | None:
    """What was done under the key, its response decrypted; one under a lost ENCRYPTION_KEY counts as missing."""
    services = current.services()
    found = idempotency_keys.find(services.db, call, now=services.clock())
    if found is None or found.answer is None:
        return found
    try:
        return replace(found, answer=services.vault.decrypt(found.answer))
    except SecretUnreadable:
        return replace(found, status=None, answer=None) if found.subject_id is not None else None


def _check_same(found: IdempotencyKey, call: IdempotentCall) -> None:
    """Raises Invalid."""
    if found.body_hash != call.body_hash:
        raise Invalid("idempotency_key_reused", field=HEADER)


def _first_response(app: Application, request: Request, found: IdempotencyKey) -> ResponseReturnValue:
    """As it was given, or rebuilt where it never was. Raises what the view raises."""
    if found.status is not None:
        return app.response_class(found.answer, status=found.status, mimetype="application/json")
    assert found.subject_id is not None  # noqa: S101  - a CHECK of the table: made or answered
    operation = operation_of(app.view_functions[request.endpoint or ""])
    assert operation is not None and operation.rebuild is not None  # noqa: S101  - as for whatever makes something
    return operation.rebuild(found.subject_id)


def _is_stored(response: Response) -> bool:
    """Refusals and faults are not: the same call may end otherwise. X's refusal of what was made is its response."""
    return response.status_code < 300 or response.status_code == 502


def _store(call: IdempotentCall, response: Response) -> None:
    """Stores the response. Where that fails, what was done stays done, and the response can be built again."""
    status, text = response.status_code, response.get_data(as_text=True)
    try:
        answer = current.services().vault.encrypt(text)  # that of a new webhook contains its secret
        with current.services().db.transaction(account_id=()) as tx:
            stored = idempotency_keys.store_response(tx, call, status=status, answer=answer)
            if not stored and status < 300:
                idempotency_keys.try_insert(tx, call, status=status, answer=answer)
    except Exception as error:
        log.error("an answer under an Idempotency-Key was not kept request=%s", current.request_id(), exc_info=error)


def _body_hash(request: Request) -> str:
    """Equal for two requests that mean the same."""
    query = sorted(pair for pair in request.args.items(multi=True) if pair[0] != "api_key")
    return hashlib.sha256(orjson.dumps(query) + b"\n" + _content(request)).hexdigest()


def _content(request: Request) -> bytes:
    """The body without what may differ when it is sent again: blanks, the order of fields, a boundary."""
    if request.mimetype == "multipart/form-data":
        return orjson.dumps([list(request.form.items(multi=True)), _files(request)])
    data = request.get_data()
    with suppress(Malformed, TooLarge, orjson.JSONEncodeError):
        return orjson.dumps(json_bodies.parse(data or b"{}"), option=orjson.OPT_SORT_KEYS)
    return data


def _files(request: Request) -> list[tuple[str, str | None, str, str]]:
    """Name, file name, type and SHA-256 of each file; each is rewound after reading."""
    found = []
    for name, file in request.files.items(multi=True):
        digest = hashlib.sha256()
        while piece := file.stream.read(_PIECE):
            digest.update(piece)
        file.stream.seek(0)
        found.append((name, file.filename, file.mimetype, digest.hexdigest()))
    return found
