"""The whole document: its frame, and each route with its operation."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from twitter_manager.api.error_response import Error
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.http.idempotency import HEADER
from twitter_manager.api.http.queries import OPEN
from twitter_manager.api.openapi.open_answers import open_answers
from twitter_manager.api.openapi.operations import (
    ACCOUNT_IN_PATH,
    OUR_ID,
    Chapter,
    Operation,
    Parameter,
    Resource,
    operations_of,
)
from twitter_manager.api.openapi.responses import HEADERS, Responses, error_codes_of
from twitter_manager.api.openapi.schemas import Schema, Schemas
from twitter_manager.version import VERSION

__all__ = ["chapters_of", "describe", "describe_closed", "described_routes", "path_of"]

_DESCRIPTION = """\
Keeps X (Twitter) accounts, and puts each tweet that it was given on X once.

Every call but those marked as open needs a key, in `X-API-Key` or `?api_key`. Times are UTC, ISO 8601 with `Z`; a time
that is sent needs its offset. Whole numbers are ids of this service, strings of digits are X's.

A key has scopes: `read`, `write`, which can do what `read` can, and `admin`, which can do everything;
`x-required-scope` says which one a call needs. A key may be limited to some accounts, and then there are no others for
it: they are 404, and in no list and no number.

Unknown fields and unknown query parameters are refused with 422, at `/auth/callback` alone the latter are passed over:
X may add some. Where a whole number stands, a string of its digits is taken, too. An optional field or parameter that
is null or `""` is as if left out; only in a PATCH null takes the value away. A list in the query has commas, or is
repeated (`?status=failed&status=held`, also `status[]=`).

Wherever `account_id` is taken, `account` may stand in its place: a username, with or without @, of the present world
(mock mode on or off); in a path it is `@alice`.

Answers may get further fields, and their `code`, `status` and the like further values, in any later version: pass over
what you do not know. `x-known-values` has those of this one.

An error has one shape, whatever the path. The server itself answers 404 `not_found`, 405 `method_not_allowed` (with
`Allow`) and 501 `malformed_request` in it, too.
"""

_MAX_INT32 = 2**31 - 1

_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "The call is done once, however often it is sent with this key and the same body within 24 hours: "
    "each time the first answer comes again. With another body it is refused.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
}


def describe(app: Flask, *, root: str = "/") -> Schema:
    """Every route of a Resource. `root`: the path under which a proxy shows it."""
    return open_answers(describe_closed(app, root=root))


def describe_closed(app: Flask, *, root: str = "/") -> Schema:
    """As `describe`, but the answers have the fields and the values of this version, and no others."""
    operations = operations_of(app)
    schemas = Schemas([Error, *_models(operations.values())])
    responses = Responses(schemas)
    paths: dict[str, Schema] = {}
    chapters = chapters_of(app)
    for chapter in chapters:
        for rule, method in described_routes(app, chapter):
            entry = {"tags": [chapter.name], **_operation(app, rule, method, schemas, responses)}
            paths.setdefault(path_of(rule), {})[method.lower()] = entry
    whole: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "Twitter Manager", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": root}],
        "security": [{"key": []}, {"key_in_query": []}],
        "tags": [{"name": each.name, "description": each.description} for each in chapters],
        "paths": paths,
        "components": _components(operations.values(), paths, schemas, responses),
    }
    return {name: _with_wide_integers(part) for name, part in whole.items()}


def _with_wide_integers(node: Any) -> Any:
    """Adds a format to every integer that may need more than 32 bits."""
    # Without one a client generated for Go or Java has 32 bits for an id, and does not compile with our maximum.
    if isinstance(node, list):
        return [_with_wide_integers(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _with_wide_integers(child) for name, child in node.items()}
    if found.get("type") in ("integer", ["integer", "null"]) and found.get("maximum", _MAX_INT32 + 1) > _MAX_INT32:
        found["format"] = "int64"
    return found


def chapters_of(app: Flask) -> list[Chapter]:
    """In the order of their blueprints."""
    resources = [each for each in app.blueprints.values() if isinstance(each, Resource)]
    return list(dict.fromkeys(each.chapter for each in resources))


def described_routes(app: Flask, chapter: Chapter | None = None) -> list[tuple[Rule, str]]:
    """Every route in the document (in `chapter`), with its method. Of an endpoint with several paths the first one: the
    callback's second path depends on a setting."""
    found: dict[str, Rule] = {}
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints.get(rule.endpoint.partition(".")[0])
        if isinstance(blueprint, Resource) and chapter in (None, blueprint.chapter):
            found.setdefault(rule.endpoint, rule)
    return [
        (rule, method) for rule in found.values() for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def path_of(rule: Rule) -> str:
    """The route's path in OpenAPI's notation."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _models(operations: Iterable[Operation]) -> list[Any]:
    found = [model for operation in operations for model in (*operation.responses.values(), *operation.bodies)]
    return list(dict.fromkeys(found))


def _operation(app: Flask, rule: Rule, method: str, schemas: Schemas, responses: Responses) -> Schema:
    operation = operations_of(app)[rule.endpoint]
    summary, _, more = (inspect.getdoc(app.view_functions[rule.endpoint]) or "").partition("\n")
    public = rule.endpoint in PUBLIC
    idempotent = method == "POST" and not public
    in_path = bool(rule.arguments - operation.path.keys())
    errors = error_codes_of(
        operation, public=public, in_path=in_path, idempotent=idempotent, any_query=rule.endpoint in OPEN
    )
    parts = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary.rstrip("."),
        "description": f"{summary}\n{more}" if more else None,
        "security": [] if public else None,
        "x-required-scope": None if public else operation.scope_for(method),
        "parameters": _parameters(rule, operation) + ([_ref("parameters", HEADER)] if idempotent else []),
        "requestBody": _request_body(operation, schemas),
        "responses": responses.of(operation, errors, idempotent=idempotent),
    }
    return {name: part for name, part in parts.items() if part is not None}


def _parameters(rule: Rule, operation: Operation) -> list[Schema]:
    names = re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)
    known = {"account_id": ACCOUNT_IN_PATH, **operation.path}
    in_path: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": known.get(name, OUR_ID)} for name in names
    ]
    return in_path + [_ref("parameters", each.name) if each.shared else _in_query(each) for each in operation.query]


def _ref(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _in_query(parameter: Parameter) -> Schema:
    described = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
    }
    with_commas = {"style": "form", "explode": False} if parameter.schema["type"] == "array" else {}
    return described | with_commas


def _request_body(operation: Operation, schemas: Schemas) -> Schema | None:
    """None where there is none. No body is `{}`."""
    if not operation.bodies:
        return None
    required = all(any(field.is_required() for field in body.model_fields.values()) for body in operation.bodies)
    refs = [schemas.ref(body) for body in operation.bodies]
    content = {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}, "example": dict(operation.example)}
    return {"required": required, "content": {"application/json": content}}


def _components(operations: Iterable[Operation], paths: Schema, schemas: Schemas, responses: Responses) -> Schema:
    shared_responses = responses.shared()
    shared = {each.name: each for operation in operations for each in operation.query if each.shared}
    return {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "key_in_query": {"type": "apiKey", "in": "query", "name": "api_key"},
        },
        "parameters": {name: _in_query(each) for name, each in sorted(shared.items())} | {HEADER: _IDEMPOTENCY_KEY},
        "headers": HEADERS,
        "responses": shared_responses,
        "schemas": schemas.used_in(paths, shared_responses),
    }
