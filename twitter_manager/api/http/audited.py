"""Which requests are audited: every write under the API, and the callback, which connects an account.

What they changed is recorded by the services, in the transaction of the change (services/audit.py); here it is said
what the request was, and how it ended.
"""

from contextlib import suppress

from flask import Flask, Response
from werkzeug.routing import Rule

from twitter_manager.api.http import auth, inputs
from twitter_manager.api.http.application import Application, Request
from twitter_manager.api.http.callback import is_callback
from twitter_manager.api.openapi.document import path_of
from twitter_manager.api.openapi.operations import operation_of
from twitter_manager.errors import Invalid
from twitter_manager.services import Services, audit
from twitter_manager.storage.audit import NewEntry

__all__ = ["register"]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SUBJECTS = {
    "tweet_id": "tweet",
    "thread_id": "thread",
    "batch_id": "batch",
    "webhook_id": "webhook",
    "key_id": "api_key",
}


def register(app: Application) -> None:
    """To be called with all routes registered, and before `auth.register`: what a key may not do is audited too."""
    audited = _audited(app)

    @app.check
    def begin(request: Request) -> None:
        method, rule = request.method, request.url_rule
        found = audited.get((method, rule.rule)) if rule else None
        if found is not None and (method != "GET" or is_callback()):
            route, success = found
            entry = NewEntry(actor="key", method=method, route=route, request_id=request.id, status=success)
            audit.begin(entry)
            _note_subject(request)

    @app.finish
    def finish(request: Request, response: Response) -> None:
        status = response.status_code
        if audit.is_unfinished(status=status) and status != 401 and not request.is_replay:
            services: Services = app.extensions["services"]
            audit.finish(services.db, status=status, code=request.error_code)

    @app.ending
    def end(_: Request) -> None:
        audit.end()


def _audited(app: Flask) -> dict[tuple[str, str], tuple[str, int]]:
    """By method and rule: the path, as the document has it, and the status of a success."""
    found = {}
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        success = min(operation.responses) if operation else 200
        for method in rule.methods or set():
            if (method in _WRITES and rule.rule.startswith(auth.API)) or (method == "GET" and _may_be_callback(rule)):
                found[method, rule.rule] = (path_of(rule), success)
    return found


def _may_be_callback(rule: Rule) -> bool:
    return rule.endpoint in ("oauth.callback", "home.show")


def _note_subject(request: Request) -> None:
    for name, text in (request.view_args or {}).items():
        if name in _SUBJECTS:
            with suppress(Invalid):  # then it is refused, and not audited
                audit.note(_SUBJECTS[name], inputs.to_id(text, field=name))
