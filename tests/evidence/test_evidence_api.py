"""The locker for programs: read, brought, taken away and withdrawn by the same rules as on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from evidence.models import Evidence
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence import files
from tests.evidence.people import World, a_world, added, chain

pytestmark = pytest.mark.django_db
API = "/api/v1/evidence/"


@pytest.fixture
def world() -> World:
    return a_world()


def said(world: World, content: bytes = files.PDF, name: str = "review.pdf", **more: Any) -> dict[str, Any]:
    return {
        "file": files.brought(name, content),
        "kind": "document",
        "title": "Access review",
        "effective_from": "2026-03-01T00:00Z",
        "effective_to": "2026-04-01T00:00Z",
        "solution": world.payments.public_id,
        "controls": [world.control.public_id],
        **more,
    }


def test_a_piece_is_brought_read_and_taken_away(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        browser = log_in(world.ana)
        answer = browser.post(f"{API}add/", said(world))
        assert answer.status_code == 201, answer.content
        made = answer.json()
        found = Evidence.objects.get()
        assert {name: made[name] for name in ("id", "state", "sha256", "media_type", "captured_by", "shows")} == {
            "id": found.public_id,
            "state": "fresh",
            "sha256": found.sha256,
            "media_type": "application/pdf",
            "captured_by": {"id": world.ana.public_id, "name": "Ana"},
            "shows": [
                {
                    "control": {"id": world.control.public_id, "name": "Access is reviewed"},
                    "because": "",
                    "valid_from": "2026-04-02T12:00:00Z",
                }
            ],
        }
        whole = browser.get(f"{API}{found.public_id}/").json()
        assert {name: whole.pop(name) for name in ("replaced_by", "holds")} == {"replaced_by": None, "holds": []}
        assert [one["action"] for one in whole.pop("custody")][-1] == "evidence.captured"
        assert whole == made
        assert browser.get(f"{API}?state=fresh").json()["results"] == [made]
        assert browser.get(f"{API}?state=stale").json()["results"] == []
        file = browser.get(f"{API}{found.public_id}/file/")
    assert (b"".join(file), file["Content-Type"]) == (files.PDF, "application/octet-stream")
    assert chain(found)[-1] == ("Ana", "evidence.downloaded")


@pytest.mark.parametrize(
    ("more", "field", "told"),
    [
        ({"file": files.brought("setup.exe", files.WINDOWS)}, "file", "Files with .exe are not taken"),
        ({"file": files.brought("empty.pdf", b"")}, "file", "The file is empty"),
        ({"effective_to": "2099-01-01T00:00Z"}, "effective_to", "today at the latest"),
        ({"effective_from": "2026-05-01T00:00Z"}, "effective_to", "ends before it begins"),
        ({"solution": ""}, "solution", "Say which of your solutions"),
        ({"kind": "working_paper"}, "kind", "A working paper is an auditor's"),
        ({"kind": "snapshot"}, "kind", "not a valid choice"),
    ],
)
def test_a_refusal_names_its_field(world: World, log_in: LogIn, more: dict[str, Any], field: str, told: str) -> None:
    with at("2026-06-02"):
        answer = log_in(world.ana).post(f"{API}add/", said(world, **more))
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [field]
    assert told in answer.json()["errors"][field][0]
    assert not Evidence.objects.exists()


@override_settings(EVIDENCE_MOST_MB=1)
def test_a_file_that_is_too_large_is_refused_while_it_arrives(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        answer = log_in(world.ana).post(f"{API}add/", said(world, files.PDF + bytes(2 * 2**20)))
    assert answer.status_code == 400
    assert "larger than 1 MB" in answer.json()["errors"]["file"][0]


def test_what_is_not_theirs_is_not_found(world: World, log_in: LogIn) -> None:
    found = added(world)
    browser = log_in(world.dee)
    assert browser.get(API).json()["results"] == []
    assert [browser.get(f"{API}{found.public_id}/{to}").status_code for to in ("", "file/")] == [404, 404]
    with at("2026-04-02"):
        assert log_in(world.dee).post(f"{API}add/", said(world)).status_code == 404


def test_a_piece_is_withdrawn_with_a_reason_by_who_may(world: World, log_in: LogIn) -> None:
    found = added(world)
    address = f"{API}{found.public_id}/withdraw/"
    refused = log_in(world.cleo).post(address, {"because": "x"}, content_type="application/json")
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"refused": ["It is for Ana to withdraw, or for the second line."]}
    browser = log_in(world.ana)
    assert browser.post(address, {}, content_type="application/json").status_code == 400
    answer = browser.post(address, {"because": "The wrong year"}, content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert log_in(world.eva).post(address, {"because": "x"}, content_type="application/json").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    world: World, log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        added(world)
    browser = log_in(world.cleo)
    with django_assert_num_queries(7):
        assert len(browser.get(API).json()["results"]) == count
