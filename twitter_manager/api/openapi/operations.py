"""What the document says of an endpoint besides its path, its method and its docstring: declared at the view itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from twitter_manager.api.http.body_models import USERNAME
from twitter_manager.api.http.inputs import MAX_ID, MAX_ROWS, Body
from twitter_manager.api.openapi.fields import ResponseModel
from twitter_manager.api.openapi.schemas import Schema
from twitter_manager.error_codes import CODES
from twitter_manager.errors import ServiceError
from twitter_manager.services.api_keys import Scope

__all__ = [
    "ACCOUNT",
    "ACCOUNT_ID",
    "ACCOUNT_IN_PATH",
    "ANY_CODE",
    "CURSOR",
    "LIMIT",
    "OUR_ID",
    "PAGE",
    "Chapter",
    "Errors",
    "Operation",
    "Parameter",
    "Resource",
    "flag",
    "operation_of",
    "operations_of",
]

Errors = Mapping[type[ServiceError], tuple[str, ...]]
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

ANY_CODE = tuple(CODES)  # where the code is the one that a tweet or a renewal failed with
OUR_ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID, "examples": [1]}
# A string, so that a generated client can say @alice, too; 18 digits are enough for any id that there will be.
ACCOUNT_IN_PATH: Schema = {
    "type": "string",
    "pattern": "^([1-9][0-9]{0,17}|@[A-Za-z0-9_]{1,20})$",
    "description": "Its id, or its username with @.",
    "examples": ["1", "@alice"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the query. `shared`: it is defined once among the document's components. A list has commas."""

    name: str
    schema: Schema
    description: str
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A decorator of views, to be placed under the route: the responses by status, the input, and the errors that not
    every call can raise.

    `bodies`: the model of the body, or the models of which it matches one. `example` is a body. `errors`: codes by the
    type that is raised; `http.errors` knows the statuses. `path`: the schemas of parameters in the path that are no id
    of ours. `page`: a browser gets HTML instead of JSON. `rebuild`: makes the response about what was made, from its
    id, where the first one under an Idempotency-Key was lost; a view that passes on `current.idempotent_call()` needs
    it. `scope`: what a key must have; by default read for a GET and write for anything else. `whole_service`: it
    concerns every account, so that a key with limits cannot have it.
    """

    responses: Mapping[int, type[ResponseModel]]
    query: tuple[Parameter, ...] = ()
    bodies: tuple[type[Body], ...] = ()
    example: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    errors: Errors = field(default_factory=lambda: MappingProxyType({}))
    path: Mapping[str, Schema] = field(default_factory=lambda: MappingProxyType({}))
    page: bool = False
    rebuild: Callable[[int], ResponseReturnValue] | None = None
    scope: Scope | None = None
    whole_service: bool = False

    def scope_for(self, method: str) -> Scope:
        """What a key must have."""
        return self.scope or ("read" if method in ("GET", "HEAD", "OPTIONS") else "write")

    def __call__(self, view: View) -> View:
        """Stores the operation at `view` and returns the view."""
        vars(view)["operation"] = self
        return view


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the document: its tag."""

    name: str
    description: str


class Resource(Blueprint):
    """A blueprint whose every route is in the document, in its chapter. Pages for a browser are plain blueprints."""

    def __init__(self, name: str, import_name: str, *, chapter: Chapter, url_prefix: str | None = None) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.chapter = chapter


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """None where nothing is declared."""
    found: Operation | None = vars(view).get("operation")
    return found


def operations_of(app: Flask) -> dict[str, Operation]:
    """By the names of their endpoints in Flask."""
    found = {endpoint: operation_of(view) for endpoint, view in app.view_functions.items()}
    return {endpoint: operation for endpoint, operation in found.items() if operation is not None}


PAGE = Parameter(
    name="page",
    # no default: openapi-python-client's clients would send it, also beside a cursor
    schema={"type": "integer", "minimum": 1, "maximum": 2**31},
    description="Which page, from 1; not beside `cursor`, which stays fast at any depth.",
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
    description="`next_cursor` of the page before: the list goes on after it, equally fast at any depth.",
    shared=True,
)
ACCOUNT_ID = Parameter(name="account_id", schema=OUR_ID, description="Only of this account.", shared=True)


ACCOUNT = Parameter(
    name="account",
    schema={"type": "string", "pattern": USERNAME, "examples": ["@alice"]},
    description="The same by its username, with or without @, in the present world.",
    shared=True,
)


def flag(name: str, description: str) -> Parameter:
    """A boolean: 1 or 0."""
    return Parameter(name=name, schema={"type": "string", "enum": ["0", "1", "false", "true"]}, description=description)
