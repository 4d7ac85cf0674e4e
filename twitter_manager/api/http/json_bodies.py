"""Bytes to JSON values: not more of them than a call can need, and for invalid JSON the position and likely cause."""

import json
from collections import Counter
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from twitter_manager.api.http.body_models import printable
from twitter_manager.api.http.json_faults import likely_cause, likely_cause_of_bytes
from twitter_manager.capacity import MAX_VALUES
from twitter_manager.errors import Malformed, TooLarge

__all__ = ["parse"]

_BOM = b"\xef\xbb\xbf"
_LOOKED_THROUGH = 64 * 1024  # how long a body may be so that names which stand twice are looked for


def parse(data: bytes) -> Any:
    """Raises Malformed with line, column and likely cause, TooLarge for too many values."""
    data = data.removeprefix(_BOM)
    if len(data) > MAX_VALUES and _has_too_many_values(data):
        raise TooLarge("body_too_large", sentence=f"The body has more than {MAX_VALUES} values")
    try:
        values = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        text = _decoded(data)
        if "surrogate" in error.msg:
            return _parsed_with_surrogates(text)
        _refuse(error)
    if len(data) <= _LOOKED_THROUGH and not _is_plain(values, data):
        _refuse_repeated_names(data)
    return values


def _has_too_many_values(data: bytes) -> bool:
    """Counted before parsing: a million empty lists need 100 MB. Each value but the first has its comma or bracket."""
    if _separators(data) <= MAX_VALUES:
        return False
    unescaped = data.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') > 4 * MAX_VALUES:  # two for a name and two for a text
        return True
    return _separators(b"".join(unescaped.split(b'"')[::2])) > MAX_VALUES  # what is outside texts


def _separators(data: bytes) -> int:
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("malformed_json", sentence=likely_cause_of_bytes(data, error)) from error


def _parsed_with_surrogates(text: str) -> Any:
    r"""JSON may hold a lone "\ud800" (RFC 8259 §8.2), which orjson refuses; then it is the field that is wrong."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_without_repeated_names)
    except json.JSONDecodeError as error:
        _refuse(error)
    except (ValueError, RecursionError) as error:
        raise Malformed("malformed_json") from error


def _is_plain(values: object, data: bytes) -> bool:
    """Whether each colon is that of a name, so that no name can stand twice: no time is lost with the most bodies."""
    return isinstance(values, dict) and data.count(b":") == len(values)


def _refuse_repeated_names(data: bytes) -> None:
    """orjson takes the last of the values. Raises Malformed."""
    with suppress(ValueError, RecursionError):  # what orjson alone can read has no such names that we would find
        _DECODER.decode(data.decode())


def _without_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        sentence = f"The body has a name twice in the same object: {printable(twice)}"
        raise Malformed("malformed_json", sentence=sentence, field=printable(twice))
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_without_repeated_names)


def _no_constant(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _refuse(error: json.JSONDecodeError) -> NoReturn:
    """Raises Malformed; nothing of what was sent is repeated."""
    cause = likely_cause(error)
    position = f"The body is not valid JSON: line {error.lineno}, column {error.colno}"
    raise Malformed("malformed_json", sentence=f"{position}: {cause}" if cause else position) from error
