"""The list of evidence: what it says, narrows to, sorts by and sends as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from evidence import changing
from evidence.evidence_list import ORDERS
from evidence.models import Evidence
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.evidence.people import World, a_world, added
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, LegalHoldFactory, SnapshotFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
PAGE = "/evidence/"


@pytest.fixture
def world() -> World:
    return a_world()


def listed(browser: LoggedIn, query: str = "") -> list[str]:
    answer = browser.get(f"{PAGE}{query}")
    assert answer.status_code == 200, answer.content
    return [row["evidence"].title for row in answer.context["rows"]]


def several(world: World) -> None:
    """Two fresh ones, a stale one, one that shows nothing, one withdrawn and one superseded."""
    with at("2026-01-01"):
        EvidenceFactory(title="Stale", solution=world.payments, shows=[world.control])
        old = EvidenceFactory(title="Superseded", solution=world.payments, shows=[world.control])
    with at("2026-05-01"):
        EvidenceFactory(title="Fresh", solution=world.payments, captured_by=world.ana, shows=[world.control])
        EvidenceFactory(title="Newer", solution=world.payments, version=2, replaces=old, shows=[world.control])
        EvidenceFactory(title="Loose", solution=None, confidentiality="confidential", kind="report")
        wrong = EvidenceFactory(title="Withdrawn", solution=world.payments, captured_by=world.ana)
        changing.withdraw(wrong, because="Wrong", by=world.ana)


def test_its_title_is_the_answer_and_each_number_a_door(world: World, log_in: LogIn) -> None:
    several(world)
    with at("2026-05-02"):
        browser = log_in(world.ana)
        page = browser.get(PAGE)
        assert title(page) == "4 pieces of evidence stand: 2 fresh, 1 stale, 1 withdrawn"
        for state, titles in {
            "fresh": ["Newer", "Fresh"],
            "stale": ["Stale"],
            "withdrawn": ["Withdrawn"],
            "superseded": ["Superseded"],
            "loose": ["Loose"],
            "standing": ["Loose", "Newer", "Fresh", "Stale"],
        }.items():
            assert listed(browser, f"?state={state}") == titles
        assert 'href="?state=stale"' in page.content.decode()


def test_it_is_narrowed_by_what_the_address_says(world: World, log_in: LogIn) -> None:
    several(world)
    other = ControlFactory(name="Backups are read", manual=True)
    with at("2026-05-02"):
        piece = EvidenceFactory(title="Snapshot", solution=world.payments, shows=[other], captured_by=None)
        SnapshotFactory(evidence=piece)
        held = EvidenceFactory(title="Held", solution=world.payments)
        LegalHoldFactory(evidence=held)
        browser = log_in(world.ana)
        for query, titles in {
            f"?control={other.public_id}": ["Snapshot"],
            f"?solution={world.payments.public_id}&state=loose": ["Held"],
            "?solution=none": ["Loose"],
            "?kind=report": ["Loose"],
            "?confidentiality=confidential": ["Loose"],
            "?who=me": ["Withdrawn", "Fresh"],
            "?who=portal": ["Snapshot"],
            "?state=held": ["Held"],
            "?q=newe": ["Newer"],
            f"?q={held.public_id}": ["Held"],
            f"?q={held.sha256}&state=loose": ["Held", "Loose"],
        }.items():
            assert listed(browser, query) == titles, query


@pytest.mark.parametrize("query", ["?kind=x", "?state=x", "?control=CT-999999", "?cursor=x"])
def test_what_an_address_cannot_mean_is_refused(second_line: LoggedIn, query: str) -> None:
    assert second_line.get(f"{PAGE}{query}").status_code == 400


def test_a_solution_that_is_not_theirs_is_not_found(world: World, log_in: LogIn) -> None:
    assert log_in(world.dee).get(f"{PAGE}?solution={world.payments.public_id}").status_code == 404


def test_each_line_sees_its_own(world: World, log_in: LogIn) -> None:
    several(world)
    elsewhere = EvidenceFactory(title="Elsewhere")
    assert elsewhere.title not in listed(log_in(world.cleo))
    assert listed(log_in(world.dee)) == ["Loose"]
    assert "Loose" not in listed(log_in(world.eva))
    for person in (world.ines, world.theo):
        assert "Elsewhere" in listed(log_in(person))


def test_it_is_asked_of_any_moment(world: World, log_in: LogIn) -> None:
    several(world)
    with at("2026-06-01"):
        browser = log_in(world.ana)
        then = browser.get(f"{PAGE}?as_of=2026-02-01")
        assert title(then) == "2 pieces of evidence stand: 2 fresh"
        assert "Add evidence" not in words(then)
        assert title(browser.get(f"{PAGE}?as_of=2020-01-01")) == "No evidence"


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_each_order_is_paged_to_its_end(world: World, log_in: LogIn, order: str) -> None:
    EvidenceFactory.create_batch(60, solution=world.payments)
    browser = log_in(world.cleo)
    first = browser.get(f"{PAGE}?order={order}")
    cursor = first.context["page"].next_cursor
    rest = browser.get(PAGE, {"order": order, "cursor": cursor})
    keys = [row["evidence"].pk for answer in (first, rest) for row in answer.context["rows"]]
    assert keys == list(Evidence.objects.order_by(*ORDERS[order]).values_list("pk", flat=True))


def test_it_is_taken_away_as_a_file(world: World, log_in: LogIn) -> None:
    with at("2026-05-01"):
        found = added(world, note="Everybody")
        browser = log_in(world.cleo)
        answer = browser.get("/evidence/locker.csv?state=fresh")
        (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert browser.get("/evidence/locker.xlsx").status_code == 200
        assert browser.get("/evidence/locker.doc").status_code == 404
    assert {name: line[name] for name in ("Id", "Title", "State", "Shows something of", "SHA-256", "As of")} == {
        "Id": found.public_id,
        "Title": "Access review",
        "State": "Fresh",
        "Shows something of": "Access is reviewed",
        "SHA-256": found.sha256,
        "As of": "2026-05-01 12:00:00 UTC",
    }


def test_an_empty_list_says_why(world: World, log_in: LogIn) -> None:
    assert "The locker is empty" in words(log_in(world.ana).get(PAGE))
    assert "No evidence matches" in words(log_in(world.ana).get(f"{PAGE}?q=nothing"))


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number(
    world: World, log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    EvidenceFactory.create_batch(count, solution=world.payments, shows=ControlFactory.create_batch(count, manual=True))
    browser = log_in(world.cleo)
    with django_assert_num_queries(11):
        browser.get(PAGE)
