"""A test client that compares every response with the OpenAPI document: its status, its code, its schema.

The whole suite uses it, so whatever the service answers to a test is what the document says. It compares with the
closed document, whose answers have no other fields, codes and statuses than those of this version.
"""

from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from twitter_manager.api.openapi.document import chapters_of, describe, describe_closed
from twitter_manager.api.openapi.operations import Operation, operations_of
from twitter_manager.config import Settings
from twitter_manager.factory import create_app

__all__ = [
    "DocumentedClient",
    "bare_app",
    "chapters",
    "closed_document",
    "document",
    "faults_of",
    "operations",
    "validator",
]

_WHERE = "urn:document"


@cache
def bare_app() -> Flask:
    """The application with its routes, but no services."""
    return create_app(Settings(root=Path("/nowhere")))


@cache
def operations() -> dict[str, Operation]:
    """By endpoint."""
    return operations_of(bare_app())


def chapters() -> list[str]:
    """The names of the document's chapters, in their order."""
    return [chapter.name for chapter in chapters_of(bare_app())]


@cache
def document() -> dict[str, Any]:
    return describe(bare_app())


@cache
def closed_document() -> dict[str, Any]:
    """What is public has open answers: clients must take more."""
    return describe_closed(bare_app())


@cache
def _registry() -> "Registry[Any]":
    return Registry().with_resource(_WHERE, Resource(contents=closed_document(), specification=DRAFT202012))


def validator(pointer: str) -> Draft202012Validator:
    """Of the schema at this pointer of the closed document."""
    return Draft202012Validator({"$ref": f"{_WHERE}#{pointer}"}, registry=_registry())


@cache
def _answers() -> dict[str, dict[str, Any]]:
    """By operation and status: the pointer to the schema of the JSON response."""
    found: dict[str, dict[str, Any]] = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}/responses"
            for status, answer in operation["responses"].items():
                here = answer["$ref"].removeprefix("#") if "$ref" in answer else f"{pointer}/{status}"
                found.setdefault(operation["operationId"], {})[status] = here
    return found


@cache
def _validator_of(operation: str, status: str) -> Draft202012Validator | None:
    """None for a status that the document does not have there."""
    pointer = _answers()[operation].get(status)
    if pointer is None:
        return None
    return validator(f"{pointer}/content/application~1json/schema")


@cache
def _validators_of_model(endpoint: str, status: int) -> list[Draft202012Validator]:
    """Of the response with this status alone, where the document has one schema for several of them."""
    models = {good: model for good, model in operations()[endpoint].responses.items() if good < 300}
    if len(set(models.values())) < 2 or status not in models:
        return []
    return [Draft202012Validator(models[status].model_json_schema())]


def faults_of(endpoint: str, answer: TestResponse) -> list[str]:
    """In what the response differs from what the document says about this Flask endpoint."""
    status, code = str(answer.status_code), (answer.json or {}).get("code") if answer.is_json else None
    found = _validator_of(endpoint.replace(".", "_"), status)
    if found is None:
        return [f"{endpoint}: {status} (code {code}) is not in the document: declare it in the Operation on the view"]
    validators = [found, *_validators_of_model(endpoint, answer.status_code)]
    errors = [error for each in validators for error in each.iter_errors(answer.json)] if answer.is_json else []
    errors.sort(key=lambda error: list(error.path))
    told = [f"/{'/'.join(map(str, error.path))}: {error.message}" for error in errors]
    return [f"{endpoint}: {status} is not as the Operation on the view says: {each}" for each in told]


class DocumentedClient(FlaskClient):
    """Fails the test whose response is not in the document."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        endpoint = self._endpoint_of(answer)
        if endpoint in operations() and answer.status_code != 405:
            assert faults_of(endpoint, answer) == []
        return answer

    def _endpoint_of(self, answer: TestResponse) -> str:
        asked = answer.request
        adapter = self.application.url_map.bind("")
        try:
            endpoint, _ = adapter.match(asked.path, asked.method)
        except HTTPException:
            return ""
        return endpoint if asked.method not in ("HEAD", "OPTIONS") else ""
