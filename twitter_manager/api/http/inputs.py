"""Reading the input: bodies into typed models, ids, pages and filters out of path and query.

Every error names the field and never repeats its value.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twitter_manager.api.http import json_bodies
from twitter_manager.api.http.application import Request, request_in_progress
from twitter_manager.api.http.body_models import (
    DIGITS,
    EMPTY,
    ID_DIGITS,
    LEFT_OUT,
    MAX_ID,
    UNKNOWN,
    Body,
    BulkBody,
    Flag,
    Id,
    Moment,
    NoFields,
    PatchBody,
    XId,
    printable,
)
from twitter_manager.api.http.moments import moment_fault, to_moment
from twitter_manager.api.http.phrases import phrase_of
from twitter_manager.errors import Invalid, Malformed, NotJson

__all__ = [
    "DIGITS",
    "LEFT_OUT",
    "MAX_ID",
    "MAX_ROWS",
    "Body",
    "BulkBody",
    "Flag",
    "Id",
    "Moment",
    "NoFields",
    "PatchBody",
    "XId",
    "body",
    "body_by_field",
    "check_not_empty",
    "cursor_after",
    "cursor_before",
    "cursor_in_query",
    "flag_in_query",
    "has_query",
    "id_in_query",
    "moment_in_query",
    "number_in_query",
    "page_in_query",
    "rows",
    "text_in_query",
    "texts_in_query",
    "to_id",
]

MAX_ROWS = 50
_LAST_PAGE = 2**31
_MAX_FAULTS = 20  # of one row: so that an answer does not grow far beyond its question
_CURSOR = re.compile(r"(before|after)-([0-9]{1,19})")
_PLUS_READ_AS_BLANK = re.compile(r" (?=[0-9:]{2,5}\Z)")
_CODINGS = frozenset({"gzip", "deflate", "br", "zstd", "compress"})
# Fields of ours that are an Id: they have a code of their own.
_IDS = {"account_id": "account_id is a positive whole number; a username goes into account"}


Model = TypeVar("Model", bound=Body)
Other = TypeVar("Other", bound=Body)


def body(model: type[Model]) -> Model:
    """The body as `model`; no body is `{}`. Raises NotJson, Malformed or Invalid."""
    return _validated(model, _object())


def body_by_field(names: tuple[str, ...], with_it: type[Model], without_it: type[Other]) -> Model | Other:
    """As `with_it` if the body has one of the fields `names`, else as `without_it`. Raises as `body`."""
    values = _object()
    return _validated(with_it, values) if values.keys() & set(names) else _validated(without_it, values)


def _object() -> dict[Any, Any]:
    request = request_in_progress()
    data = request.get_data(cache=False)
    values = _parsed(request, data) if data else {}
    if not isinstance(values, dict):
        raise Malformed("not_an_object")
    return values


def _parsed(request: Request, data: bytes) -> Any:
    coding = request.environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if coding != "identity":
        sentence = f"The body is compressed ({coding})" if coding in _CODINGS else None
        raise NotJson("content_encoding_not_supported", sentence=sentence, field="Content-Encoding")
    if not request.is_json:
        raise NotJson("not_json")
    return json_bodies.parse(data)


def _validated(model: type[Model], values: dict[Any, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _fault(_faults(error)[0]) from None


def _faults(error: ValidationError) -> list[ErrorDetails]:
    """An unknown field before all others: a misspelt one is missing under its right name, too."""
    return sorted(error.errors(include_url=False), key=lambda one: one["type"] != UNKNOWN)


def rows(model: type[Model], values: Sequence[object], *, name: str) -> list[Model | Sequence[Invalid]]:
    """Each entry of the list `name`: as `model`, or everything that is wrong with it."""
    return [_row(model, value, name=f"{name}.{index}") for index, value in enumerate(values)]


def _row(model: type[Model], value: object, *, name: str) -> Model | Sequence[Invalid]:
    if not isinstance(value, dict):
        return [Invalid("invalid_field", sentence=f"{name} must be an object", field=name)]
    unknown = [_unknown(printable(each), model.not_known(each)) for each in islice(model.unknown(value), _MAX_FAULTS)]
    known = {each: value[each] for each in value.keys() - set(model.unknown(value))} if unknown else value
    try:
        row = model.model_validate(known)
    except ValidationError as error:
        return [*unknown, *map(_fault, _faults(error))][:_MAX_FAULTS]
    return unknown or row


def to_id(text: str, *, field: str, sentence: str | None = None) -> int:
    """The id in a path or query: 1 to 2**63 - 1 in digits. Raises Invalid naming `field`."""
    if not ID_DIGITS.fullmatch(text) or not 1 <= int(text) <= MAX_ID:
        raise Invalid("invalid_id", sentence=sentence, field=field)
    return int(text)


def has_query() -> bool:
    """Whether there is any parameter."""
    return bool(request_in_progress().args)


def text_in_query(name: str) -> str | None:
    """An empty one counts as left out."""
    args = request_in_progress().args
    return (args.get(name) or None) if args else None


def texts_in_query(name: str) -> list[str]:
    """Each value of the parameter `name`, which may be repeated, or contain several with commas between them."""
    args = request_in_progress().args
    given = args.getlist(name) + args.getlist(f"{name}[]") if args else []
    return [text for each in given if each for text in each.split(",")]


def check_not_empty(*names: str) -> None:
    """Raises Invalid for one of these parameters that is there and empty; for calls where left out means all."""
    for name in names:
        if request_in_progress().args.get(name) == "":
            raise _empty(name)


def id_in_query(name: str) -> int | None:
    """Raises Invalid."""
    text = text_in_query(name)
    return None if text is None else to_id(text, field=name, sentence=_IDS.get(name))


def number_in_query(name: str, *, default: int, maximum: int) -> int:
    """A whole number from 1 to `maximum`. Raises Invalid."""
    text = text_in_query(name)
    if text is None:
        return default
    if not ID_DIGITS.fullmatch(text) or not 1 <= int(text) <= maximum:
        raise Invalid("invalid_field", sentence=f"{name} must be a whole number from 1 to {maximum}", field=name)
    return int(text)


def moment_in_query(name: str) -> datetime | None:
    """Raises Invalid."""
    text = text_in_query(name)
    if text is None:
        return None
    text = _PLUS_READ_AS_BLANK.sub("+", text)  # `+01:00` that nobody encoded
    try:
        return to_moment(text)
    except ValueError as error:
        raise Invalid("invalid_field", sentence=f"{name} {moment_fault(text)}", field=name) from error


def cursor_in_query(word: Literal["before", "after"] = "before") -> int | None:
    """The id before (or after) which the list continues, from the `cursor` that was given as `next_cursor`.

    Raises Invalid.
    """
    text = text_in_query("cursor")
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None or found[1] != word or int(found[2]) > MAX_ID:
        raise Invalid("invalid_field", sentence="cursor is none that this service gave", field="cursor")
    return int(found[2])


def cursor_before(row_id: int) -> str:
    """The cursor with which a list, newest first, continues after the row with this id."""
    return f"before-{row_id}"


def cursor_after(row_id: int) -> str:
    """The cursor with which a list, oldest first, continues after the row with this id."""
    return f"after-{row_id}"


def flag_in_query(name: str) -> bool:
    """1 or true; not given, 0 or false: no. Raises Invalid."""
    text = (text_in_query(name) or "0").lower()
    if text not in ("0", "1", "false", "true"):
        raise Invalid("invalid_field", sentence=f"{name} must be 0 or 1", field=name)
    return text in ("1", "true")


def page_in_query() -> tuple[int, int]:
    """`page` (from 1) and `limit` (at most 50) of a list. Raises Invalid."""
    if text_in_query("page") is not None and text_in_query("cursor") is not None:
        sentence = "page does not go with cursor, which says alone where the list goes on"
        raise Invalid("invalid_field", sentence=sentence, field="page")
    page = number_in_query("page", default=1, maximum=_LAST_PAGE)
    return page, number_in_query("limit", default=MAX_ROWS, maximum=MAX_ROWS)


def _fault(error: ErrorDetails) -> Invalid:
    """From pydantic's error to the one that names the field."""
    name = _name_of(error["loc"], of_entry=error["type"] in ("model_type", UNKNOWN))
    if error["type"] == UNKNOWN:
        unknown = error["ctx"]["name"]
        return _unknown(f"{name}.{unknown}" if name else unknown, error["ctx"]["sentence"])
    if error["type"] == EMPTY:
        return _empty(error["ctx"]["name"])
    sentence = _IDS.get(str(error["loc"][-1])) if error["loc"] else None
    if sentence is not None and error["type"] != "missing":
        return Invalid("invalid_id", sentence=sentence, field=name)
    return Invalid("invalid_field", sentence=f"{name} {phrase_of(error)}", field=name)


def _empty(name: str) -> Invalid:
    return Invalid("invalid_field", sentence=f"{name} is empty: leave it out, or say which", field=name)


def _unknown(name: str, sentence: str) -> Invalid:
    return Invalid("invalid_field", sentence=sentence, field=name)


def _name_of(location: tuple[int | str, ...], *, of_entry: bool) -> str:
    """`tweets.1.text` for the text of the second of the tweets, `tweets.1` where that is not an object; a plain entry
    of a list has the list's name."""
    if location and isinstance(location[-1], int) and not of_entry:
        return _name_of(location[:-1], of_entry=False)
    return ".".join(map(str, location))
