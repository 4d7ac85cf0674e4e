"""How answers are described: one pydantic model each, closed, every field with an example. No answer is made of them:
they cost nothing at run time, and tests hold every answer against them."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from twitter_manager.api.http.inputs import MAX_ID

__all__ = [
    "REQUEST_ID",
    "Answer",
    "Id",
    "Schema",
    "Schemas",
    "Time",
    "XId",
    "XWords",
    "example_of",
    "first_line",
]

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
REQUEST_ID = "9f3c2f0a4b6d4e5f8a7b6c5d4e3f2a1b"

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
XId = Annotated[str, Field(pattern="^[0-9]{1,19}$", examples=["1991877265411923968"])]
Time = Annotated[
    str, Field(pattern=_TIME, examples=["2026-11-20T14:05:00.123Z"], json_schema_extra={"format": "date-time"})
]


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid")


class XWords(Answer):
    """X's own words."""

    status: Annotated[int | None, Field(description="X's HTTP status; null: X did not answer.", examples=[403])]
    title: Annotated[str, Field(examples=["Forbidden"])]
    detail: Annotated[str, Field(examples=["You are not allowed to create a Tweet with duplicate content."])]


class _Generator(GenerateJsonSchema):
    """Without a title and a default for each field: they would only repeat its name and our empty values."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def default_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])


class Schemas:
    """The schemas of models: each is asked for by its model and stands once among the components."""

    def __init__(self, models: Iterable[type[BaseModel]]) -> None:
        mode: JsonSchemaMode = "validation"
        named, definitions = models_json_schema(
            [(model, mode) for model in models], ref_template=_REF + "{model}", schema_generator=_Generator
        )
        self._refs: Mapping[type[BaseModel], Schema] = {model: ref for (model, _), ref in named.items()}  # type: ignore[misc]
        self.components: dict[str, Schema] = dict(sorted(definitions.get("$defs", {}).items()))

    def ref(self, model: type[BaseModel]) -> Schema:
        """Where the model's schema stands."""
        return dict(self._refs[model])

    def example(self, model: type[BaseModel]) -> Any:
        """What an answer looks like."""
        return example_of(self.ref(model), self.components)


def first_line(documented: object) -> str:
    """What its docstring says first."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def example_of(schema: Schema, components: Mapping[str, Schema]) -> Any:
    """A value that `schema` allows, made of the examples in it; optional fields only where they have one."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(components[schema["$ref"].removeprefix(_REF)], components)
    for certain in ("const", "default"):
        if certain in schema:
            return schema[certain]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], components)
    return _example_of_type(schema, components)


def _example_of_type(schema: Schema, components: Mapping[str, Schema]) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: example_of(fields[name], components) for name in schema.get("required", ())}
        case "array":
            return [example_of(schema["items"], components)]
        case "boolean":
            return False
        case "integer":
            return schema.get("minimum", 0)
        case "null":
            return None
        case kind:
            raise ValueError(f"a field of type {kind} needs an example: {schema}")
