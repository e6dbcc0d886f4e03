"""Bringing evidence: what a person says of it, what is kept, and what is refused at which field."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import override_settings

from audit import clock
from audit.models import TrailEntry
from evidence.capturing import storage
from evidence.models import Evidence
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.evidence import files
from tests.evidence.people import World, a_world
from tests.factories import SolutionFactory
from tests.factories.controls import ControlFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
PAGE = "/evidence/add/"


@pytest.fixture
def world() -> World:
    return a_world()


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(map(str, said)) for name, said in answer.context["form"].errors.items()}


def test_a_piece_is_kept_as_it_came(world: World, log_in: LogIn) -> None:
    browser = log_in(world.ana)
    said = files.form(solution=world.payments.pk, controls=[world.control.pk])
    with at("2026-04-02"):
        answer = browser.post(PAGE, said)
        now = clock.now()
    made = Evidence.objects.get()
    assert answer["Location"] == f"/evidence/{made.public_id}/"
    assert (made.title, made.kind, made.captured_by, made.captured_at) == (
        "Access review, March", "document", world.ana, now,
    )  # fmt: skip
    assert (made.effective_from, made.effective_to) == (
        datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip
    assert (made.file_name, made.media_type, made.size) == ("review.pdf", "application/pdf", len(files.PDF))
    assert made.sha256 == hashlib.sha256(files.PDF).hexdigest()
    assert made.solution == world.payments
    with storage().open(made.stored_as) as file:
        assert file.read() == files.PDF
    assert [link.control for link in made.links.all()] == [world.control]
    actions = TrailEntry.objects.about("evidence", made.public_id).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["evidence.captured", "evidence.linked"]


def test_a_period_that_ends_today_ends_now(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        log_in(world.ana).post(PAGE, files.form(solution=world.payments.pk, effective_to="2026-04-02"))
        assert Evidence.objects.get().effective_to == clock.now()


def test_what_is_refused_stands_at_its_field_and_what_was_typed_stays(world: World, log_in: LogIn) -> None:
    browser = log_in(world.ana)
    answer = browser.post(PAGE, files.form(files.WINDOWS, "review.pdf", solution=world.payments.pk))
    assert list(errors(answer)) == ["file"]
    assert "Its content is a Windows program" in errors(answer)["file"][0]
    page = answer.content.decode()
    assert 'value="Access review, March"' in page
    assert "who confirmed it." in page
    assert 'value="2026-03-31"' in page
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"title": ""}, "title", "required"),
        ({"kind": "snapshot"}, "kind", "not one of the available choices"),
        ({"kind": "working_paper"}, "kind", "not one of the available choices"),
        ({"effective_to": "2026-02-01"}, "effective_to", "Its last day lies before its first"),
        ({"effective_to": "2099-01-01"}, "effective_to", "today at the latest"),
        ({"solution": ""}, "solution", "required"),
        ({"confidentiality": "secret"}, "confidentiality", "not one of the available choices"),
    ],
)
def test_each_error_stands_at_its_field(
    world: World, log_in: LogIn, said: dict[str, Any], field: str, told: str
) -> None:
    answer = log_in(world.ana).post(PAGE, files.form(**{"solution": world.payments.pk, **said}))
    assert list(errors(answer)) == [field]
    assert told in errors(answer)[field][0]


def test_nobody_adds_to_a_solution_or_control_that_is_not_theirs(world: World, log_in: LogIn) -> None:
    elsewhere = SolutionFactory()
    theirs = ControlFactory(solution=elsewhere, manual=True)
    answer = log_in(world.ana).post(PAGE, files.form(solution=elsewhere.pk, controls=[theirs.pk]))
    assert set(errors(answer)) == {"solution", "controls"}


def test_the_second_line_adds_for_the_organisation_and_an_auditor_a_working_paper(world: World, log_in: LogIn) -> None:
    log_in(world.ines).post(PAGE, files.form(solution=""))
    log_in(world.theo).post(PAGE, files.form(solution=world.payments.pk, kind="working_paper"))
    found = Evidence.objects.order_by("pk").values_list("captured_by__name", "solution__name", "kind")
    assert list(found) == [("Ines", None, "document"), ("Theo", "Payments", "working_paper")]


@override_settings(EVIDENCE_MOST_MB=1)
def test_a_file_that_is_too_large_does_not_arrive(world: World, log_in: LogIn) -> None:
    large = b"%PDF-1.7\n" + bytes(3 * 2**20)
    answer = log_in(world.ana).post(PAGE, files.form(large, solution=world.payments.pk))
    assert errors(answer) == {
        "file": ["The file is larger than 1 MB, which is the most. Split it, or keep an extract that shows the same."]
    }
    assert not Evidence.objects.exists()


@override_settings(EVIDENCE_MOST_MB=40)
def test_a_file_larger_than_any_import_is_streamed_into_the_locker(world: World, log_in: LogIn) -> None:
    large = b"%PDF-1.7\n" + bytes(33 * 2**20)
    log_in(world.ana).post(PAGE, files.form(large, solution=world.payments.pk))
    assert Evidence.objects.get().sha256 == hashlib.sha256(large).hexdigest()


def test_the_page_suggests_what_it_was_opened_for(world: World, log_in: LogIn) -> None:
    with at("2026-04-02"):
        answer = log_in(world.ana).get(f"{PAGE}?control={world.control.public_id}")
    form = answer.context["form"]
    assert title(answer) == "Add evidence"
    assert form["controls"].value() == [world.control.pk]
    assert form["solution"].value() == world.payments.pk
    assert form["effective_to"].value() == date(2026, 4, 2)
    assert "Access is reviewed" in words(answer)


def test_nobody_adds_in_the_past(world: World, log_in: LogIn) -> None:
    answer = log_in(world.ana).post(f"{PAGE}?as_of=2026-01-01", files.form(solution=world.payments.pk))
    assert answer["Location"] == "/evidence/"
    assert not Evidence.objects.exists()


def test_readers_from_outside_and_administrators_add_nothing(external: LoggedIn, administrator: LoggedIn) -> None:
    assert [one.post(PAGE, files.form()).status_code for one in (external, administrator)] == [403, 403]
