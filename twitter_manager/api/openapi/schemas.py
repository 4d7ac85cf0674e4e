"""Pydantic models as the schemas of the document, and the examples in them."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

__all__ = ["Schema", "Schemas", "example_of", "first_line"]

Schema = dict[str, Any]

_REF = "#/components/schemas/"


class _Generator(GenerateJsonSchema):
    """Without a title and a default for each field: they would only repeat its name and our empty values."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def default_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: Any) -> Schema:
        # As `type: [T, null]`, not as a choice of schemas: openapi-generator makes one type of all schemas that are
        # equal, and with one in such a choice every field that has it, each id and time, could be null in Go.
        found = self.generate_inner(schema["schema"])
        if not isinstance(found.get("type"), str) or found["type"] == "null":
            return super().nullable_schema(schema)
        values = {"enum": [*found["enum"], None]} if "enum" in found else {}
        return found | {"type": [found["type"], "null"]} | values


class Schemas:
    """The schemas of models: each is requested by its model and is defined once among the components."""

    def __init__(self, models: Iterable[type[BaseModel]]) -> None:
        mode: JsonSchemaMode = "validation"
        named, definitions = models_json_schema(
            [(model, mode) for model in models], ref_template=_REF + "{model}", schema_generator=_Generator
        )
        self._refs: Mapping[type[BaseModel], Schema] = {model: ref for (model, _), ref in named.items()}  # type: ignore[misc]
        self.components: dict[str, Schema] = dict(sorted(definitions.get("$defs", {}).items()))

    def ref(self, model: type[BaseModel]) -> Schema:
        return dict(self._refs[model])

    def ref_of_any(self, models: Sequence[type[BaseModel]]) -> Schema:
        """The schema of a response that is one of `models`."""
        # One schema and no choice: the clients that openapi-generator makes for Go and TypeScript read every good
        # answer as the first one that is documented, and in Go one without a required field is an error: after the
        # post is out.
        names = [model.__name__ for model in models]
        if len(names) > 1:
            self.components["Or".join(names)] = _either([self.components[name] for name in names])
        return {"$ref": _REF + "Or".join(names)}

    def used_in(self, *nodes: Any) -> dict[str, Schema]:
        """The components that these refer to, directly or not, by name."""
        found: dict[str, Schema] = {}
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                name = str(node.get("$ref", "")).removeprefix(_REF)
                if name in self.components and name not in found:
                    found[name] = self.components[name]
                    waiting.append(found[name])
            waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return dict(sorted(found.items()))

    def example(self, model: type[BaseModel]) -> Any:
        return example_of(self.ref(model), self.components)


def _either(schemas: Sequence[Schema]) -> Schema:
    """An object with the fields of all; those that all have are required."""
    properties: Schema = {}
    for name, field in (item for schema in schemas for item in schema["properties"].items()):
        properties[name] = _wider(properties[name], field) if name in properties else field
    return {
        "type": "object",
        "description": " Or: ".join(schema["description"] for schema in schemas),
        "properties": properties,
        "required": [name for name in properties if all(name in schema["required"] for schema in schemas)],
        "additionalProperties": False,
    }


def _wider(one: Schema, other: Schema) -> Schema:
    """A field that allows what either does: their types and their enums together."""
    types = dict.fromkeys(kind for field in (one, other) for kind in _types_of(field))
    found = {**other, **one, "type": list(types) if len(types) > 1 else next(iter(types))}
    if "enum" in found:
        found["enum"] = list(dict.fromkeys([*one["enum"], *other["enum"]]))
    return one if one == other else found


def _types_of(field: Schema) -> list[str]:
    kind = field.get("type")
    return kind if isinstance(kind, list) else [str(kind)]


def first_line(documented: object) -> str:
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
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
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
        case _:
            raise ValueError(f"a field of type {kind} needs an example: {schema}")
