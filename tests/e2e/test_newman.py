"""The committed Postman collection, run from the top by newman, against a fresh service."""

import pytest

from tests.e2e.conftest import NEWMAN, run_tool
from tests.support.service_process import ROOT, Installation

pytestmark = pytest.mark.e2e

FOLDER = ROOT / "postman"


def run(service: Installation) -> None:
    run_tool(
        NEWMAN,
        "run",
        str(FOLDER / "twitter-manager.postman_collection.json"),
        "--environment",
        str(FOLDER / "twitter-manager.postman_environment.json"),
        "--env-var",
        f"apiKey={service.api_key}",
        "--env-var",
        f"baseUrl={service.url}",
        "--color",
        "off",
        seconds=110,
    )
    assert service.error_lines() == []


def test_in_mock_mode(in_mock_mode: Installation) -> None:
    run(in_mock_mode)


def test_twice_on_one_service(in_mock_mode: Installation) -> None:
    run(in_mock_mode)
    run(in_mock_mode)


def test_against_x_over_http(against_simulator: Installation) -> None:
    run(against_simulator)
