"""Mappings are proposed by whoever publishes them; the second line decides, and what was past stays as it was."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from django.test import RequestFactory

from audit import clock
from audit.keyset import page_of
from audit.models import TrailEntry
from controls.listing import Asked
from controls.mapping_listing import ordered
from controls.models import Mapping, MappingDecision
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.files import PACK
from tests.controls.test_import_pages import apply, uploaded
from tests.factories import GrantFactory, SolutionFactory
from tests.factories.controls import (
    CheckReferenceFactory,
    ControlCheckFactory,
    ControlFactory,
    ControlMappingFactory,
    EditionFactory,
    FrameworkFactory,
    FrameworkVersionFactory,
    MappingFactory,
    MappingSetFactory,
    PackFactory,
    PackRuleFactory,
    PackVersionFactory,
)
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
MAPPINGS = "/frameworks/mappings/"
PACKS = "/frameworks/packs/"
API = "/api/v1/mappings/"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def decide(browser: LoggedIn, action: str, *mappings: Mapping, because: str = "Agreed with the owners") -> Any:
    pick = [one.public_id for one in mappings]
    return browser.post(MAPPINGS, {"pick": pick, "action": action, "because": because}, follow=True)


def decide_on_all(browser: LoggedIn, query: str, action: str = "approve", **said: Any) -> Any:
    """As a person does who has just read what it would change."""
    page = f"{MAPPINGS}decide/{query}"
    seen = {"seen": browser.get(page).context["outlook"].seen}
    return browser.post(page, {"action": action, "because": "Agreed with the owners", **seen, **said}, follow=True)


def states(*mappings: Mapping) -> list[str]:
    return [Mapping.objects.get(pk=one.pk).state for one in mappings]


def shown(answer: Any) -> list[Mapping]:
    return [row.mapping for row in answer.context["rows"]]


def test_the_second_line_approves_the_chosen_ones_and_says_why(second_line: LoggedIn) -> None:
    first, second, third = MappingFactory.create_batch(3)
    answer = decide(second_line, "approve", first, second)
    assert "2 mappings are approved." in words(answer)
    assert states(first, second, third) == ["approved", "approved", "proposed"]
    approved = Mapping.objects.get(pk=first.pk)
    assert (approved.approved_by, approved.approved_because) == (
        second_line.person.public_id,
        "Agreed with the owners",
    )
    told = TrailEntry.objects.filter(action="mapping.approved").order_by("id")
    assert [one.detail["because"] for one in told] == ["Agreed with the owners"] * 2


def test_a_proposed_one_is_rejected_and_an_approved_one_withdrawn(second_line: LoggedIn) -> None:
    proposed, approved = MappingFactory(), MappingFactory(approved=True)
    decide(second_line, "end", proposed, approved)
    assert states(proposed, approved) == ["rejected", "withdrawn"]
    assert shown(second_line.get(MAPPINGS)) == []
    assert set(shown(second_line.get(f"{MAPPINGS}?state=ended"))) == {proposed, approved}


def test_nobody_approves_what_they_proposed(log_in: LogIn) -> None:
    author, other = log_in(second_line=True), log_in(second_line=True)
    FrameworkFactory(key="nzism", name="NZISM", key_word="CID")
    apply(author, uploaded(author, "Best-Practices.yaml", PACK.encode()))
    mine = list(Mapping.objects.all())
    answer = decide(author, "approve", *mine)
    assert "2 were left as they were." in words(answer)
    assert states(*mine) == ["proposed", "proposed"]
    decide(other, "approve", *mine)
    assert states(*mine) == ["approved", "approved"]


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_the_other_lines_read_and_do_not_decide(log_in: LogIn, line: str) -> None:
    mapping = MappingFactory()
    browser = log_in(**{line: True})
    assert shown(browser.get(MAPPINGS)) == [mapping]
    assert decide(browser, "approve", mapping).status_code == 403
    assert states(mapping) == ["proposed"]


@pytest.mark.parametrize(
    "posted",
    [
        {"action": "approve", "because": "Agreed"},
        {"action": "approve", "pick": ["MP-1"], "because": ""},
        {"action": "forget", "pick": ["MP-1"], "because": "Agreed"},
    ],
)
def test_a_decision_without_rows_or_reason_is_refused(second_line: LoggedIn, posted: dict[str, Any]) -> None:
    mapping = MappingFactory()
    assert second_line.post(MAPPINGS, posted).status_code == 422
    assert states(mapping) == ["proposed"]


def test_a_published_set_is_adopted_as_one_decision(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    published = MappingSetFactory(framework=version.framework)
    theirs = [MappingFactory(edition__version=version, mapping_set=published) for _ in range(2)]
    other = MappingFactory()
    page = second_line.get(f"{MAPPINGS}sets/{published.public_id}/adopt/", follow=True)
    assert title(page) == "Decide on all 2 mappings that match"
    assert "2 requirements get a check for the first time." in words(page)
    answer = decide_on_all(second_line, f"?set={published.public_id}&state=proposed", because="Agreed by the forum")
    assert title(answer) == f"{MappingDecision.objects.get().public_id} approved 2 mappings"
    assert states(*theirs, other) == ["approved", "approved", "proposed"]
    entry = TrailEntry.objects.get(action="mapping_decision.approved")
    assert (entry.detail["changed"], entry.detail["because"]) == (2, "Agreed by the forum")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"proposed", "approved"}),
        ("?state=proposed", {"proposed"}),
        ("?state=approved", {"approved"}),
        ("?state=ended", {"rejected"}),
        ("?relation=equal", {"approved"}),
        ("?q=s3_public", {"proposed"}),
        ("?q=AC-3", {"approved"}),
        ("?framework=nzism", {"approved"}),
        ("?framework=nzism&state=proposed", set()),
    ],
)
def test_the_list_is_narrowed_by_what_the_address_asks_for(
    second_line: LoggedIn, query: str, expected: set[str]
) -> None:
    MappingFactory(check_named=CheckReferenceFactory(key="S3_PUBLIC"))
    MappingFactory(
        edition__key="AC-3", edition__version__framework__key="nzism", relation=Mapping.Relation.EQUAL, approved=True
    )
    rejected = MappingFactory()
    decide(second_line, "end", rejected)
    answer = second_line.get(f"{MAPPINGS}{query}")
    assert {one.state for one in shown(answer)} == expected
    assert answer.context["total"] == len(expected)
    assert {one["state"] for one in second_line.get(f"{API}{query}").json()["results"]} == expected


@pytest.fixture
def every_pair(db: None) -> dict[str, Mapping]:
    check = CheckReferenceFactory(key="S3_PUBLIC")
    control = ControlFactory(name="Storage is closed")
    edition = EditionFactory(key="AC-3", version__framework__key="nist")
    other = EditionFactory(key="1847", label="16.1.37.C.01", version__framework__key="nzism").requirement
    return {
        "check": MappingFactory(edition=edition, check_named=check),
        "control": ControlMappingFactory(edition=edition, control=control),
        "control_check": ControlCheckFactory(control=control, check_named=check),
        "crosswalk": MappingFactory(edition=edition, check_named=None, mapping_set=None, other=other),
    }


def test_the_list_shows_all_four_pairs_by_their_ends(third_line: LoggedIn, every_pair: dict[str, Mapping]) -> None:
    control = every_pair["control"].control
    assert control
    answer = third_line.get(MAPPINGS)
    ends = {row.mapping.pair.value: (row.asks.name, row.shows.name, row.drift) for row in answer.context["rows"]}
    assert ends == {
        "check": ("AC-3", "S3_PUBLIC", []),
        "control": ("AC-3", "Storage is closed", []),
        "control_check": ("Storage is closed", "S3_PUBLIC", []),
        "crosswalk": ("AC-3", "16.1.37.C.01", []),
    }
    for pair, mapping in every_pair.items():
        assert shown(third_line.get(f"{MAPPINGS}?pair={pair}")) == [mapping]
        (told,) = third_line.get(f"{API}?pair={pair}").json()["results"]
        has = {name for name in ("requirement", "control", "check_key", "other") if told[name]}
        assert (told["id"], told["pair"], len(has)) == (mapping.public_id, pair, 2)
        one = third_line.get(f"{API}{mapping.public_id}/").json()
        assert one == told | {"effect": one["effect"]}
    both = {"control": {"control", "control_check"}, "other": {"crosswalk"}, "q": {"crosswalk"}}
    for name, value in (("control", control.public_id), ("other", "nzism"), ("q", "16.1.37")):
        found = third_line.get(f"{MAPPINGS}?{name}={value}")
        assert {one.pair.value for one in shown(found)} == both[name]


def test_the_list_is_a_file_too(third_line: LoggedIn, every_pair: dict[str, Mapping]) -> None:
    lines = list(csv.reader(third_line.get("/frameworks/mappings.csv").content.decode("utf-8-sig").splitlines()))
    head, *rows = lines
    assert {row[head.index("Id")] for row in rows} == {one.public_id for one in every_pair.values()}
    of_control = next(row for row in rows if row[1] == "Control and check")
    told = dict(zip(head, of_control, strict=True))
    assert (told["Requirement"], told["Control"], told["Check"]) == ("", "Storage is closed", "S3_PUBLIC")
    book = openpyxl.load_workbook(io.BytesIO(third_line.get("/frameworks/mappings.xlsx?pair=control").content))
    assert [sheet.max_row for sheet in book] == [6, 2]
    assert third_line.get("/frameworks/mappings.pdf").status_code == 400


@pytest.mark.parametrize("order", ["requirement", "check", "type", "proposed"])
def test_the_list_is_sorted_and_paged_by_what_the_address_says(
    third_line: LoggedIn, every_pair: dict[str, Mapping], order: str
) -> None:
    whole = shown(third_line.get(f"{MAPPINGS}?order={order}"))
    assert set(whole) == set(every_pair.values())
    assert shown(third_line.get(f"{MAPPINGS}?order=-{order}")) == whole[::-1]
    request = RequestFactory().get(MAPPINGS)
    asked = Asked.of(request.GET, {})
    rows, fields = ordered(Mapping.objects.all(), asked, order, clock.now())
    paged: list[Mapping] = []
    cursor = ""
    for _ in whole:
        page = page_of(rows, order=fields, cursor=cursor, size=1)
        paged, cursor = [*paged, *page.rows], page.next_cursor
    assert (paged, cursor) == (whole, "")


def test_what_has_to_do_with_a_control_of_others_is_not_shown(log_in: LogIn) -> None:
    theirs = ControlCheckFactory(control__solution=SolutionFactory())
    ana = log_in(first_line=True)
    assert shown(ana.get(MAPPINGS)) == []
    assert ana.get(f"{API}").json()["results"] == []
    assert ana.get(f"{MAPPINGS}{theirs.public_id}/").status_code == 404
    GrantFactory(person=ana.person, solution=theirs.control.solution)
    assert shown(ana.get(MAPPINGS)) == [theirs]


def test_a_value_that_is_not_known_is_refused(second_line: LoggedIn) -> None:
    for address in (MAPPINGS, API):
        assert second_line.get(f"{address}?relation=cousin").status_code == 400


def test_as_of_a_day_a_mapping_is_what_it_was_then(second_line: LoggedIn) -> None:
    with at("2026-03-01"):
        mapping = MappingFactory(proposed_at=moment("2026-03-01"))
    with at("2026-03-05"):
        decide(second_line, "approve", mapping)
    with at("2026-03-10"):
        decide(second_line, "end", mapping)
        for day, state in (("2026-02-01", None), ("2026-03-03", "proposed"), ("2026-03-07", "approved")):
            for asked in ("proposed", "approved"):
                rows = shown(second_line.get(f"{MAPPINGS}?as_of={day}&state={asked}"))
                assert rows == ([mapping] if state == asked else [])
        ended = second_line.get(f"/frameworks/requirements/{mapping.requirement.public_id}/")
        assert f"{mapping.check_named.key}: Withdrawn" in words(ended)


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    versions = PackVersionFactory.create_batch(count)
    MappingFactory.create_batch(count)
    PackRuleFactory.create_batch(count, version=versions[0])
    for page, most in ((MAPPINGS, 20), (API, 12), (PACKS, 9), (f"{PACKS}{versions[0].pack.public_id}/", 12)):
        second_line.get(page)
        with django_assert_max_num_queries(most):
            assert second_line.get(page).status_code == 200


def test_a_pack_lists_its_rules_and_who_answers_them(second_line: LoggedIn) -> None:
    FrameworkFactory(key="nzism", name="NZISM", key_word="CID")
    apply(second_line, uploaded(second_line, "Best-Practices.yaml", PACK.encode()))
    listed = second_line.get(PACKS)
    (row,) = listed.context["page"].rows
    assert (title(listed), row.n, row.process, row.naming) == ("1 conformance pack", 2, 1, 1)
    answer = second_line.get(f"{PACKS}{row.pack.public_id}/")
    said = words(answer)
    for part in ("AWS evaluates nothing", "AWS-PublishSNSNotification", "DeployEdgeRules", "if IsEdge", "1847"):
        assert part in said


def test_a_pack_names_the_requirements_that_it_serves(second_line: LoggedIn) -> None:
    edition = EditionFactory(key="1847", label="16.1.37.C.01")
    version = PackVersionFactory(framework=edition.version.framework)
    PackRuleFactory(version=version, controls=["1847", "9999"])
    answer = second_line.get(f"{PACKS}{version.pack.public_id}/")
    assert f"/frameworks/requirements/{edition.public_id}/" in answer.content.decode()
    assert "9999" in words(answer)


def test_as_of_a_day_a_pack_has_the_rules_of_then(second_line: LoggedIn) -> None:
    pack = PackFactory(name="Foundation")
    with at("2026-03-20"):
        old = PackVersionFactory(pack=pack, valid_to=moment("2026-03-10"))
        new = PackVersionFactory(pack=pack, valid_from=moment("2026-03-10"))
        PackRuleFactory.create_batch(2, version=old)
        PackRuleFactory(version=new)
        page = f"{PACKS}{pack.public_id}/"
        assert title(second_line.get(page)) == "Foundation: 1 rule"
        assert title(second_line.get(f"{page}?as_of=2026-03-05")) == "Foundation: 2 rules"
        assert "It was not imported yet at this moment" in words(second_line.get(f"{page}?as_of=2001-01-01"))
