"""The OpenAPI document: what it says, and that the running system keeps to it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ..doors.house import OURS, REST_KEY, House, somebody

pytestmark = pytest.mark.story


@pytest.fixture(scope="session")
def document(house: House) -> schemathesis.BaseSchema:
    """Read from the running system, in which there is something of everything."""
    house.arrives(somebody(), "Hello")
    bearer = {"Authorization": f"Bearer {REST_KEY}"}
    hook = {"name": "Test", "url": f"{house.pbx.url}/hook"}
    for path, body in (
        ("webhooks", hook),
        ("messages", {"to": somebody(), "from": OURS, "text": "Hi"}),
    ):
        made = requests.post(
            f"{house.parley.url}/api/v1/{path}", json=body, headers=bearer, timeout=30
        )
        assert made.status_code == 201, made.text
    url = f"{house.parley.url}/api/v1/schema?format=json"
    found = schemathesis.openapi.from_url(url)
    found.config.base_url = house.parley.url
    return found


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_every_operation_keeps_to_the_document(document: schemathesis.BaseSchema) -> None:
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 35
    for operation in operations:
        check(operation)


def check(operation: Any) -> None:
    """A few requests, good and bad, to one operation."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def keeps(case: Case) -> None:
        if "id" in case.path_parameters:
            case.path_parameters["id"] = "1"
        bearer = {"Authorization": f"Bearer {REST_KEY}"}
        case.call_and_validate(headers=bearer, checks=CHECKS, timeout=60)

    keeps()


def test_the_document_names_scopes_and_problems(house: House) -> None:
    answer = requests.get(f"{house.parley.url}/api/v1/schema?format=json", timeout=30)
    said = answer.json()
    assert said["openapi"].startswith("3.1")
    sending = said["paths"]["/api/v1/messages"]["post"]
    assert {"oauth": ["messages:send"]} in sending["security"]
    assert "`messages:send`" in sending["description"]
    assert set(sending["responses"]) >= {"201", "400", "401", "403", "409", "422", "429"}
    assert sending["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize("path", ["docs", "redoc"])
def test_the_readers_take_everything_from_here(house: House, path: str) -> None:
    answer = requests.get(f"{house.parley.url}/api/v1/{path}", timeout=30)
    assert answer.ok and "http://" not in answer.text and "https://" not in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]  # 'self' by default-src
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
