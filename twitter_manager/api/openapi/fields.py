"""What the models of responses are made of: their base, and the fields that many of them have.

A response is described by one pydantic model, closed, every field with an example. It is built as a dict, by a function
that is beside its model: so the models cost nothing at run time, and the tests compare every response with them.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from twitter_manager.api.http.inputs import MAX_ID, MAX_ROWS

__all__ = [
    "REQUEST_ID",
    "Count",
    "Id",
    "NextCursor",
    "NextCursorBefore",
    "Page",
    "ResponseModel",
    "Rows",
    "Time",
    "XId",
]

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
_NEXT_CURSOR = "For `cursor`; null: this is the last page."
REQUEST_ID = "9f3c2f0a4b6d4e5f8a7b6c5d4e3f2a1b"

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
XId = Annotated[str, Field(pattern="^[0-9]{1,19}$", examples=["1991877265411923968"])]
Time = Annotated[
    str, Field(pattern=_TIME, examples=["2026-11-20T14:05:00.123Z"], json_schema_extra={"format": "date-time"})
]
Count = Annotated[int, Field(ge=0, examples=[0])]

# of a list
Page = Annotated[int, Field(ge=1, examples=[1])]
Rows = Annotated[int, Field(ge=1, le=MAX_ROWS, examples=[MAX_ROWS])]
NextCursor = Annotated[str | None, Field(description=_NEXT_CURSOR, examples=["after-1"])]
NextCursorBefore = Annotated[
    str | None, Field(description=_NEXT_CURSOR, examples=["before-1"])
]  # the newest come first


class ResponseModel(BaseModel):
    """A response, or a part of one."""

    model_config = ConfigDict(extra="forbid")
