"""Answers as a client must read them: a later version may add fields to one, and values to a list of known ones.

The models are closed, so that the tests find whatever is not described. A client that was generated from a closed
schema would raise at the first new field: after the post is out.
"""

from typing import Any

__all__ = ["KNOWN", "open_answers"]

KNOWN = "x-known-values"
_SCHEMAS = "#/components/schemas/"
_FEW = 12  # named in the description too
_LATER = "later versions may have more"


def open_answers(document: dict[str, Any]) -> dict[str, Any]:
    """`document`, in which every schema of an answer allows more. What is sent to the service stays closed."""
    components = document["components"]
    asked = [operation.get("requestBody") for path in document["paths"].values() for operation in path.values()]
    sent = _named_from(asked, components["schemas"])
    schemas = {
        name: schema if name in sent else _opened(schema, components["schemas"])
        for name, schema in components["schemas"].items()
    }
    responses = {name: _response(each, schemas) for name, each in components["responses"].items()}
    paths = {path: _methods(methods, schemas) for path, methods in document["paths"].items()}
    return document | {"paths": paths, "components": components | {"responses": responses, "schemas": schemas}}


def _methods(methods: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {method: operation | {"responses": _responses(operation, schemas)} for method, operation in methods.items()}


def _responses(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {status: _response(each, schemas) for status, each in operation["responses"].items()}


def _response(response: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "content" not in response:
        return response
    content = {kind: {**each, "schema": _opened(each["schema"], schemas)} for kind, each in response["content"].items()}
    return response | {"content": content}


def _named_from(node: Any, schemas: dict[str, Any]) -> set[str]:
    """The components that `node` refers to, directly or not."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(_SCHEMAS)
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found


def _opened(schema: Any, schemas: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_opened(each, schemas) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:  # an error with these codes alone: they stand in the response's description
        return schema["allOf"][0]
    found = {
        name: child if name in ("examples", "example") else _opened(child, schemas) for name, child in schema.items()
    }
    if found.get("additionalProperties") is False:
        # Told, not left out: openapi-generator's clients in Go refuse unknown fields where nothing is said.
        found["additionalProperties"] = True
    if "anyOf" in found:
        # The generated clients take the first that fits, and one with few fields fits much.
        found["anyOf"] = sorted(found["anyOf"], key=lambda each: -len(_required(each, schemas)))
    return _with_known_values(found) if found.keys() & {"enum", "const"} else found


def _required(schema: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    named = schemas.get(str(schema.get("$ref", "")).removeprefix(_SCHEMAS), schema)
    required: list[str] = named.get("required", [])
    return required


def _with_known_values(schema: dict[str, Any]) -> dict[str, Any]:
    """The enum (or the constant) as values that are known today."""
    values = [value for value in schema.get("enum", [schema.get("const")]) if value is not None]
    rest = {name: part for name, part in schema.items() if name not in ("enum", "const")}
    named = ", ".join(f"`{value}`" for value in values) if len(values) <= _FEW else "x-known-values"
    description = " ".join(filter(None, [schema.get("description"), f"Known: {named}; {_LATER}."]))
    return {"examples": values[:1]} | rest | {"description": description, KNOWN: values}
