"""What the document says of an endpoint beside its path, its method and its docstring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from twitter_manager.api.http.inputs import MAX_ID, MAX_ROWS, Body
from twitter_manager.api.openapi.schemas import Answer, Schema
from twitter_manager.error_codes import CODES
from twitter_manager.errors import ServiceError

__all__ = [
    "ACCOUNT_ID",
    "ANY_CODE",
    "CURSOR",
    "LIMIT",
    "OUR_ID",
    "PAGE",
    "Errors",
    "Operation",
    "Parameter",
    "Resource",
    "flag",
]

Errors = Mapping[type[ServiceError], tuple[str, ...]]

ANY_CODE = tuple(CODES)  # where the code is the one that a tweet or a renewal failed with
OUR_ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID, "examples": [1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the query. `shared`: it stands once among the document's components. A list has commas."""

    name: str
    schema: Schema
    description: str
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An endpoint: its answers by status, what it takes, and what it raises beside what every call can.

    `bodies`: the model of the body, or those of which it fits one. `example` is a body. `errors` has codes by the type
    that is raised; http/errors.py knows the statuses. `path` has the schemas of parameters in the path that are no id
    of ours. `page`: a browser gets HTML in place of JSON.
    """

    answers: Mapping[int, type[Answer]]
    query: tuple[Parameter, ...] = ()
    bodies: tuple[type[Body], ...] = ()
    example: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    errors: Errors = field(default_factory=lambda: MappingProxyType({}))
    path: Mapping[str, Schema] = field(default_factory=lambda: MappingProxyType({}))
    page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Operations that belong together, by the names of their endpoints in Flask: a chapter of the document."""

    name: str
    description: str
    operations: Mapping[str, Operation]


PAGE = Parameter(
    name="page",
    schema={"type": "integer", "minimum": 1, "maximum": 2**31, "default": 1},
    description="Which page, from 1. For depth take `cursor`, which stays fast.",
    shared=True,
)
LIMIT = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": MAX_ROWS},
    description="How many rows a page has at the most.",
    shared=True,
)
CURSOR = Parameter(
    name="cursor",
    schema={"type": "string", "pattern": "^before-[0-9]{1,18}$"},
    description="`next_cursor` of the page before: the list goes on behind it, equally fast at any depth.",
    shared=True,
)
ACCOUNT_ID = Parameter(name="account_id", schema=OUR_ID, description="Only of this account.", shared=True)


def flag(name: str, description: str) -> Parameter:
    """A yes or no: 1 or 0."""
    return Parameter(name=name, schema={"type": "string", "enum": ["0", "1", "false", "true"]}, description=description)
