"""Every operation of the API, called by every line with whatever its description allows and much that it does not."""

from __future__ import annotations

import base64
import itertools
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from compliance_portal import env
from tests.conftest import LoggedIn
from tests.examples import EXAMPLES
from tests.hostile.calls import Caller, Idea, callers, ideas, portal
from tests.test_permissions import GUARDED, OURS, undone

EXAMPLES_OF_EACH = env.whole_number("FUZZ_EXAMPLES", 5)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="session")
def described() -> Any:
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
    schema.app = portal
    return schema


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A call does not close the connection whose transaction the test is in."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("name", [name for name in GUARDED if name.startswith("api:") and name != "api:schema"])
def test_every_answer_is_one_that_the_description_names(db: None, described: Any, name: str) -> None:
    path = "/api/v1/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(OURS[name].pattern))
    each = list(callers(EXAMPLES[name].own if name in EXAMPLES else lambda person: {}))
    for method in described[path]:
        walk(described[path][method], each)


def walk(operation: Any, each: list[Caller]) -> None:
    """Every line makes the same calls, each now with a log-in and now by a token."""
    turns = itertools.count()

    @seed(zlib.crc32(operation.label.encode()))
    @settings(
        max_examples=EXAMPLES_OF_EACH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(idea=ideas(operation, each[0].named))
    def answers(idea: Idea) -> None:
        turn = next(turns)
        for number, caller in enumerate(each):
            with undone():
                answer = idea.answered(caller, caller.proofs[(turn + number) % 2])
                idea.case.validate_response(Response.from_any(answer), checks=CHECKS)

    answers()


FORGED: tuple[Any, ...] = (
    "\x00", 10**30, -1, 1.5, True, [], {}, "2026-01-01T00:00:00-23:59", "0001-01-01T00:00:00+15:00", "9" * 5_000,
)  # fmt: skip


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_forged_cursor_leads_to_a_page_or_nowhere(second_line: LoggedIn, described: Any, length: int) -> None:
    lists = [path for path in described if "{" not in path and asks_for_a_cursor(described[path])]
    assert len(lists) > 20
    for path in lists:
        for value in FORGED:
            forged = base64.urlsafe_b64encode(json.dumps([value] * length).encode()).decode()
            answer = second_line.get(path, {"cursor": forged})
            assert answer.status_code in {200, 400, 403}, (path, value)


def asks_for_a_cursor(methods: Any) -> bool:
    return "get" in [*methods] and "cursor" in {one.name for one in methods["get"].query}
