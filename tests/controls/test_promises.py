"""A check's page, and a finding's, tell which promises the check keeps, the engineer's words first for engineers."""

from __future__ import annotations

from typing import Any

import pytest

from controls.models import Mapping
from findings.models import Check
from tests.clock import at
from tests.conftest import LogIn
from tests.controls.test_mapping_pages import decide, moment
from tests.factories import GrantFactory, SolutionFactory
from tests.factories.controls import (
    CheckReferenceFactory,
    ControlCheckFactory,
    ControlFactory,
    ControlMappingFactory,
    EditionFactory,
    FrameworkVersionFactory,
    MappingFactory,
)
from tests.factories.findings import CheckFactory, FindingFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


def page_of(check: Check) -> str:
    return f"/findings/checks/{check.public_id}/"


def told(answer: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Framework → its requirements with the type and state of the mapping, and the control between them."""
    (panel,) = [one.content for one in answer.context["panels"] if one.template == "controls/_promises.html"]
    return {
        group.name: [
            (one.row.asks.name, f"{one.row.relation}, {one.row.state}", one.through.name if one.through else "")
            for one in group.promises
        ]
        for group in panel.frameworks
    } | {"": [(one.row.asks.name, f"{one.row.relation}, {one.row.state}", "") for one in panel.controls]}


@pytest.fixture
def check(db: None) -> Check:
    """S3.8: proposed for one requirement, approved for another, and shown through a control for a third."""
    check = CheckFactory(source="security_hub", key="S3.8", config_rule="S3_PUBLIC")
    named = CheckReferenceFactory(source="security_hub", key="S3.8", config_rule="S3_PUBLIC")
    rule = CheckReferenceFactory(source="config", key="S3_PUBLIC")
    nist = FrameworkVersionFactory(framework__name="NIST")
    nzism = FrameworkVersionFactory(framework__name="NZISM")
    MappingFactory(edition=EditionFactory(key="AC-3", version=nist), check_named=named)
    MappingFactory(edition=EditionFactory(key="AC-4", version=nist), check_named=rule, approved=True)
    control = ControlFactory(name="Storage is closed")
    ControlCheckFactory(control=control, check_named=named, approved=True)
    ControlMappingFactory(
        edition=EditionFactory(key="1847", version=nzism), control=control, approved=True, relation="subset"
    )
    return check


def test_a_check_lists_the_controls_and_requirements_that_it_shows(log_in: LogIn, check: Check) -> None:
    answer = log_in(third_line=True).get(page_of(check))
    assert told(answer) == {
        "NIST": [("AC-3", "intersects, proposed", ""), ("AC-4", "intersects, approved", "")],
        "NZISM": [("1847", "subset, approved", "Storage is closed")],
        "": [("Storage is closed", "equal, approved", "")],
    }
    said = words(answer)
    assert "By approved mappings it shows something of 2 requirements." in said
    assert said.index("NIST") < said.index("Our own controls")


def test_the_first_line_reads_what_it_owes_first(log_in: LogIn, check: Check) -> None:
    said = words(log_in(first_line=True).get(page_of(check)))
    assert "When it fails, 2 requirements that we are held to are at stake." in said
    assert said.index("Our own controls") < said.index("NZISM")


def test_a_finding_tells_it_too(log_in: LogIn, check: Check) -> None:
    ana, solution = log_in(first_line=True), SolutionFactory()
    GrantFactory(person=ana.person, solution=solution)
    finding = FindingFactory(check_ran=check, solutions=[solution])
    assert "Which promises it keeps" in words(ana.get(f"/findings/{finding.public_id}/"))


def test_a_control_of_others_is_no_promise_of_ours(log_in: LogIn, check: Check) -> None:
    theirs = ControlFactory(solution=SolutionFactory(), name="Of others")
    ControlCheckFactory(control=theirs, check_named=CheckReferenceFactory(key="S3_PUBLIC_TOO"), approved=True)
    named = Mapping.objects.of_controls().first()
    assert named
    ControlCheckFactory(control=theirs, check_named=named.check_named, approved=True)
    assert "Of others" not in words(log_in(first_line=True).get(page_of(check)))
    assert "Of others" in words(log_in(second_line=True).get(page_of(check)))


def test_as_of_a_day_it_is_what_was_promised_then(log_in: LogIn) -> None:
    sam = log_in(second_line=True)
    check = CheckFactory(source="config", key="ONE", config_rule="ONE")
    with at("2026-03-01"):
        mapping = MappingFactory(check_named=CheckReferenceFactory(key="ONE"), proposed_at=moment("2026-03-01"))
        name = mapping.requirement.framework.name
    with at("2026-03-05"):
        decide(sam, "approve", mapping)
    with at("2026-03-10"):
        states = [told(sam.get(f"{page_of(check)}?as_of={day}")) for day in ("2026-02-01", "2026-03-03", "2026-03-07")]
    key = mapping.requirement.key
    assert [one.get(name) for one in states] == [
        None, [(key, "intersects, proposed", "")], [(key, "intersects, approved", "")],
    ]  # fmt: skip


def test_a_check_that_no_mapping_names_says_so(log_in: LogIn) -> None:
    answer = log_in(first_line=True).get(page_of(CheckFactory()))
    assert "No mapping names this check" in words(answer)


@pytest.mark.parametrize("count", [1, 3])
def test_the_panel_costs_the_same_for_any_number_of_promises(
    log_in: LogIn, count: int, django_assert_max_num_queries: Any
) -> None:
    browser, named = log_in(second_line=True), CheckReferenceFactory(key="ONE")
    check = CheckFactory(source="config", key="ONE", config_rule="ONE")
    for _ in range(count):
        MappingFactory(check_named=named, approved=True)
        ControlMappingFactory(control=ControlCheckFactory(check_named=named, approved=True).control, approved=True)
    browser.get(page_of(check))
    with django_assert_max_num_queries(36):
        assert browser.get(page_of(check)).status_code == 200
