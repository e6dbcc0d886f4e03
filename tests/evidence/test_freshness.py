"""How fresh a control's evidence is: fresh until its period's end and what its frequency lasts, stale afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from evidence import changing
from evidence.freshness import freshness, freshness_by_place, freshness_there
from evidence.models import Evidence
from evidence.uploading import supersede
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence import files
from tests.evidence.people import World, a_world, added
from tests.factories import SolutionFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.mark.parametrize(
    ("frequency", "fresh", "stale"),
    [
        ("daily", "2026-04-01", "2026-04-03"),
        ("monthly", "2026-05-01", "2026-05-03"),
        ("yearly", "2027-04-01", "2027-04-03"),
    ],
)
def test_it_lasts_as_long_as_a_test_of_the_control(frequency: str, fresh: str, stale: str) -> None:
    control = ControlFactory(manual=True, frequency=frequency)
    with at("2026-04-01"):
        EvidenceFactory(shows=[control])
    for day, state in ((fresh, "fresh"), (stale, "stale")):
        with at(day):
            assert freshness([control], clock.now())[control.pk].state == state


def test_a_control_without_evidence_has_none_and_not_a_fail() -> None:
    control = ControlFactory(manual=True)
    found = freshness([control], clock.now())[control.pk]
    assert (found.state, found.evidence, found.fresh_until) == ("none", None, None)


def test_the_piece_that_speaks_of_the_latest_time_counts_and_only_while_it_stands(world: World) -> None:
    with at("2026-04-01"):
        old = added(
            world, effective_to=clock.now() - timedelta(days=20), effective_from=clock.now() - timedelta(days=50)
        )
        new = added(world)
        assert freshness([world.control], clock.now())[world.control.pk].evidence == new
    with at("2026-04-02"):
        changing.withdraw(new, because="Wrong", by=world.ana)
    with at("2026-04-03"):
        assert freshness([world.control], clock.now())[world.control.pk].evidence == old
        said = {"effective_from": old.effective_from, "effective_to": old.effective_to}
        newer = supersede(old, files.brought("b.pdf", files.PDF), by=world.ana, **said)
        assert freshness([world.control], clock.now())[world.control.pk].evidence == newer
        assert freshness([world.control], clock.now() - timedelta(days=1, hours=12))[world.control.pk].evidence == new


def test_what_was_taken_off_shows_nothing_any_more(world: World) -> None:
    found = added(world)
    changing.unlink(found.links.get(), because="It is about joiners", by=world.ana)
    assert freshness([world.control], clock.now())[world.control.pk].state == "none"


def test_each_solution_has_its_own_and_may_rely_on_the_organisations(world: World) -> None:
    with at("2026-01-01"):
        own = EvidenceFactory(solution=world.payments, shows=[world.control])
    with at("2026-06-01"):
        common = EvidenceFactory(solution=None, shows=[world.control])
        elsewhere = SolutionFactory()
        found = freshness_by_place([world.control], clock.now())
        assert {place: (told.state, told.evidence) for place, told in found.items()} == {
            (world.control.pk, world.payments.pk): ("stale", own),
            (world.control.pk, None): ("fresh", common),
        }
        for solution in (world.payments, elsewhere):
            assert freshness_there(found, world.control, solution).evidence == common


def test_the_control_says_so_with_a_door_to_the_list_and_a_way_to_add(world: World, log_in: LogIn) -> None:
    with at("2026-01-01"):
        added(world)
    with at("2026-06-01"):
        browser = log_in(world.ana)
        page = browser.get(f"/controls/{world.control.public_id}/")
        assert "Evidence 1 stale" in words(page)
        assert "Payments Access review" in words(page)
        assert "since 3 Apr 2026 : not assessed" in words(page)
        html = page.content.decode()
        assert f'href="/evidence/?control={world.control.public_id}"' in html
        assert f'href="/evidence/add/?control={world.control.public_id}"' in html
        listed = browser.get(f"/evidence/?control={world.control.public_id}")
    assert title(listed).startswith("1 piece of evidence for Access is reviewed")
    assert [row["evidence"].title for row in listed.context["rows"]] == ["Access review"]


def test_what_a_reader_may_not_see_makes_nothing_fresh_for_them(world: World, log_in: LogIn) -> None:
    added(world, confidentiality="restricted")
    page = f"/controls/{world.control.public_id}/"
    assert "No evidence yet that you may see" in words(log_in(world.cleo).get(page))
    assert "Payments Access review" in words(log_in(world.theo).get(page))


def test_the_solution_lists_its_controls_what_is_stale_first(world: World, log_in: LogIn) -> None:
    daily = ControlFactory(name="Backups are read", manual=True, frequency="daily")
    with at("2026-04-01"):
        added(world)
        added(world, title="Backup of today", controls=[daily])
    with at("2026-04-10"):
        page = log_in(world.cleo).get(f"/organisation/solutions/{world.payments.public_id}/")
    told = words(page)
    assert told.index("Backups are read") < told.index("Access is reviewed")
    assert f"/evidence/?solution={world.payments.public_id}" in page.content.decode()


def test_nothing_is_added_in_the_past(world: World, log_in: LogIn) -> None:
    added(world)
    page = log_in(world.ana).get(f"/controls/{world.control.public_id}/?as_of=2099-01-01")
    assert "Add evidence" not in words(page)


@pytest.mark.parametrize("count", [1, 3])
def test_it_is_one_query_for_any_number_of_controls(count: int, django_assert_num_queries: Any) -> None:
    controls = ControlFactory.create_batch(count, manual=True)
    for _ in range(count):
        EvidenceFactory(shows=controls)
    with django_assert_num_queries(1):
        found = freshness(controls, clock.now(), Evidence.objects.all())
    assert {told.state for told in found.values()} == {"fresh"}
