"""What is kept, for how long, and what a legal hold changes of it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction

from audit import clock
from audit.models import TrailEntry
from evidence import holding, retention
from evidence.capturing import storage
from evidence.models import Evidence, LegalHold
from evidence.tasks import look_after_locker
from risks.refusals import Refused
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence.people import World, a_world, added, chain
from tests.factories import SolutionFactory
from tests.factories.evidence import EvidenceFactory, LegalHoldFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def written(name: str, ago: timedelta) -> str:
    """A file of the store, as old as that."""
    kept = storage().save(name, ContentFile(b"x"))
    path = Path(storage().path(kept))
    then = (clock.of_this_machine() - ago).timestamp()
    os.utime(path, (then, then))
    return kept


def test_a_file_is_destroyed_when_its_time_is_over_and_the_row_stays(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with at("2026-04-01"):
        found = added(world)
    with at("2033-03-31"):
        assert retention.destroy_due(clock.now()) == 0
    with at("2033-04-02"), django_capture_on_commit_callbacks(execute=True):
        assert retention.destroy_due(clock.now()) == 1
        assert retention.destroy_due(clock.now()) == 0
        now = clock.now()
    found.refresh_from_db()
    assert found.destroyed_at == now
    assert not storage().exists(found.stored_as)
    assert chain(found)[-1] == ("evidence", "evidence.destroyed")


def test_what_is_destroyed_says_so_and_has_no_file(
    world: World, log_in: LogIn, django_capture_on_commit_callbacks: Any
) -> None:
    with at("2026-04-01"):
        found = added(world)
    with at("2033-04-02"):
        with django_capture_on_commit_callbacks(execute=True):
            look_after_locker()
        browser = log_in(world.ines)
        assert title(browser.get(f"/evidence/{found.public_id}/")) == "Access review: file destroyed"
        answer = browser.get(f"/evidence/{found.public_id}/file/", follow=True)
    assert "The file was destroyed when its time was over" in words(answer)


@pytest.mark.parametrize("on", ["piece", "solution", "everything"])
def test_a_hold_keeps_what_it_covers_until_it_is_released(
    world: World, on: str, django_capture_on_commit_callbacks: Any
) -> None:
    with at("2026-04-01"):
        found = added(world)
    about = {"piece": {"evidence": found}, "solution": {"solution": world.payments}, "everything": {}}[on]
    with at("2033-01-01"):
        made = holding.hold(because="A claim is pending", by=world.theo, **about)  # type: ignore[arg-type]
    with at("2033-06-01"):
        assert retention.destroy_due(clock.now()) == 0
        holding.release(made, because="The claim is settled", by=world.ines)
    with at("2033-06-02"), django_capture_on_commit_callbacks(execute=True):
        assert retention.destroy_due(clock.now()) == 1
    assert not storage().exists(found.stored_as)


def test_a_hold_on_another_solution_keeps_nothing_here(world: World) -> None:
    with at("2026-04-01"):
        added(world)
    with at("2033-06-01"):
        holding.hold(because="A claim is pending", by=world.theo, solution=SolutionFactory())
        assert retention.destroy_due(clock.now()) == 1


def test_a_file_without_a_row_is_swept_after_a_day(world: World) -> None:
    found = added(world)
    old = written("2026/03/" + "a" * 32, timedelta(days=2))
    young = written("2026/03/" + "b" * 32, timedelta(hours=2))
    head = written("trail-heads/2026/head.json", timedelta(days=900))
    pack = written("packs/PK-1/pack.zip", timedelta(days=900))
    assert retention.sweep(clock.now()) == [old]
    assert [storage().exists(one) for one in (old, young, head, pack, found.stored_as)] == [
        False, True, True, True, True,
    ]  # fmt: skip
    entry = TrailEntry.objects.get(action="locker.swept")
    assert entry.detail == {"files": 1, "names": [old]}


def test_a_destroyed_file_that_a_crash_left_is_swept(world: World) -> None:
    with at("2026-04-01"):
        found = added(world)
    with at("2033-06-01"):
        retention.destroy_due(clock.now())
        assert storage().exists(found.stored_as)
        assert retention.sweep(clock.now()) == [found.stored_as]


def test_a_transaction_that_is_undone_leaves_a_file_for_the_sweep(world: World) -> None:
    with transaction.atomic():
        name = added(world).stored_as
        transaction.set_rollback(True)
    assert storage().exists(name)
    then = (clock.of_this_machine() - timedelta(days=2)).timestamp()
    os.utime(storage().path(name), (then, then))
    assert retention.sweep(clock.now()) == [name]


def test_holds_are_set_and_released_on_their_page(world: World, log_in: LogIn) -> None:
    with at("2026-04-01"):
        added(world)
        EvidenceFactory()
        browser = log_in(world.theo)
        assert title(browser.get("/evidence/holds/")) == "No legal hold in force"
        assert browser.post("/evidence/holds/add/", {"because": "", "solution": ""}).status_code == 422
        browser.post("/evidence/holds/add/", {"because": "A claim is pending", "solution": world.payments.pk})
        page = browser.get("/evidence/holds/")
        assert title(page) == "1 legal hold in force: 1 piece covered"
        assert "all of Payments" in words(page)
        made = LegalHold.objects.get()
        listed = browser.get("/evidence/?state=held")
        assert [row["evidence"].title for row in listed.context["rows"]] == ["Access review"]
        browser.post(f"/evidence/holds/{made.public_id}/release/", {"because": "The claim is settled"})
        assert title(browser.get("/evidence/holds/")) == "No legal hold in force"
    made.refresh_from_db()
    assert (made.released_by, made.released_because) == (world.theo, "The claim is settled")
    actions = TrailEntry.objects.about("legalhold", made.public_id).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["legal_hold.set", "legal_hold.released"]


def test_one_piece_is_held_on_its_own_page(world: World, log_in: LogIn) -> None:
    found = added(world)
    browser = log_in(world.ines)
    browser.post(f"/evidence/{found.public_id}/hold/", {"because": "A claim is pending"})
    assert LegalHold.objects.get().evidence == found
    assert "set by Ines" in words(browser.get(f"/evidence/{found.public_id}/"))
    assert log_in(world.ana).post(f"/evidence/{found.public_id}/hold/", {"because": "x"}).status_code == 403


def test_a_hold_is_released_once(world: World) -> None:
    made = LegalHoldFactory()
    holding.release(made, because="Settled", by=world.ines)
    with pytest.raises(Refused, match="was released already"):
        holding.release(made, because="Settled again", by=world.ines)


def test_the_first_line_holds_nothing(world: World) -> None:
    with pytest.raises(Refused, match="second and third line"):
        holding.hold(because="Mine", by=world.ana, solution=world.payments)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_holds_costs_the_same_for_any_number(
    world: World, log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    LegalHoldFactory.create_batch(count)
    browser = log_in(world.ines)
    with django_assert_num_queries(9):
        browser.get("/evidence/holds/")


def test_retention_asks_each_time_again_whatever_else_happened(world: World) -> None:
    """A hold that is set between the list and the act is seen by the act."""
    with at("2026-04-01"):
        found = added(world)
    with at("2033-06-01"):
        LegalHoldFactory(evidence=found)
        assert retention._destroyed(found.pk, clock.now()) is False
    assert Evidence.objects.get().destroyed_at is None
