"""The base of the models of bodies, and the fields that many have.

A string of digits is read as a whole number, "true" and "false" as what they say, and an optional field that is null or
"" counts as left out; beyond that nothing is converted. Unknown fields are refused before anything else is checked.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from twitter_manager.api.http.moments import moment_fault, to_moment

__all__ = [
    "CLOCK_TIME",
    "DIGITS",
    "EMPTY",
    "FAULT",
    "ID_DIGITS",
    "LEFT_OUT",
    "MAX_ID",
    "NO_NUL",
    "UNKNOWN",
    "USERNAME",
    "X_ID",
    "Body",
    "BulkBody",
    "Flag",
    "Id",
    "Moment",
    "NoFields",
    "PatchBody",
    "XId",
    "printable",
]

MAX_ID = 2**63 - 1
LEFT_OUT: Any = None  # the default of an optional field that cannot be null
EMPTY = "empty_criterion"  # these three are types of pydantic's errors beside its own
UNKNOWN = "unknown_field"
FAULT = "fault"  # its message is what stands after the field's name
CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
X_ID = r"^[1-9][0-9]{0,18}$"
USERNAME = r"^@?[A-Za-z0-9_]{1,20}$"
_MAX_NAME = 64
_MAX_KNOWN = 20  # names in a sentence
_NOT_KNOWN = "A field is not known here"
_MEANT = {"scheduled_at": "schedule_at", "content": "text", "username": "account"}  # often taken for the other
ID_DIGITS = re.compile(r"[0-9]{1,19}")
_FLAGS = {"true": True, "false": False}


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and ID_DIGITS.fullmatch(value) else value


def _flag(value: object) -> object:
    return _FLAGS.get(value, value) if isinstance(value, str) else value


def _moment(value: object) -> datetime:
    text = value if isinstance(value, str) else ""
    try:
        return to_moment(text)
    except ValueError as error:
        raise PydanticCustomError(FAULT, "{fault}", {"fault": moment_fault(text)}) from error


DIGITS = BeforeValidator(_number)  # must be last: after the limits, which then stay in the schema
Id = Annotated[int, Field(ge=1, le=MAX_ID, description="An id of ours; a string of its digits is taken, too."), DIGITS]
Flag = Annotated[bool, BeforeValidator(_flag)]
XId = Annotated[str, Field(pattern=X_ID)]
NO_NUL = r"^[^\x00]*$"  # PostgreSQL stores none
Moment = Annotated[datetime, BeforeValidator(_moment)]


def printable(name: str) -> str:
    """The name of an unknown field or parameter, made safe for a response."""
    return "".join(char if char.isprintable() else "?" for char in name[:_MAX_NAME])


class Body(BaseModel):
    """A body, or an object in one."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    _names: ClassVar[frozenset[str]] = frozenset()
    _optional: ClassVar[frozenset[str]] = frozenset()
    _left_out: ClassVar[tuple[object, ...]] = (None, "")
    _elsewhere: ClassVar[Mapping[str, str]] = {}  # by field that the model does not have: the call that takes it
    _known: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        cls._names = frozenset(fields)
        cls._known = f"known are: {', '.join(list(fields)[:_MAX_KNOWN])}" if fields else "this call takes none"
        cls._optional = frozenset(name for name, field in fields.items() if not field.is_required())

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if cls.model_config.get("extra") == "forbid" and not cls._names.issuperset(values):
            name = next(iter(cls.unknown(values)))
            raise PydanticCustomError(UNKNOWN, "unknown", {"name": printable(name), "sentence": cls.not_known(name)})
        given = values.values()
        for empty in cls._left_out:
            if empty in given:
                return cls._without_empty(values)
        return values

    @classmethod
    def unknown(cls, values: dict[str, Any]) -> Iterator[str]:
        """The names of fields that the model does not have."""
        return (name for name in values if name not in cls._names)

    @classmethod
    def not_known(cls, name: str) -> str:
        """What an unknown field may have meant, and which there are."""
        if name in cls._elsewhere:
            return f"{_NOT_KNOWN}: {cls._elsewhere[name]} takes it; {cls._known}"
        meant = _MEANT.get(name)
        return f"{_NOT_KNOWN}: write {meant}; {cls._known}" if meant in cls._names else f"{_NOT_KNOWN}; {cls._known}"

    @classmethod
    def _without_empty(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in values.items() if name not in cls._optional or each not in cls._left_out}


class BulkBody(Body):
    """Which of many a call is for: an empty criterion is refused, since one that is left out means all."""

    @classmethod
    def _without_empty(cls, values: dict[str, Any]) -> dict[str, Any]:
        name = next(name for name, each in values.items() if each in cls._left_out)
        raise PydanticCustomError(EMPTY, "empty", {"name": name})


class PatchBody(Body):
    """The body of a PATCH: null takes the value of a field away, where it can be without one."""

    _left_out: ClassVar[tuple[object, ...]] = ("",)


class NoFields(Body):
    """The body of a call that takes none."""
