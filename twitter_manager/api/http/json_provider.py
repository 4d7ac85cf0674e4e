"""JSON through orjson: a third of the time of the standard library."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

__all__ = ["OrjsonProvider"]


class OrjsonProvider(JSONProvider):
    """What `jsonify` and dictionaries returned from a view go through."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """`obj` as JSON."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value in `s`. Raises ValueError."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """An answer with `args` or `kwargs` as its body, without the detour over text."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return Response(body, mimetype="application/json")
