"""The OpenAPI document says what the code does: routes, bodies, queries, errors, answers. Each fault names its cure."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing import Resource as Contents
from referencing.jsonschema import DRAFT202012
from werkzeug.test import TestResponse

from tests.support.documented_client import bare_app, closed_document, document, faults_of, operations, validator
from tests.support.raised_errors import errors_raised_by, reached_from
from tests.support.service import Service
from twitter_manager.api.batch_requests import SharedPost, SharedPostBody
from twitter_manager.api.http import phrases
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.http.errors import STATUSES
from twitter_manager.api.http.inputs import Body
from twitter_manager.api.openapi.document import described_routes, path_of
from twitter_manager.api.openapi.operations import ANY_CODE, Operation, Resource
from twitter_manager.api.post_requests import ACCOUNT_ERRORS, POST_ERRORS
from twitter_manager.api.tweet_responses import STATUSES as STATUSES_OF_TWEETS
from twitter_manager.error_codes import CODES
from twitter_manager.factory import create_app

WHERE = "the Operation on the view"
OPERATIONS = operations()
# What a view reads from the query by these functions of inputs, beside those that are given the name.
QUERIES = {"page_in_query": ("page", "limit"), "cursor_in_query": ("cursor",)}
# Met on the way to these views, but not raised out of them: an account goes with what it has.
NEVER = {
    (endpoint, 404, "account_not_found")
    for endpoint in (
        "posting.post_one",
        "tweets.change",
        "tweets.retry",
        "tweets.delete",
        "threads.resume",
        "threads.delete",
        "publishing.publish_batch",  # it stands in the row
    )
}
# A body of which the view reads a part, and every row by itself.
READ_BY_ROW: dict[type[Body], type[Body]] = {SharedPost: SharedPostBody}
# They tell what stands against a post, and do not raise it.
TELLING = {"publishing.publish_batch", "publishing.validate"}
# Raised where tests/support/raised_errors.py does not see it.
BY_ANOTHER_WAY = {
    ("accounts.refresh", 429, "rate_limit_exceeded"),  # RenewalFailed.refusal
    ("publishing.validate", 409, "other_world"),  # of a username; of an id it is told
}


def operations_of_document() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def view_of(endpoint: str) -> Any:
    return inspect.unwrap(bare_app().view_functions[endpoint])


def calls_from(view: Any) -> Iterator[tuple[str, ast.Call, str]]:
    """Every call on the way from the view: its words, itself, and the name of the function that it stands in."""
    for function in reached_from(view.__module__, view.__name__):
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node, function.name


def texts_of(argument: ast.expr, function: str, view: Any) -> set[str]:
    """The text that is given; where it is the function's own parameter: those with which it is called."""
    if isinstance(argument, ast.Constant):
        return {argument.value}
    return {ast.literal_eval(call.args[0]) for name, call, _ in calls_from(view) if name == function}


# the routes


def test_every_route_has_an_operation_and_every_operation_a_route() -> None:
    app = bare_app()
    routed = {rule.endpoint for rule, _ in described_routes(app)}
    missing = routed - set(OPERATIONS)
    assert not missing, f"put an Operation on the views of: {', '.join(sorted(missing))}"
    stale = set(OPERATIONS) - routed
    assert not stale, f"only a Resource's routes are in the document; no Blueprint may have: {', '.join(sorted(stale))}"
    assert len(routed) >= 20


def test_nothing_that_programs_call_is_left_out() -> None:
    app = bare_app()
    described = {rule.rule for rule, _ in described_routes(app)}
    left_out = [rule for rule in app.url_map.iter_rules() if rule.rule not in described]
    for rule in left_out:
        assert not rule.rule.startswith("/api/") or rule.rule == "/api/v1/openapi.json", rule.rule
        assert not isinstance(app.blueprints[rule.endpoint.partition(".")[0]], Resource), rule.rule
    assert {rule.endpoint.partition(".")[0] for rule in left_out} == {"home", "consent", "docs"}


def test_the_document_has_these_routes_and_no_other() -> None:
    served = {(path_of(rule), method.lower()) for rule, method in described_routes(bare_app())}
    assert {(path, method) for path, method, _ in operations_of_document()} == served


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations_of_document()]
    assert len(set(names)) == len(names)
    for path, method, operation in operations_of_document():
        assert operation["summary"], (path, method)
        assert len(operation["tags"]) == 1


def test_the_calls_that_need_no_key_say_so() -> None:
    open_calls = {operation["operationId"] for _, _, operation in operations_of_document() if "security" in operation}
    assert open_calls == {endpoint.replace(".", "_") for endpoint in PUBLIC if endpoint in OPERATIONS}


# what is sent


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_the_body_is_the_one_that_the_view_reads(endpoint: str) -> None:
    view = view_of(endpoint)
    module = inspect.getmodule(view)
    models = [
        model
        for name, call, _ in calls_from(view)
        for model in {"inputs.body": call.args[:1], "inputs.body_by_field": call.args[1:3]}.get(name, [])
    ]
    read = {eval(ast.unparse(model), vars(module)) for model in models}  # names of classes in the view's own module
    read = {READ_BY_ROW.get(model, model) for model in read}
    declared = set(OPERATIONS[endpoint].bodies)
    assert read == declared, f"the view of {endpoint} reads {read}, and {WHERE} says {declared}"


def test_every_pattern_of_a_body_has_words_for_it() -> None:
    models = {model for operation in OPERATIONS.values() for model in operation.bodies}
    texts = json.dumps([model.model_json_schema() for model in models])
    assert set(map(json.loads, re.findall(r'"pattern": ("[^"]*")', texts))) == set(phrases._PATTERNS)


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_the_query_is_the_one_that_the_view_reads(endpoint: str) -> None:
    view = view_of(endpoint)
    read: set[str] = set()
    for name, call, function in calls_from(view):
        if name == "request.args.get" or (name.startswith("inputs.") and name.endswith("_in_query")):
            read |= set(QUERIES.get(name.removeprefix("inputs."), ())) or texts_of(call.args[0], function, view)
    declared = {parameter.name for parameter in OPERATIONS[endpoint].query}
    if endpoint == "oauth.callback":
        read |= {"oauth_token", "oauth_verifier"}  # it only looks whether they are there
    assert read == declared, f"the view of {endpoint} reads {sorted(read)}, and {WHERE} says {sorted(declared)}"


def test_an_account_in_the_path_may_be_an_id_or_a_username() -> None:
    count = 0
    for path, _, operation in operations_of_document():
        if "{account_id}" in path:
            schema = operation["parameters"][0]["schema"]
            for account in ("1", "@alice"):
                Draft202012Validator(schema).validate(account)
            count += 1
    assert count == 7


# what can go wrong


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_every_error_that_the_view_can_raise_is_declared_and_no_other(endpoint: str) -> None:
    view = view_of(endpoint)
    raised = errors_raised_by(view.__module__, view.__name__)
    told = (
        {(409, code) for code in ACCOUNT_ERRORS} | {(422, code) for code in POST_ERRORS}
        if endpoint in TELLING
        else set()
    )
    raised = {each for each in raised - told if (endpoint, *each) not in NEVER}
    declared = declared_codes(OPERATIONS[endpoint])
    common = codes_in_document(endpoint) - declared
    open_ended = {STATUSES[kind] for kind, codes in OPERATIONS[endpoint].errors.items() if codes == ANY_CODE}
    seen = raised | {(status, code) for name, status, code in BY_ANOTHER_WAY if name == endpoint}
    missing = {each for each in seen - declared - common if each[0] not in open_ended}
    assert not missing, f"{endpoint} can raise {sorted(missing)}: add them to its `errors` in {WHERE}"
    stale = declared - seen - common
    assert not stale, f"nothing that {endpoint} calls raises {sorted(stale)}: take them out of its `errors` in {WHERE}"


def declared_codes(operation: Operation) -> set[tuple[int, str]]:
    """Without those that may be any."""
    return {(STATUSES[kind], code) for kind, codes in operation.errors.items() if codes != ANY_CODE for code in codes}


def codes_in_document(endpoint: str) -> set[tuple[int, str]]:
    """Every code that the document has for it, those that every call can have included."""
    everything = [each for methods in closed_document()["paths"].values() for each in methods.values()]
    (operation,) = (each for each in everything if each["operationId"] == endpoint.replace(".", "_"))
    found = set()
    shared = closed_document()["components"]["responses"]
    for status, given in operation["responses"].items():
        answer = shared[given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        enums = re.findall(r'"enum": (\[[^]]*\])', json.dumps(answer["content"]["application/json"]["schema"]))
        found |= {(int(status), code) for enum in enums for code in json.loads(enum)}
    return found


def test_every_code_that_is_declared_is_known() -> None:
    for operation in OPERATIONS.values():
        for codes in operation.errors.values():
            assert set(codes) <= set(CODES)


# the document itself


def test_the_limits_of_numbers_stand_in_the_schemas() -> None:
    assert not re.findall(r'"(?:ge|le|gt|lt)":', json.dumps(document()["components"]["schemas"])), "put DIGITS last"


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = set(re.findall(r'"\$ref": "#/components/(\w+/[\w-]+)"', json.dumps(document())))
    components = document()["components"]
    there = {f"{kind}/{name}" for kind, named in components.items() if kind != "securitySchemes" for name in named}
    assert used == there


def test_every_example_is_what_its_schema_allows() -> None:
    count = 0
    for where, content in contents(document(), ""):
        examples = [content["example"]] if "example" in content else []
        examples += [each["value"] for each in content.get("examples", {}).values()]
        for example in examples:
            validator(f"{where}/schema").validate(example)
            count += 1
    assert count > 100


def contents(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place of the document that has a schema and examples of it."""
    if isinstance(node, dict):
        if "schema" in node and node.keys() & {"example", "examples"}:
            yield where, node
        for name, child in node.items():
            yield from contents(child, f"{where}/{str(name).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from contents(child, f"{where}/{number}")


def test_every_schema_is_one_and_what_is_sent_is_closed() -> None:
    sent = {body.__name__ for operation in OPERATIONS.values() for body in operation.bodies} | {
        "PartBody",
        "PollBody",
        "SlotBody",
    }
    closed = closed_document()["components"]["schemas"]
    for name, schema in document()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        if schema["type"] == "object":
            assert closed[name]["additionalProperties"] is False, name
            assert schema["additionalProperties"] is (name not in sent), name
            assert schema["description"], name


def test_an_answer_of_a_later_version_is_as_the_document_says() -> None:
    """It has a field more everywhere, and everywhere another value than the known ones."""
    registry = Registry().with_resource("urn:x", Contents(contents=document(), specification=DRAFT202012))
    count = 0
    for where, content in contents(document(), ""):
        if "/responses/" in where:
            examples = [content["example"]] if "example" in content else []
            for example in [*examples, *(each["value"] for each in content.get("examples", {}).values())]:
                one = Draft202012Validator({"$ref": f"urn:x#{where}/schema"}, registry=registry)
                one.validate(of_later_version(example))
                count += 1
    assert count > 100


KNOWING = ("code", "status", "state", "waiting_for", "outcome", "event", "error_code", "type", "source", "per")


def of_later_version(value: Any) -> Any:
    if isinstance(value, list):
        return [of_later_version(each) for each in value]
    if not isinstance(value, dict):
        return value
    secret = "auth_url" in value  # its state is no word
    found = {
        name: "unheard_of" if name in KNOWING and not secret else of_later_version(each) for name, each in value.items()
    }
    return found | {name: ["unheard_of"] for name in ("events", "reason_codes") if name in value} | {"more": 1}


def test_what_is_known_of_an_answer_stands_beside_its_field() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["Error"]["properties"]["code"]["x-known-values"] == sorted(CODES)
    status = schemas["Tweet"]["properties"]["status"]
    assert status["x-known-values"] == list(STATUSES_OF_TWEETS)
    assert all(f"`{each}`" in status["description"] for each in STATUSES_OF_TWEETS)


def test_of_a_choice_the_one_with_most_fields_comes_first() -> None:
    """Generated clients take the first that fits: a refused row would be read as one that was taken."""
    posts = document()["components"]["schemas"]["BatchTriedOrBatchTaken"]["properties"]["posts"]
    assert posts["items"]["anyOf"][0] == {"$ref": "#/components/schemas/RefusedPost"}


NULL = {"type": "null"}


def test_no_type_breaks_a_client_that_is_generated() -> None:
    """A type that can only be null has no name in Go, and openapi-generator aborts at it for Python; a boolean constant
    makes the Python client raise on a good answer; an integer without a format has 32 bits in Go; and
    what may be null in a choice of schemas makes every field with an equal schema null in Go."""
    for where, schema in schemas(document(), ""):
        assert schema.get("type") != "null" or "/anyOf/" in where, f"{where} can only be null"
        assert isinstance(schema.get("const", ""), str), f"{where}: const"
        choice = schema.get("anyOf", ())
        assert NULL not in choice or all("$ref" in each for each in choice if each != NULL), f"{where}: type: [T, null]"
        assert not any(isinstance(each, bool) for each in schema.get("enum", ())), f"{where}: enum"
        wide = "integer" in schema.get("type", ()) and schema.get("maximum", 2**63) >= 2**31
        assert not wide or schema.get("format") == "int64", f"{where}: 32 bits by default"


def test_no_name_breaks_a_client_that_is_generated() -> None:
    """In Go the function NewTweet makes a Tweet, so that no type can have that name beside it."""
    names = set(document()["components"]["schemas"])
    assert not {name for name in names if f"New{name}" in names}


def test_an_answer_has_one_schema_whether_it_is_settled_or_not() -> None:
    """Clients in Go and TypeScript read each good answer as the first one; what only some have must not be required."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            good = [answer["content"] for status, answer in operation["responses"].items() if status.startswith("2")]
            refs = {json.dumps(content["application/json"]["schema"]) for content in good}
            assert len(refs) == 1, (method, path)


def test_the_url_of_a_post_is_described_alike_everywhere() -> None:
    found = document()["components"]["schemas"]
    names = ("Tweet", "TweetDetails", "TweetOfThread", "PostTaken", "ThreadPart", "BatchPost")
    said = {found[name]["properties"]["url"]["description"] for name in names if name in found}
    assert len(said) == 1, said


def schemas(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object below `node` that may be a schema, with its place."""
    for name, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, dict):
            yield f"{where}/{name}", child
        if isinstance(child, dict | list) and name not in ("example", "examples"):
            yield from schemas(child, f"{where}/{name}")


def test_every_answer_has_an_example_and_the_request_id() -> None:
    for path, method, operation in operations_of_document():
        for status, answer in operation["responses"].items():
            if "$ref" not in answer:
                assert "X-Request-ID" in answer["headers"], (path, method, status)
                content = answer["content"]["application/json"]
                assert content.keys() & {"example", "examples"}, (path, method, status)


def test_it_is_public_built_once_and_the_same_as_the_command_prints(service: Service, anonymous: FlaskClient) -> None:
    answer = anonymous.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json == document()
    assert answer.json["openapi"] == "3.1.0"
    kept = service.app.extensions["openapi"]
    anonymous.get("/api/v1/openapi.json")
    assert service.app.extensions["openapi"] is kept
    printed = service.app.test_cli_runner().invoke(args=["openapi"])
    assert json.loads(printed.stdout) == document()


def test_a_callback_at_another_path_changes_nothing_in_it(service: Service) -> None:
    from dataclasses import replace

    elsewhere = replace(service.services.settings, twitter_callback_url="https://tweets.example.org/x/back")
    app = create_app(elsewhere)
    assert app.test_client().get("/api/v1/openapi.json").json == document()


# the client that holds every answer against it


def test_an_answer_that_is_not_in_the_document_is_found(app: Flask) -> None:
    def answer(status: int, body: dict[str, Any]) -> TestResponse:
        response = app.response_class(json.dumps(body), status=status, mimetype="application/json")
        return TestResponse(response.response, response.status, response.headers, FlaskClient(app).open().request)

    good = {"status": "success", "message": "The key is right"}
    assert faults_of("health.test", answer(200, good)) == []
    assert len(faults_of("health.test", answer(204, good))) == 1
    assert len(faults_of("health.test", answer(200, {**good, "more": 1}))) == 1
    assert len(faults_of("health.test", answer(200, {"status": "success"}))) == 1
    wrong = {"error": "x", "code": "tweet_not_found", "request_id": "1"}
    assert len(faults_of("health.test", answer(401, wrong))) == 1
