"""A Postman collection (format 2.1) and an environment, made from the OpenAPI document in the order of
postman_run.py."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from twitter_manager.api.openapi.postman_run import PATH_VARIABLES, RUN, Folder, RunRequest
from twitter_manager.api.openapi.postman_scripts import after_each, after_one, before_each, before_post
from twitter_manager.api.openapi.schemas import Schema

__all__ = ["COLLECTION_FILE", "ENVIRONMENT_FILE", "collection", "environment", "postman_files"]

COLLECTION_FILE = "twitter-manager.postman_collection.json"
ENVIRONMENT_FILE = "twitter-manager.postman_environment.json"
_FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_BASE_URL = "http://127.0.0.1:5555"
_NUMBER = re.compile(r'"<<(\w+)>>"')
_HOW_TO_RUN = """\
Set the variable apiKey, and run it from the top, in mock mode: it connects a new simulated user, posts for that user,
and takes everything back. It touches nothing that it has not made: what uses a variable of the run (accountId, tweetId,
…) is only sent while that account is the run's own. To call for an account of yours, type its id over the variable.
"""


def postman_files(document: Schema) -> dict[str, str]:
    """By their names."""
    contents = {COLLECTION_FILE: collection(document), ENVIRONMENT_FILE: environment()}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in contents.items()}


def environment() -> Schema:
    """Where the service is, and the key to fill in."""
    return {
        "name": "Twitter Manager on this machine",
        "values": [
            {"key": "baseUrl", "value": _BASE_URL, "type": "default", "enabled": True},
            {"key": "apiKey", "value": "", "type": "secret", "enabled": True},
        ],
        "_postman_variable_scope": "environment",
    }


def collection(document: Schema) -> Schema:
    """A run from the top works against any service whose X is simulated, and leaves it as it was."""
    info = document["info"]
    items = [_folder(folder, document) for folder in RUN]
    return {
        "info": {
            "name": info["title"],
            "description": f"{info['description']}\n{_HOW_TO_RUN}",
            "version": info["version"],
            "schema": _FORMAT,
        },
        "auth": {
            "type": "apikey",
            "apikey": [_pair("key", "X-API-Key"), _pair("value", "{{apiKey}}"), _pair("in", "header")],
        },
        "event": [
            _script("prerequest", before_each(start=items[0]["item"][0]["name"], kept=list(_kept()))),
            _script("test", after_each()),
        ],
        "variable": [_pair("baseUrl", _BASE_URL), _pair("apiKey", "")],
        "item": items,
    }


def _kept() -> Iterator[str]:
    """The variables that requests set, each once."""
    yield from dict.fromkeys(name for folder in RUN for planned in folder.requests for name in planned.sets)


def _folder(folder: Folder, document: Schema) -> Schema:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    items = [_request(planned, document) for planned in folder.requests]
    return {"name": folder.name, "description": described.get(folder.name, "What deletes, last."), "item": items}


def _request(planned: RunRequest, document: Schema) -> Schema:
    path, method, operation = _operation(planned.endpoint, document)
    request: Schema = {
        "method": method.upper(),
        "header": [_pair("Accept", "application/json")],
        "url": planned.url or _url(path, planned.query),
        "description": operation.get("description", operation["summary"]),
    }
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    if "requestBody" in operation:
        request["header"].append(_pair("Content-Type", "application/json"))
        request["body"] = {"mode": "raw", "raw": _body(planned, operation), "options": {"raw": {"language": "json"}}}
    events = [_tests(planned, operation, document), *([_script("prerequest", before_post())] if planned.posts else ())]
    return {"name": planned.name or operation["summary"], "event": events, "request": request}


def _operation(endpoint: str, document: Schema) -> tuple[str, str, Schema]:
    """Path, method and description. Raises StopIteration for an operation that is not in the document."""
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


def _body(planned: RunRequest, operation: Schema) -> str:
    content = operation["requestBody"]["content"]["application/json"]
    body = content["example"] if planned.body is None else planned.body
    return _NUMBER.sub(r"{{\1}}", json.dumps(dict(body), indent=2, ensure_ascii=False))


def _tests(planned: RunRequest, operation: Schema, document: Schema) -> Schema:
    answers = operation["responses"]
    good = [status for status in answers if status.startswith("2")]
    expected = planned.status or tuple(int(status) for status in good)
    script = after_one(
        required={status: _required(answers[status], document) for status in good},
        documented=[int(status) for status in answers],
        expected=list(expected),
        sets=planned.sets,
        unsets=planned.unsets,
    )
    return _script("test", script)


def _required(answer: Schema, document: Schema) -> list[str]:
    schema = answer["content"]["application/json"]["schema"]
    named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required: list[str] = named["required"]
    return required


def _script(event: str, text: str) -> Schema:
    return {"listen": event, "script": {"type": "text/javascript", "exec": text.splitlines()}}


def _pair(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": value}
