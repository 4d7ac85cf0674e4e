"""JSON with orjson: a third of the time of the standard library. A text ends with a newline, for terminals."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

__all__ = ["OrjsonProvider"]


class OrjsonProvider(JSONProvider):
    """Used by `jsonify` and for dictionaries returned from a view."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_APPEND_NEWLINE).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """As bytes, without the detour over text."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), option=orjson.OPT_APPEND_NEWLINE)
        return Response(body, mimetype="application/json")
