"""A test client that holds every answer against the OpenAPI document: its status, its code, its schema.

The whole suite asks through it, so whatever the service answers to a test is what the document says.
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

from twitter_manager.api.openapi.document import chapters_of, describe
from twitter_manager.api.openapi.operations import Operation, operations_of
from twitter_manager.config import Settings
from twitter_manager.factory import create_app

__all__ = ["DocumentedClient", "bare_app", "chapters", "document", "faults_of", "operations", "validator"]

_WHERE = "urn:document"


@cache
def bare_app() -> Flask:
    """The application with its routes, and nothing behind it."""
    return create_app(Settings(root=Path("/nowhere")))


@cache
def operations() -> dict[str, Operation]:
    """What is said on each view, by its endpoint."""
    return operations_of(bare_app())


def chapters() -> list[str]:
    """The names of the document's chapters, in their order."""
    return [chapter.name for chapter in chapters_of(bare_app())]


@cache
def document() -> dict[str, Any]:
    """The document of this version."""
    return describe(bare_app())


@cache
def _registry() -> "Registry[Any]":
    return Registry().with_resource(_WHERE, Resource(contents=document(), specification=DRAFT202012))


def validator(pointer: str) -> Draft202012Validator:
    """Of the schema at this place of the document."""
    return Draft202012Validator({"$ref": f"{_WHERE}#{pointer}"}, registry=_registry())


@cache
def _answers() -> dict[str, dict[str, Any]]:
    """By operation and status: where the schema of the JSON answer stands."""
    found: dict[str, dict[str, Any]] = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            place = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}/responses"
            for status, answer in operation["responses"].items():
                here = answer["$ref"].removeprefix("#") if "$ref" in answer else f"{place}/{status}"
                found.setdefault(operation["operationId"], {})[status] = here
    return found


@cache
def _validator_of(operation: str, status: str) -> Draft202012Validator | None:
    """None for a status that the document does not have there."""
    place = _answers()[operation].get(status)
    if place is None:
        return None
    return validator(f"{place}/content/application~1json/schema")


@cache
def _validators_of_model(endpoint: str, status: int) -> list[Draft202012Validator]:
    """Of the very answer with this status, where the document has one schema for several of them."""
    models = {good: model for good, model in operations()[endpoint].responses.items() if good < 300}
    if len(set(models.values())) < 2 or status not in models:
        return []
    return [Draft202012Validator(models[status].model_json_schema())]


def faults_of(endpoint: str, answer: TestResponse) -> list[str]:
    """What is not as the document says about the operation of this Flask endpoint."""
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
    """Fails the test whose answer the document does not have."""

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
