"""A Postman collection (format 2.1) and an environment, made from the OpenAPI document along postman_run.py."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from twitter_manager.api.openapi.postman_run import PATH_VARIABLES, RUN, Folder, Step
from twitter_manager.api.openapi.schemas import Schema

__all__ = ["COLLECTION_FILE", "ENVIRONMENT_FILE", "collection", "environment", "postman_files"]

COLLECTION_FILE = "twitter-manager.postman_collection.json"
ENVIRONMENT_FILE = "twitter-manager.postman_environment.json"
_FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_BASE_URL = "http://127.0.0.1:5555"
_NUMBER = re.compile(r'"<<(\w+)>>"')

# After every request: what the one shape of errors promises, and the request id.
_AFTER_EACH = """\
pm.test("it carries its request id", () => {
  pm.expect(pm.response.headers.get("X-Request-ID")).to.match(/^[A-Za-z0-9._-]{1,64}$/);
});
if (pm.response.code >= 400) {
  pm.test("an error has the one shape", () => {
    const error = pm.response.json();
    for (const field of ["error", "code", "request_id"]) {
      pm.expect(error[field], field).to.be.a("string").that.is.not.empty;
    }
    pm.expect(error.request_id).to.equal(pm.response.headers.get("X-Request-ID"));
  });
}
"""
_AFTER_ONE = """\
const required = %(required)s;
pm.test("the status is a documented one", () => {
  pm.expect(pm.response.code).to.be.oneOf(%(documented)s);
});
pm.test("the status is one that this run expects", () => {
  pm.expect(pm.response.code).to.be.oneOf(%(expected)s);
});
pm.test("the required fields are there", () => {
  pm.expect(pm.response.json()).to.include.all.keys(required[pm.response.code] || ["error", "code", "request_id"]);
});
"""
_KEEP = "pm.collectionVariables.set(%s, pm.response.json()%s);\n"


def postman_files(document: Schema) -> dict[str, str]:
    """Both files, by their names."""
    contents = {COLLECTION_FILE: collection(document), ENVIRONMENT_FILE: environment()}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in contents.items()}


def environment() -> Schema:
    """Where the service is, and the key to put in."""
    return {
        "name": "Twitter Manager on this machine",
        "values": [
            {"key": "baseUrl", "value": _BASE_URL, "type": "default", "enabled": True},
            {"key": "apiKey", "value": "", "type": "secret", "enabled": True},
        ],
        "_postman_variable_scope": "environment",
    }


def collection(document: Schema) -> Schema:
    """The collection: a run from the top works against a fresh service whose X is simulated."""
    info = document["info"]
    return {
        "info": {
            "name": info["title"],
            "description": f"{info['description']}\nSet the variable apiKey, and run it from the top.",
            "version": info["version"],
            "schema": _FORMAT,
        },
        "auth": {
            "type": "apikey",
            "apikey": [_pair("key", "X-API-Key"), _pair("value", "{{apiKey}}"), _pair("in", "header")],
        },
        "event": [_script(_AFTER_EACH)],
        "variable": [_pair("baseUrl", _BASE_URL), _pair("apiKey", ""), *(_pair(name, "") for name in _kept())],
        "item": [_folder(folder, document) for folder in RUN],
    }


def _kept() -> Iterator[str]:
    """The variables that steps keep, each once."""
    yield from dict.fromkeys(name for folder in RUN for step in folder.steps for name in step.keeps)


def _folder(folder: Folder, document: Schema) -> Schema:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    items = [_request(step, document) for step in folder.steps]
    return {"name": folder.name, "description": described.get(folder.name, "What deletes, last."), "item": items}


def _request(step: Step, document: Schema) -> Schema:
    path, method, operation = _operation(step.endpoint, document)
    request: Schema = {
        "method": method.upper(),
        "header": [_pair("Accept", "application/json")],
        "url": step.url or _url(path, step.query),
        "description": operation.get("description", operation["summary"]),
    }
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    if "requestBody" in operation:
        request["header"].append(_pair("Content-Type", "application/json"))
        request["body"] = {"mode": "raw", "raw": _body(step, operation), "options": {"raw": {"language": "json"}}}
    return {"name": step.name or operation["summary"], "event": [_tests(step, operation, document)], "request": request}


def _operation(endpoint: str, document: Schema) -> tuple[str, str, Schema]:
    """Path, method and description of the operation. Raises StopIteration for one that is not in the document."""
    return next(
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] == endpoint.replace(".", "_")
    )


def _url(path: str, query: Mapping[str, str]) -> Schema:
    filled = re.sub(r"\{(\w+)\}", lambda found: f"{{{{{PATH_VARIABLES[found[1]]}}}}}", path)
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    url: Schema = {
        "raw": f"{{{{baseUrl}}}}{filled}" + (f"?{asked}" if asked else ""),
        "host": ["{{baseUrl}}"],
        "path": filled.strip("/").split("/"),
    }
    return url | ({"query": [_pair(name, value) for name, value in query.items()]} if query else {})


def _body(step: Step, operation: Schema) -> str:
    content = operation["requestBody"]["content"]["application/json"]
    body = content["example"] if step.body is None else step.body
    return _NUMBER.sub(r"{{\1}}", json.dumps(dict(body), indent=2, ensure_ascii=False))


def _tests(step: Step, operation: Schema, document: Schema) -> Schema:
    answers = operation["responses"]
    good = [status for status in answers if status.startswith("2")]
    expected = step.status or tuple(int(status) for status in good)
    script = _AFTER_ONE % {
        "required": json.dumps({status: _required(answers[status], document) for status in good}),
        "documented": json.dumps([int(status) for status in answers]),
        "expected": json.dumps(list(expected)),
    }
    for name, way in step.keeps.items():
        script += _KEEP % (json.dumps(name), "".join(f"?.{part}" for part in way.split(".")))
    return _script(script)


def _required(answer: Schema, document: Schema) -> list[str]:
    schema = answer["content"]["application/json"]["schema"]
    named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required: list[str] = named["required"]
    return required


def _script(text: str) -> Schema:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": text.splitlines()}}


def _pair(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": value}
