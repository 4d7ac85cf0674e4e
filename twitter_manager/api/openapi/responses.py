"""The responses of an endpoint: the successes, and every error it can give, by status."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from twitter_manager.api.error_response import Error
from twitter_manager.api.http.errors import STATUSES
from twitter_manager.api.http.idempotency import REPLAYED
from twitter_manager.api.openapi.fields import REQUEST_ID, ResponseModel
from twitter_manager.api.openapi.operations import ANY_CODE, Operation
from twitter_manager.api.openapi.schemas import Schema, Schemas, first_line
from twitter_manager.error_codes import CODES
from twitter_manager.errors import ServiceError
from twitter_manager.responses import error_to_json
from twitter_manager.timestamps import from_text

__all__ = ["HEADERS", "Codes", "Responses", "error_codes_of"]

Codes = tuple[str, ...]

HEADERS: dict[str, Schema] = {
    "X-Request-ID": {
        "description": "The request's id in the logs: the caller's own, if it sent one of `[A-Za-z0-9._-]{1,64}`.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Retry-After": {"description": "Seconds until the next try.", "schema": {"type": "integer", "minimum": 1}},
    REPLAYED: {
        "description": "This is the answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "const": "true"},
    },
}

_ALWAYS: Mapping[int, Codes] = {
    400: ("malformed_request", "host_not_allowed"),
    408: ("request_timeout",),
    431: ("headers_too_large",),
    500: ("internal_error",),
    503: ("database_unavailable", "shutting_down"),
}
_WITH_KEY: Mapping[int, Codes] = {
    401: ("unauthorized", "key_expired"),
    403: ("key_scope",),
    429: ("too_many_wrong_keys", "key_rate_limited"),
}
_WITH_BODY: Mapping[int, Codes] = {
    400: ("malformed_json", "not_an_object"),
    413: ("body_too_large",),
    415: ("not_json", "content_encoding_not_supported"),
    422: ("invalid_field",),
}
_WITH_IDEMPOTENCY: Mapping[int, Codes] = {
    409: ("idempotency_key_in_use",),
    422: ("invalid_field", "idempotency_key_reused"),
}
_WITH_QUERY: Mapping[int, Codes] = {422: ("invalid_field",)}
_WITH_ID: Mapping[int, Codes] = {422: ("invalid_id",)}

# Errors that many endpoints share are defined once among the components.
_SHARED: Mapping[str, tuple[int, Codes]] = {
    "Unreadable": (400, _ALWAYS[400]),
    "UnreadableBody": (400, _ALWAYS[400] + _WITH_BODY[400]),
    "KeyRefused": (401, _WITH_KEY[401]),
    "KeyMayNot": (403, _WITH_KEY[403]),
    "NoSuchAccount": (404, ("account_not_found",)),
    "NoSuchTweet": (404, ("tweet_not_found",)),
    "TooSlow": (408, _ALWAYS[408]),
    "TooLarge": (413, _WITH_BODY[413]),
    "NotJson": (415, _WITH_BODY[415]),
    "WrongField": (422, _WITH_QUERY[422]),
    "WrongFieldOrId": (422, _WITH_QUERY[422] + _WITH_ID[422]),
    "SameKeyUnderWay": (409, _WITH_IDEMPOTENCY[409]),
    "WrongFieldOrKeyReused": (422, _WITH_IDEMPOTENCY[422]),
    "WrongFieldIdOrKeyReused": (422, _WITH_IDEMPOTENCY[422] + _WITH_ID[422]),
    "TooManyCalls": (429, _WITH_KEY[429]),
    "HeadersTooLarge": (431, _ALWAYS[431]),
    "Fault": (500, _ALWAYS[500]),
    "RefusedByX": (502, ANY_CODE),
    "NotNow": (503, _ALWAYS[503]),
}


def error_codes_of(
    operation: Operation, *, public: bool, in_path: bool, idempotent: bool, any_query: bool
) -> dict[int, Codes]:
    """Every error status that the endpoint can answer with, and its codes. `in_path`: the path has an id;
    `idempotent`: it has an Idempotency-Key; `any_query`: unknown parameters are ignored."""
    ids = any("maximum" in each.schema and each.name.endswith("_id") for each in operation.query)
    takes_id = any({"account_id", "account_ids", "tweets"} & body.model_fields.keys() for body in operation.bodies)
    conditions = (
        (True, _ALWAYS),
        (not public, _WITH_KEY),
        (bool(operation.bodies), _WITH_BODY),
        (idempotent, _WITH_IDEMPOTENCY),
        (not any_query, _WITH_QUERY),
        (in_path or ids or takes_id, _WITH_ID),
        (True, _raised(operation.errors)),
    )
    return _merged(table for applies, table in conditions if applies)


class Responses:
    """Makes the `responses` of operations, and those among the components."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, operation: Operation, errors: Mapping[int, Codes], *, idempotent: bool) -> dict[str, Schema]:
        """By status, as text. A status that is both a success and an error has a choice of schemas."""
        found = {status: self._error(status, codes, page=operation.page) for status, codes in errors.items()}
        good = {model: None for status, model in operation.responses.items() if status < HTTPStatus.MULTIPLE_CHOICES}
        for status, model in operation.responses.items():
            also = errors.get(status)
            schema = self._schemas.ref_of_any(list(good) if model in good else [model])
            choice = {"anyOf": [schema, self._narrowed(also)]} if also else schema
            found[status] = self._good(model, choice, page=operation.page)
            if idempotent:
                found[status]["headers"] |= _headers(REPLAYED)
        return {str(status): found[status] for status in sorted(found)}

    def shared(self) -> dict[str, Schema]:
        """Those among the components."""
        return {name: self._inline(status, codes) for name, (status, codes) in _SHARED.items()}

    def _good(self, model: type[ResponseModel], schema: Schema, *, page: bool) -> Schema:
        content = {"schema": schema, "example": self._schemas.example(model)}
        return {"description": first_line(model), "headers": _headers(), "content": _content(content, page=page)}

    def _error(self, status: int, codes: Codes, *, page: bool) -> Schema:
        name = next((name for name, shared in _SHARED.items() if shared == (status, codes)), None)
        if name is None or page:
            return self._inline(status, codes, page=page)
        return {"$ref": f"#/components/responses/{name}"}

    def _inline(self, status: int, codes: Codes, *, page: bool = False) -> Schema:
        shown = ("post_refused",) if codes == ANY_CODE else codes
        content = {"schema": self._narrowed(codes), "examples": {code: _example(code, status) for code in shown}}
        listed = "any code that a tweet or a renewal can fail with" if codes == ANY_CODE else _listed(codes)
        description = f"{HTTPStatus(status).phrase}: {listed}"
        headers = _headers(*(["Retry-After"] if status in (429, 503) else []))
        return {"description": description, "headers": headers, "content": _content(content, page=page)}

    def _narrowed(self, codes: Codes) -> Schema:
        """The schema of errors, with these codes only."""
        if codes == ANY_CODE:
            return self._schemas.ref(Error)
        return {"allOf": [self._schemas.ref(Error), {"properties": {"code": {"enum": list(codes)}}}]}


def _listed(codes: Codes) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _headers(*more: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *more)}


def _content(json: Schema, *, page: bool) -> Schema:
    """`page`: a browser gets HTML."""
    return {"application/json": json} | ({"text/html": {"schema": {"type": "string"}}} if page else {})


def _example(code: str, status: int) -> Schema:
    meant = CODES[code]
    moment = from_text("2026-11-20T14:20:00Z") if status == HTTPStatus.TOO_MANY_REQUESTS else None
    field = "text" if code.startswith("text_") else None
    error = ServiceError(code, field=field, next_attempt_at=moment)
    return {
        "summary": f"{code}: {meant.cause}",
        "description": meant.remedy,
        "value": error_to_json(error, request_id=REQUEST_ID),
    }


def _raised(errors: Mapping[type[ServiceError], Codes]) -> dict[int, Codes]:
    return _merged({STATUSES[kind]: codes} for kind, codes in errors.items())


def _merged(tables: Iterable[Mapping[int, Codes]]) -> dict[int, Codes]:
    """Each code once, in the order in which it came. ANY_CODE stays what it is."""
    found: dict[int, Codes] = {}
    for table in tables:
        for status, codes in table.items():
            found[status] = tuple(dict.fromkeys(found.get(status, ()) + codes)) if codes != ANY_CODE else ANY_CODE
    return found
