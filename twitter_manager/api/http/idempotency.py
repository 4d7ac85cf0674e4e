"""Idempotency-Key: a POST that carries one is done once, however often it is sent, and answered each time as the first.

What was made stands under its key in the transaction that made it (`idempotency` in the services), the response since
it was given. Between the two the service may die: then the view's `rebuild` says again what was made.
Only what was done is kept: who was refused corrects the call and sends it again under the same key.
"""

import hashlib
import logging
import re
import threading
from contextlib import suppress
from dataclasses import replace

import orjson
from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from twitter_manager.api.http import auth, current
from twitter_manager.api.openapi.operations import operation_of
from twitter_manager.crypto import SecretUnreadable
from twitter_manager.errors import Conflict, Invalid
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
    """The calls with a key that are under way in this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._scopes: set[tuple[int, str, str, str]] = set()

    def enter(self, call: IdempotentCall) -> None:
        """From now on it is under way. Raises Conflict when it is already; otherwise somebody must `leave`."""
        with self._guard:
            if call.scope in self._scopes:
                raise Conflict("idempotency_key_in_use", retryable=True)
            self._scopes.add(call.scope)

    def leave(self, call: IdempotentCall) -> None:
        """It is over."""
        with self._guard:
            self._scopes.discard(call.scope)


def register(app: Flask) -> None:
    """Heeds the key of each POST to `app` under the API. To be called after `auth.register`: keys have owners."""
    running = _Running()

    @app.before_request
    def answer_again() -> ResponseReturnValue | None:
        call = _idempotent_call()
        if call is None:
            return None
        found = _find(call)
        if found is None or found.status is None:
            running.enter(call)
            current.keep_idempotent_call(call)
            found = _find(call)  # it may have ended just before this one began
        return None if found is None else _answer_again(found, call)

    @app.after_request
    def keep_answer(response: Response) -> Response:
        call = current.idempotent_call()
        if call is not None and _is_kept(response):
            _keep(call, response)
        if g.get("replayed", False) and _is_kept(response):
            response.headers[REPLAYED] = "true"
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        call = current.idempotent_call()
        if call is not None:
            running.leave(call)


def _idempotent_call() -> IdempotentCall | None:
    """What the request in progress asks to be done once; None without the header. Raises Invalid."""
    key, caller = request.headers.get(HEADER), current.api_key()
    if key is None or caller is None or request.method != "POST" or request.endpoint is None:
        return None
    if not request.path.startswith(auth.API):
        return None
    if not _KEY.fullmatch(key):
        raise Invalid("invalid_field", sentence=f"{HEADER} must be 1 to 255 printable ASCII characters", field=HEADER)
    return IdempotentCall(
        api_key_id=caller.id, method=request.method, path=request.path, key=key, body_hash=_body_hash()
    )


def _find(call: IdempotentCall) -> IdempotencyKey | None:
    """What was done under the key, its answer in clear; one under an ENCRYPTION_KEY that is gone counts as lost."""
    services = current.services()
    found = idempotency_keys.find(services.db, call, now=services.clock())
    if found is None or found.answer is None:
        return found
    try:
        return replace(found, answer=services.vault.decrypt(found.answer))
    except SecretUnreadable:
        return replace(found, status=None, answer=None) if found.subject_id is not None else None


def _answer_again(found: IdempotencyKey, call: IdempotentCall) -> ResponseReturnValue:
    """The first answer, or one about what was made where that was never given. Raises Invalid; else as the view."""
    if found.body_hash != call.body_hash:
        raise Invalid("idempotency_key_reused", field=HEADER)
    g.replayed = True
    if found.status is not None:
        return current_app.response_class(found.answer, status=found.status, mimetype="application/json")
    assert found.subject_id is not None  # noqa: S101  - a CHECK of the table: made or answered
    operation = operation_of(current_app.view_functions[request.endpoint or ""])
    assert operation is not None and operation.rebuild is not None  # noqa: S101  - as for whatever makes something
    return operation.rebuild(found.subject_id)


def _is_kept(response: Response) -> bool:
    """Refusals and faults are not: the same call may end otherwise. X's refusal of what was made is its answer."""
    return response.status_code < 300 or response.status_code == 502


def _keep(call: IdempotentCall, response: Response) -> None:
    """Keeps the answer. Where that fails, what was done stays done, and the answer can be built again."""
    status, text = response.status_code, response.get_data(as_text=True)
    try:
        answer = current.services().vault.encrypt(text)  # that of a new webhook has its secret in it
        with current.services().db.transaction() as tx:
            kept = idempotency_keys.keep_answer(tx, call, status=status, answer=answer)
            if not kept and status < 300:
                idempotency_keys.insert_answer(tx, call, status=status, answer=answer)
    except Exception as error:
        log.error("an answer under an Idempotency-Key was not kept request=%s", current.request_id(), exc_info=error)


def _body_hash() -> str:
    """Equal for two requests that ask for the same."""
    query = sorted(pair for pair in request.args.items(multi=True) if pair[0] != "api_key")
    return hashlib.sha256(orjson.dumps(query) + b"\n" + _content()).hexdigest()


def _content() -> bytes:
    """What was sent, without what may differ when it is sent again: blanks, the order of fields, a boundary."""
    if request.mimetype == "multipart/form-data":
        return orjson.dumps([list(request.form.items(multi=True)), _files()])
    data = request.get_data()
    with suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
        return orjson.dumps(orjson.loads(data or b"{}"), option=orjson.OPT_SORT_KEYS)
    return data


def _files() -> list[tuple[str, str | None, str, str]]:
    """Name, file name, type and SHA-256 of each file that came; each is left as if nobody had read it."""
    found = []
    for name, file in request.files.items(multi=True):
        digest = hashlib.sha256()
        while piece := file.stream.read(_PIECE):
            digest.update(piece)
        file.stream.seek(0)
        found.append((name, file.filename, file.mimetype, digest.hexdigest()))
    return found
