"""The Postman collection: made from the document, the committed files up to date, and a run from the top works."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.documented_client import chapters, document, faults_of, operations
from tests.support.service import JSON, BackgroundWorker, Service
from twitter_manager.api.openapi.postman import collection, environment, postman_files
from twitter_manager.api.openapi.postman_run import PATH_VARIABLES, RUN
from twitter_manager.api.openapi.postman_scripts import SCHEDULE_AT, TRIAL_USER

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "postman"
REQUESTS = [planned for folder in RUN for planned in folder.requests]


def requests_of_collection() -> list[dict[str, Any]]:
    return [item for folder in collection(document())["item"] for item in folder["item"]]


def test_every_operation_has_a_step_and_every_step_an_operation() -> None:
    asked = {planned.endpoint for planned in REQUESTS}
    where = "twitter_manager/api/openapi/postman_run.py"
    assert not set(operations()) - asked, (
        f"add a RunRequest to {where} for: {', '.join(sorted(set(operations()) - asked))}"
    )
    assert not asked - set(operations()), (
        f"take these requests out of {where}: {', '.join(sorted(asked - set(operations())))}"
    )


@pytest.mark.parametrize("name", postman_files(document()))
def test_the_committed_file_is_what_the_command_makes(name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).exists() else ""
    assert committed == postman_files(document())[name], "run: .venv/bin/twitter-manager postman"


def test_the_command_writes_both_files(app: Flask, tmp_path: Path) -> None:
    done = app.test_cli_runner().invoke(args=["postman", "--folder", str(tmp_path / "made")])
    assert done.exit_code == 0, done.stderr
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "made").iterdir()}
    assert made == postman_files(document())
    assert len(done.stdout.splitlines()) == 2


def test_folders_are_the_chapters_of_the_document_and_the_end() -> None:
    assert [folder.name for folder in RUN] == [*chapters(), "Clean up"]


def test_a_step_uses_only_what_steps_before_it_kept() -> None:
    known = {"baseUrl", "apiKey", TRIAL_USER, SCHEDULE_AT}
    for planned, request in zip(REQUESTS, requests_of_collection(), strict=True):
        used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(request["request"])))
        assert used <= known, (planned.endpoint, used - known)
        known |= set(planned.sets)
    assert set(PATH_VARIABLES.values()) <= known


def test_the_key_is_a_variable_and_stands_nowhere() -> None:
    text = json.dumps(collection(document()))
    assert '{"key": "value", "value": "{{apiKey}}"}' in text
    assert {"key": "apiKey", "value": ""} in collection(document())["variable"]
    assert {"key": "apiKey", "value": "", "type": "secret", "enabled": True} in environment()["values"]


def test_whatever_changes_anything_names_a_variable_of_the_run_or_is_refused() -> None:
    """By such a variable the script before each request holds it to what the run has made."""
    for planned, request in zip(REQUESTS, requests_of_collection(), strict=True):
        names = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(request["request"]))) - {"baseUrl"}
        assert request["request"]["method"] == "GET" or names or planned.status == (422,), request["name"]


def test_a_variable_of_the_run_has_no_value_to_begin_with() -> None:
    """Without a value it stays as it is written: no number in a path, and no JSON in a body."""
    assert [each["key"] for each in collection(document())["variable"]] == ["baseUrl", "apiKey"]
    assert [each["key"] for each in environment()["values"]] == ["baseUrl", "apiKey"]


def test_every_request_has_tests() -> None:
    for item in requests_of_collection():
        script = "\n".join(item["event"][0]["script"]["exec"])
        assert script.count("pm.test(") >= 3
        assert "required = {}" not in script


class Run:
    """Sends the requests of the collection as newman does."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._values: dict[str, Any] = {"baseUrl": "", TRIAL_USER: "pm_0123456789ab", SCHEDULE_AT: None}

    def send(self, item: dict[str, Any]) -> TestResponse:
        answer = self._answer(item["request"])
        script = "\n".join(item["event"][0]["script"]["exec"])
        (expected,) = re.findall(r"this run expects.*\n.*oneOf\(\[([\d, ]+)\]\)", script)
        assert str(answer.status_code) in expected.split(", "), (item["name"], answer.text)
        for way, name in re.findall(r'json\(\)((?:\?\.\w+)+);\n.*\n  pm.collectionVariables.set\("(\w+)"', script):
            value = answer.json
            for part in way.removeprefix("?.").split("?."):
                value = (value or {}).get(part)
            self._values[name] = value
        return answer

    def _answer(self, request: dict[str, Any]) -> TestResponse:
        url = request["url"]
        if not isinstance(url, dict):
            assert url == "{{authUrl}}&mock_user={{trialUser}}"
            back = self._service.consent(self._values["authUrl"], self._values[TRIAL_USER])
            return self._service.anonymous.get(back, headers=JSON)
        sent = (
            {"data": self._filled(request["body"]["raw"]), "content_type": "application/json"}
            if "body" in request
            else {}
        )
        client = self._service.anonymous if "auth" in request else self._service.client
        return client.open(self._filled(url["raw"]), method=request["method"], headers=JSON, **sent)

    def _filled(self, text: str) -> str:
        text = re.sub(r"\{\{\$guid\}\}", lambda _: uuid.uuid4().hex, text)
        return re.sub(r"\{\{(\w+)\}\}", lambda found: self._text(self._values[found[1]]), text)

    def _text(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)


def test_a_run_from_the_top_works_and_every_answer_is_as_documented(service: Service, worker: BackgroundWorker) -> None:
    run = Run(service)
    for planned, item in zip(REQUESTS, requests_of_collection(), strict=True):
        assert faults_of(planned.endpoint, run.send(item)) == []
