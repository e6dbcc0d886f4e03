"""What programs do with a piece of evidence: a new version, what it shows, legal holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from controls.models import Control
from evidence.models import Evidence, LegalHold
from tests.clock import at
from tests.conftest import LoggedIn, LogIn, Program
from tests.evidence import files
from tests.evidence.people import World, a_world, added
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import LegalHoldFactory
from tests.factories.organisation import LONG_AGO

pytestmark = pytest.mark.django_db
API = "/api/v1/evidence/"


@pytest.fixture
def world() -> World:
    return a_world()


def post(browser: Any, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, content_type="application/json")


def refused(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["errors"]
    return told


def period() -> dict[str, str]:
    return {"effective_from": "2026-03-01T00:00Z", "effective_to": "2026-04-01T00:00Z"}


def supersede(browser: LoggedIn, piece: Evidence, **said: Any) -> Any:
    file = files.brought("review.pdf", files.PDF)
    return browser.post(f"{API}{piece.public_id}/supersede/", {"file": file, **period(), **said})


def test_a_new_version_keeps_what_is_not_said(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        piece, ana = added(world, note="Of March"), log_in(world.ana)
        made = supersede(ana, piece, title="Access review, again")
        told = made.json()
        assert (made.status_code, told["replaces"], told["title"], told["note"], told["version"]) == (
            201, piece.public_id, "Access review, again", "Of March", 2,
        )  # fmt: skip
        assert [one["control"]["id"] for one in told["shows"]] == [world.control.public_id]
        before = ana.get(f"{API}{piece.public_id}/").json()
        assert (before["state"], before["replaced_by"]) == ("superseded", told["id"])
        assert [one["action"] for one in before["custody"]] == [
            "evidence.viewed", "evidence.superseded", "evidence.linked", "evidence.captured",
        ]  # fmt: skip
        assert refused(supersede(ana, piece)) == {
            "refused": [f"{piece.public_id} was superseded: go on with {told['id']}."]
        }
        none = supersede(ana, Evidence.objects.get(replaces=piece), controls="").json()
        assert none["shows"] == []


def test_a_new_version_needs_a_file_that_is_taken(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        piece, ana = added(world), log_in(world.ana)
        without = ana.post(f"{API}{piece.public_id}/supersede/", period())
        assert refused(without) == {"file": ["No file was submitted."]}
        wrong = supersede(ana, piece, file=files.brought("setup.exe", files.WINDOWS))
        assert "Files with .exe are not taken" in refused(wrong)["file"][0]
        with override_settings(EVIDENCE_MOST_MB=1):
            large = supersede(ana, piece, file=files.brought("a.pdf", files.PDF + bytes(2 * 2**20)))
        assert refused(large) == {"file": ["The file is larger than 1 MB."]}
        assert supersede(log_in(world.dee), piece).status_code == 404
        assert supersede(log_in(world.eva), piece).status_code == 403
    assert Evidence.objects.count() == 1


def test_nothing_is_added_for_what_is_retired(world: World, log_in: LogIn) -> None:
    retired: Control = ControlFactory(
        solution=world.payments, retired_at=LONG_AGO, retired_by="P-1", retired_because="x"
    )
    whole = {"file": files.brought("review.pdf", files.PDF), "kind": "document", "title": "x", **period()}
    with at("2026-04-02"):
        said = {**whole, "solution": world.payments.public_id, "controls": [retired.public_id]}
        answer = log_in(world.ana).post(f"{API}add/", said)
        assert refused(answer) == {"controls": ["One of these controls is retired, or not yours to see."]}
        world.payments.retired_at = LONG_AGO
        world.payments.save()
        said = {**whole, "file": files.brought("a.pdf", files.PDF), "solution": world.payments.public_id}
        answer = log_in(world.ana).post(f"{API}add/", said)
    assert refused(answer) == {"solution": ["That solution is retired, or not yours. Choose one of yours."]}


def test_what_a_piece_shows_is_said_and_taken_back(world: World, log_in: LogIn) -> None:
    piece, ana, other = added(world), log_in(world.ana), ControlFactory(name="Keys turn", solution=world.payments)
    one = f"evidence/{piece.public_id}/"
    told = post(ana, f"{one}link/", control=other.public_id, because="Rows 3 to 9").json()
    assert [(link["control"]["name"], link["because"]) for link in told["shows"]] == [
        ("Access is reviewed", ""), ("Keys turn", "Rows 3 to 9"),
    ]  # fmt: skip
    assert refused(post(ana, f"{one}link/", control=other.public_id)) == {
        "control": ["It is said already that it shows something of “Keys turn”."]
    }
    ended = post(ana, f"{one}links/{other.public_id}/end/", because="Of last year").json()
    assert [link["control"]["name"] for link in ended["shows"]] == ["Access is reviewed"]
    assert post(ana, f"{one}links/{other.public_id}/end/", because="Again").status_code == 404
    assert refused(post(ana, f"{one}links/{world.control.public_id}/end/")) == {"because": ["This field is required."]}
    foreign = ControlFactory(solution=SolutionFactory())
    assert post(ana, f"{one}link/", control=foreign.public_id).status_code == 404
    assert post(log_in(world.dee), f"{one}link/", control=other.public_id).status_code == 404


def test_holds_are_set_listed_and_released(world: World, log_in: LogIn) -> None:
    piece, ines, theo = added(world), log_in(world.ines), log_in(world.theo)
    made = post(ines, f"evidence/{piece.public_id}/hold/", because="A claim is pending")
    hold = made.json()
    assert (made.status_code, hold["evidence"], hold["solution"], hold["set_by"]["name"], hold["released_at"]) == (
        201, piece.public_id, None, "Ines", None,
    )  # fmt: skip
    whole = post(theo, "evidence/holds/add/", because="An inquiry", solution=world.payments.public_id).json()
    assert ines.get(f"{API}{piece.public_id}/").json()["holds"] == [hold["id"], whole["id"]]
    released = post(theo, f"evidence/holds/{hold['id']}/release/", because="Settled").json()
    assert (released["released_by"]["name"], released["released_because"]) == ("Theo", "Settled")
    assert refused(post(theo, f"evidence/holds/{hold['id']}/release/", because="Again")) == {
        "refused": [f"{hold['id']} was released already."]
    }
    assert ines.get(f"{API}holds/").json()["results"] == [whole, released]
    assert post(log_in(world.ana), "evidence/holds/add/", because="x").status_code == 403
    assert LegalHold.objects.count() == 2


def test_a_reader_of_the_past_sees_holds_as_they_were(world: World, log_in: LogIn) -> None:
    with at("2026-03-01"):
        hold = LegalHoldFactory(evidence=None, solution=world.payments)
    with at("2026-03-09"):
        post(log_in(world.ines), f"evidence/holds/{hold.public_id}/release/", because="Settled")
        then = log_in(world.ines).get(f"{API}holds/?as_of=2026-03-05").json()["results"]
        assert [(one["released_at"], one["released_because"]) for one in then] == [(None, "")]
        assert log_in(world.ines).get(f"{API}holds/?as_of=2026-02-05").json()["results"] == []


def test_no_token_holds_anything(world: World) -> None:
    program = Program(world.ines, writes=True)
    assert post(program, "evidence/holds/add/", because="x").status_code == 403
    assert not LegalHold.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_holds_cost_the_same_for_any_number(log_in: LogIn, count: int, django_assert_num_queries: Any) -> None:
    LegalHoldFactory.create_batch(count)
    browser = log_in(UserFactory(third_line=True))
    browser.get(f"{API}holds/")
    with django_assert_num_queries(4):
        assert len(browser.get(f"{API}holds/").json()["results"]) == count
