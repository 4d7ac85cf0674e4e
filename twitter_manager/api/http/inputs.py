"""Reading what was sent: bodies into typed models, ids, pages and filters out of path and query.

Everything raises errors that name the field and never repeat its value.
"""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from twitter_manager.api.http.phrases import phrase_of
from twitter_manager.errors import Invalid, Malformed, NotJson
from twitter_manager.timestamps import from_text

__all__ = [
    "MAX_ROWS",
    "Body",
    "Id",
    "Moment",
    "NoFields",
    "XId",
    "body",
    "body_by_field",
    "cursor_after",
    "cursor_before",
    "cursor_in_query",
    "flag_in_query",
    "id_in_query",
    "number_in_query",
    "page_in_query",
    "to_id",
]

MAX_ID = 2**63 - 1
MAX_ROWS = 50
_LAST_PAGE = 2**31
_DIGITS = re.compile(r"[0-9]{1,19}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_NAME = 64
_CURSOR = re.compile(r"(before|after)-([0-9]{1,19})")

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
XId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


def _moment(value: object) -> datetime:
    """A time in ISO 8601 with its offset, cut to milliseconds."""
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004  - what pydantic turns into an error of the field
    moment = from_text(value)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


Moment = Annotated[datetime, BeforeValidator(_moment)]
_IDS = frozenset({"account_id"})  # fields of ours that are an Id: they have a code of their own

_UNKNOWN = "extra_forbidden"  # named before all others: a misspelt field is missing under its right name, too


class Body(BaseModel):
    """A body: no field is converted, none is ignored."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NoFields(Body):
    """The body of a call that takes none."""


Model = TypeVar("Model", bound=Body)
Other = TypeVar("Other", bound=Body)


def body(model: type[Model]) -> Model:
    """The body as `model`; no body is `{}`. Raises NotJson, Malformed or Invalid."""
    return _validated(model, _object())


def body_by_field(names: tuple[str, ...], with_it: type[Model], without_it: type[Other]) -> Model | Other:
    """The body as the one model or the other, as it has one of these fields or none. Raises as `body`."""
    values = _object()
    return _validated(with_it, values) if values.keys() & set(names) else _validated(without_it, values)


def _object() -> dict[Any, Any]:
    data = request.get_data(cache=False)
    values = _parsed(data) if data else {}
    if not isinstance(values, dict):
        raise Malformed("not_an_object")
    return values


def _validated(model: type[Model], values: dict[Any, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        _refuse(next((one for one in found if _is_unknown(one)), found[0]), values)


def to_id(text: str, *, field: str) -> int:
    """The id in a path or query: 1 to 2**63 - 1 in digits. Raises Invalid naming `field`."""
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= MAX_ID:
        raise Invalid("invalid_id", field=field)
    return int(text)


def id_in_query(name: str) -> int | None:
    """The id given as the parameter `name`, if it is given. Raises Invalid."""
    text = request.args.get(name)
    return None if text is None else to_id(text, field=name)


def number_in_query(name: str, *, default: int, maximum: int) -> int:
    """A whole number from 1 to `maximum` given as the parameter `name`. Raises Invalid."""
    text = request.args.get(name)
    if text is None:
        return default
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= maximum:
        raise Invalid("invalid_field", sentence=f"{name} must be a whole number from 1 to {maximum}", field=name)
    return int(text)


def cursor_in_query(word: Literal["before", "after"] = "before") -> int | None:
    """The id before (or after) which the list goes on, from the `cursor` that an answer gave as `next_cursor`.

    Raises Invalid.
    """
    text = request.args.get("cursor")
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None or found[1] != word or int(found[2]) > MAX_ID:
        raise Invalid("invalid_field", sentence="cursor is none that this service gave", field="cursor")
    return int(found[2])


def cursor_before(row_id: int) -> str:
    """The cursor with which a list of the newest goes on behind the row with this id."""
    return f"before-{row_id}"


def cursor_after(row_id: int) -> str:
    """The cursor with which a list of the oldest goes on behind the row with this id."""
    return f"after-{row_id}"


def flag_in_query(name: str) -> bool:
    """Whether the parameter `name` is given as 1 or true; not given, 0 or false: no. Raises Invalid."""
    text = request.args.get(name, "0").lower()
    if text not in ("0", "1", "false", "true"):
        raise Invalid("invalid_field", sentence=f"{name} must be 0 or 1", field=name)
    return text in ("1", "true")


def page_in_query() -> tuple[int, int]:
    """`page` (from 1) and `limit` (at most 50) of a list. Raises Invalid."""
    page = number_in_query("page", default=1, maximum=_LAST_PAGE)
    return page, number_in_query("limit", default=MAX_ROWS, maximum=MAX_ROWS)


def _parsed(data: bytes) -> Any:
    if not request.is_json:
        raise NotJson("not_json")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parsed_with_surrogates(data)


def _parsed_with_surrogates(data: bytes) -> Any:
    r"""JSON may hold a lone "\ud800" (RFC 8259 §8.2), which orjson refuses; then it is the field that is wrong."""
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("malformed_json") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _refuse(error: ErrorDetails, values: dict[Any, Any]) -> NoReturn:
    """Turns what pydantic found into the error that names its field."""
    name = _name_of(error["loc"], of_entry=error["type"] == "model_type") or _name_with_surrogates(values)
    if _is_unknown(error):
        raise Invalid("invalid_field", sentence="A field is not known here", field=_printable(name))
    if error["loc"] and error["loc"][-1] in _IDS and error["type"] != "missing":
        raise Invalid("invalid_id", field=name)
    raise Invalid("invalid_field", sentence=f"{name} {phrase_of(error)}", field=name)


def _name_of(place: tuple[int | str, ...], *, of_entry: bool) -> str:
    """`tweets.1.text` for the text of the second of the tweets, `tweets.1` where that is no object at all; a plain
    entry of a list goes by the list's name."""
    if place and isinstance(place[-1], int) and not of_entry:
        return _name_of(place[:-1], of_entry=False)
    return ".".join(map(str, place))


def _is_unknown(error: ErrorDetails) -> bool:
    """Whether it is about a field that is not known; pydantic gives no place to one whose name is no Unicode text."""
    return error["type"] == _UNKNOWN or not error["loc"]


def _name_with_surrogates(values: dict[Any, Any]) -> str:
    return next((name for name in values if _SURROGATE.search(name)), "")


def _printable(name: str) -> str:
    """The name of a field we do not know, so that it can stand in an answer."""
    return "".join(char if char.isprintable() else "?" for char in name[:_MAX_NAME])
