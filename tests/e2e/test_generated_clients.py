"""Clients made from the running service's document compile, post once each, and read what they are told, also by
a later version with more fields and other statuses.

What each does is in clients/; whatever it cannot be made or compiled with is skipped, but fails where CI is set.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
import requests

from tests.e2e.conftest import NPM, TOOLS
from tests.support.service_process import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PROGRAMS = Path(__file__).parent / "clients"
E2E = TOOLS / "e2e" / "bin"
GENERATOR = E2E / "openapi-generator-cli"
# by the generator's name: where its client goes, under the name that the programs import
LANGUAGES = {"python": "python", "typescript-fetch": "typescript/manager", "go": "go/manager"}
ONLY_CODE = {"apiDocs": "false", "modelDocs": "false", "apiTests": "false", "modelTests": "false"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """In mock mode."""
    folder = tmp_path_factory.mktemp("service") / "service"
    with Installation(folder, x_url="http://127.0.0.1:1", MOCK_MODE="on") as installation:
        installation.start()
        yield installation


@pytest.fixture(scope="module")
def clients(service: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code of all clients, each made once."""
    folder = tmp_path_factory.mktemp("clients")
    answer = requests.get(f"{service.url}/api/v1/openapi.json", timeout=30)
    document = folder / "openapi.json"
    document.write_text(answer.text, encoding="utf-8")
    need("java")
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(make_three, document), pool.submit(make_another, document)]
    for each in made:
        each.result()
    return folder


def make_three(document: Path) -> None:
    """By openapi-generator, in one run of Java."""
    words = []
    for generator, place in LANGUAGES.items():
        options = {
            "generatorName": generator,
            "inputSpec": str(document),
            "outputDir": str(document.parent / place),
            "globalProperties": ONLY_CODE,
            "additionalProperties": {"packageName": "manager", "withGoMod": "false"},
        }
        path = document.with_name(f"{generator}.json")
        path.write_text(json.dumps(options), encoding="utf-8")
        words.append(str(path))
    run(GENERATOR, "batch", "--fail-fast", *words, folder=document.parent)


def make_another(document: Path) -> None:
    """By openapi-python-client, which must not leave anything out."""
    place = document.parent / "another" / "manager_client"
    place.parent.mkdir()
    # its clients are tidied with ruff, which is beside it
    run(
        E2E / "openapi-python-client",
        *("generate", "--path", document, "--output-path", place, "--meta", "none", "--fail-on-warning"),
        folder=document.parent,
    )


def need(command: str) -> str:
    """Where it is."""
    found = shutil.which(command)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{command} is not there: .ci/run installs it")
    if found is None:
        pytest.skip(f"{command} is not there")
    return found


def run(command: str | Path, *words: str | Path, folder: Path, **environment: str) -> str:
    """What it printed; fails with that if it does not end well."""
    path = os.pathsep.join((str(E2E), os.environ["PATH"]))
    done = subprocess.run(
        [str(command), *map(str, words)],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} {words}:\n{done.stdout[-10_000:]}\n{done.stderr[-10_000:]}"
    return done.stdout


UNKNOWN = "not_heard_of"


class LaterVersion:
    """The service as it may become: every answer has one more field, and another status or code than the known ones."""

    def __init__(self, url: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                kept = {name: self.headers[name] for name in ("X-API-Key", "Content-Type") if name in self.headers}
                answer = requests.request(self.command, url + self.path, headers=kept, data=data, timeout=60)
                later = {name: UNKNOWN if name in ("status", "code") else each for name, each in answer.json().items()}
                body = json.dumps(later | {"more": {"of": [1]}}).encode()
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Caller:
    """Runs a client's program against the service, and holds what it prints against what the service has."""

    def __init__(self, service: Installation) -> None:
        self._service = service
        self._account, self._off = service.connect("alice"), service.connect("bob")
        switched = service.ask("PATCH", f"/api/v1/accounts/{self._off}", json={"is_active": False})
        assert switched.status_code == 200, switched.text

    def call(self, command: str | Path, *words: str | Path, folder: Path, **environment: str) -> None:
        with LaterVersion(self._service.url) as later:
            self._call(
                self._service.url, "posted", f"Hello from {folder.name}", command, *words, folder=folder, **environment
            )
            text = f"Hello again from {folder.name}"
            self._call(later.url, UNKNOWN, text, command, *words, folder=folder, **environment)

    def _call(
        self,
        url: str,
        status: str,
        text: str,
        command: str | Path,
        *words: str | Path,
        folder: Path,
        **environment: str,
    ) -> None:
        accounts = {"ACCOUNT_ID": str(self._account), "ACCOUNT_SWITCHED_OFF": str(self._off)}
        key = {"URL": url, "KEY": self._service.api_key}
        printed = run(command, *words, folder=folder, **key, **accounts, TEXT=text, **environment)
        (tweet,) = (each for each in self._service.tweets(account_id=self._account) if each["text"] == text)
        assert tweet["status"] == "posted"
        post, held, refused = printed.splitlines()
        assert (post, held) == (
            f"{tweet['id']} {status} {tweet['twitter_id']}",
            "held" if status == "posted" else UNKNOWN,
        )
        assert refused == f"404 {'account_not_found' if status == 'posted' else UNKNOWN}"


@pytest.fixture
def caller(service: Installation) -> Caller:
    return Caller(service)


def test_python(clients: Path, caller: Caller) -> None:
    folder = clients / "python"
    run(E2E / "python", "-m", "compileall", "-q", "manager", folder=folder)
    caller.call(E2E / "python", PROGRAMS / "post.py", folder=folder, PYTHONPATH=str(folder))


def test_openapi_python_client(clients: Path, caller: Caller) -> None:
    folder = clients / "another"
    run(E2E / "python", "-m", "compileall", "-q", "manager_client", folder=folder)
    program = PROGRAMS / "post_by_openapi_python_client.py"
    caller.call(E2E / "python", program, folder=folder, PYTHONPATH=str(folder))


def test_typescript(clients: Path, caller: Caller) -> None:
    folder = clients / "typescript"
    shutil.copy(PROGRAMS / "post.ts", folder)
    how = ("--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "commonjs", "--types", "")
    run(NPM / "tsc", *how, "--moduleResolution", "bundler", "--outDir", "made", "post.ts", folder=folder)
    caller.call(need("node"), "made/post.js", folder=folder)


def test_go(clients: Path, caller: Caller) -> None:
    """With nothing but Go's own library: it could not be compiled without internet otherwise."""
    go, folder = need("go"), clients / "go"
    shutil.copy(PROGRAMS / "post.go", folder)
    (folder / "go.mod").write_text("module client\n\ngo 1.18\n", encoding="utf-8")
    alone = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    run(go, "vet", "./...", folder=folder, **alone)
    caller.call(go, "run", ".", folder=folder, **alone)
