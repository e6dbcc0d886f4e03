"""Packs for programs: listed, asked for and taken away as on the pages."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from assurance.models import Pack
from assurance.pack import making
from audit.models import TrailEntry
from controls.models import FrameworkVersion
from evidence import signing
from organisation.models import Solution
from tests.assurance.pack_worlds import a_framework
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory
from tests.factories.assurance import EngagementFactory, PackFactory
from tests.factories.controls import FrameworkVersionFactory

pytestmark = pytest.mark.django_db
ASK = "/api/v1/packs/ask/"


@pytest.fixture
def payments() -> Solution:
    solution: Solution = SolutionFactory(name="Payments")
    return solution


@pytest.fixture
def framework(payments: Solution) -> FrameworkVersion:
    return a_framework(payments)


def ids(browser: LoggedIn, query: str = "") -> list[str]:
    return [one["id"] for one in browser.get(f"/api/v1/packs/{query}").json()["results"]]


def ask(browser: LoggedIn, **said: Any) -> Any:
    return browser.post(ASK, said, content_type="application/json")


def test_a_program_asks_for_a_pack_and_takes_it_away(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    answer = ask(third_line, framework=framework.public_id, solutions=[payments.public_id])
    asked = answer.json()
    assert (answer.status_code, asked["state"], asked["sealed_at"], asked["sha256"]) == (201, "waiting", None, "")
    address = f"/api/v1/packs/{asked['id']}/"
    assert third_line.get(f"{address}take/archive/").status_code == 400
    pack = Pack.objects.get()
    making.run(pack.pk)
    told = third_line.get(address).json()
    pack.refresh_from_db()
    assert (told["state"], told["sha256"], told["signature"]) == (
        "done",
        pack.sha256,
        bytes(pack.signature or b"").hex(),
    )
    assert [one["name"] for one in told["solutions"]] == ["Payments"]
    page = third_line.get(f"/assurance/packs/{pack.public_id}/take/archive/")
    program: Any = third_line.get(f"{address}take/archive/")
    archive = b"".join(program.streaming_content)
    assert archive == b"".join(page.streaming_content)  # type: ignore[attr-defined]
    assert len(archive) == pack.size
    assert program["Content-Disposition"] == f'attachment; filename="{pack.public_id}.zip"'
    assert third_line.get(f"{address}take/nothing/").status_code == 404
    acts = TrailEntry.objects.about("pack", pack.public_id).order_by("pk")
    assert [one.action for one in acts] == ["pack.asked", "pack.sealed", "pack.downloaded", "pack.downloaded"]


def test_the_list_is_narrowed_and_read_page_by_page(third_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    engagement = EngagementFactory(framework=version, with_team=[third_line.person])
    first, second = (one.public_id for one in PackFactory.create_batch(2, framework=version))
    third = PackFactory(framework=version, sealed=True).public_id
    theirs = PackFactory(engagement=engagement).public_id
    assert ids(third_line) == [theirs, third, second, first]
    assert ids(third_line, f"?engagement={engagement.public_id}") == [theirs]
    assert ids(third_line, f"?framework={version.public_id}") == [third, second, first]
    assert ids(third_line, "?sealed=yes") == [third]
    assert ids(third_line, "?sealed=no") == [theirs, second, first]
    page = third_line.get("/api/v1/packs/?size=3").json()
    rest = third_line.get(page["next"]).json()
    assert [one["id"] for one in page["results"] + rest["results"]] == [theirs, third, second, first]
    assert rest["next"] is None
    assert third_line.get("/api/v1/packs/?engagement=EN-999").status_code == 404


def test_a_pack_of_an_engagement_is_its_teams(third_line: LoggedIn, log_in: LogIn) -> None:
    engagement = EngagementFactory(with_team=[third_line.person])
    other = log_in(third_line=True)
    refused = ask(other, engagement=engagement.public_id)
    assert (refused.status_code, "made by its team" in refused.content.decode()) == (400, True)
    made = ask(third_line, engagement=engagement.public_id)
    assert (made.status_code, made.json()["engagement"]) == (201, engagement.public_id)
    assert other.get(f"/api/v1/packs/{made.json()['id']}/").status_code == 404
    assert ids(other) == []


def test_what_cannot_be_asked_is_said_at_its_field(
    third_line: LoggedIn, external: LoggedIn, first_line: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    whole = {"framework": framework.public_id, "solutions": [payments.public_id]}
    march = "2026-03-01T00:00:00Z"
    for said, field in (
        ({}, "framework"),
        ({"framework": framework.public_id}, "solutions"),
        ({**whole, "engagement": "EN-1"}, "engagement"),
        ({**whole, "about_from": march}, "about_to"),
        ({**whole, "about_from": march, "about_to": "2026-02-01T00:00:00Z"}, "about_to"),
        ({**whole, "about_from": "2999-01-01T00:00:00Z", "about_to": "2999-02-01T00:00:00Z"}, "about_from"),
    ):
        answer = ask(third_line, **said)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert ask(external, **whole).status_code == 404
    assert ask(first_line, **whole).status_code == 403
    assert not Pack.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_packs(
    third_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    PackFactory.create_batch(count)
    with django_assert_num_queries(5):
        assert len(ids(third_line)) == count


def test_a_program_learns_by_what_a_pack_is_verified(third_line: LoggedIn, first_line: LoggedIn) -> None:
    told = third_line.get("/api/v1/packs/verify/").json()
    program = third_line.get("/api/v1/packs/verify_pack.py").content
    assert told == {"fingerprint": signing.fingerprint(), "verifier_sha256": sha256(program).hexdigest()}
    assert first_line.get("/api/v1/packs/verify/").status_code == 403
