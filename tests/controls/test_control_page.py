"""One control in two languages: what each line reads first, and that every number opens what it counts."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from controls.glossary import TERMS
from controls.models import Control, Mapping
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.queries import queries
from tests.controls.standings import a_check, find, inherits, promised_by, satisfied_by
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, EditionFactory, PackRuleFactory, VerdictFactory
from tests.factories.findings import CheckFactory
from tests.findings_pages.reading_pages import listed, title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments")


@pytest.fixture
def control(payments: Solution) -> Control:
    """Automated, of Payments; IAM.1 fails on two resources of five, one of them suppressed; serves NZISM 16.1.37."""
    found = ControlFactory(name="Least privilege", solution=payments, owner__name="Ana")
    find(check := CheckFactory(key="IAM.1", config_rule="NO_ADMIN"), payments, failed=1, suppressed=1, passed=3)
    find(check, SolutionFactory(), failed=7)
    satisfied_by(found, check)
    edition = EditionFactory(version__framework__name="NZISM", key="16.1.37", title="Privileged access")
    promised_by(edition, found)
    return found


def page_of(control: Control, query: str = "") -> str:
    return f"/controls/{control.public_id}/{query}"


def side(answer: Any, name: str) -> str:
    """The text of one side of the page: fix or show."""
    found = re.search(rf'<section class="side" id="{name}".*?</section>', answer.content.decode(), re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def test_the_two_sides_say_the_same_fact_in_two_languages(second_line: LoggedIn, control: Control) -> None:
    PackRuleFactory(version__pack__name="NZISM pack", identifier="NO_ADMIN", inputs={"age": "90"})
    page = second_line.get(page_of(control))
    assert title(page) == "Least privilege: fails in part"
    assert title(second_line.get(page_of(control, "?as_of=2025-01-01"))) == "Least privilege: fails in part"
    engineer, auditor = side(page, "fix"), side(page, "show")
    for told in ("IAM.1", "2 of 5 fail", "Resource types AWS::S3::Bucket", "age = 90 NZISM pack", "AWS CLI"):
        assert told in engineer
    for told in (control.objective, "NZISM 16.1.37", "One check asks every resource", "Ana · operated by Payments"):
        assert told in auditor
    assert "since 1 Jan 2020 · no conclusion yet · Ana · continuous · automated" in words(page)


def test_every_number_of_the_engineers_side_opens_what_it_counts(log_in: LogIn, control: Control) -> None:
    browser = log_in(UserFactory(first_line=True, owns=[control.solution]))
    text = browser.get(page_of(control)).content.decode()
    doors = dict(re.findall(r'<a href="(/findings/\?[^"]*)">(?:<svg[^>]*>.*?</svg> )?(\d+) (?:of \d+ fail|in )', text))
    doors |= dict(re.findall(r'<a href="(/findings/\?[^"]*suppressed=yes[^"]*)">(\d+)', text))
    assert sorted(doors.values()) == ["1", "2", "2"]
    assert [str(len(listed(browser.get(unescape(url))))) for url in doors] == list(doors.values())


@pytest.mark.parametrize(
    ("line", "order"),
    [("first_line", ["fix", "show"]), ("second_line", ["show", "fix"]), ("third_line", ["show", "fix"])],
)
def test_the_readers_line_decides_which_side_comes_first(
    log_in: LogIn, control: Control, line: str, order: list[str]
) -> None:
    told = {"owns": [control.solution]} if line == "first_line" else {}
    page = log_in(UserFactory(**{line: True}, **told)).get(page_of(control))
    assert re.findall(r'<section class="side" id="(\w+)"', page.content.decode()) == order


def test_a_word_of_the_other_line_explains_itself(third_line: LoggedIn, control: Control) -> None:
    text = third_line.get(page_of(control)).content.decode()
    assert all(
        f'tabindex="0" data-tip="{tip}"' in text for tip in re.findall(r'class="term"[^>]*data-tip="([^"]*)"', text)
    )
    told = {unescape(tip) for tip in re.findall(r'aria-description="([^"]*)"', text)}
    assert told <= {str(meaning) for meaning in TERMS.values()}
    assert {str(TERMS[word]) for word in ("Config rule", "check", "objective", "population", "coverage")} <= told


def test_an_heir_reads_where_it_stands_and_not_what_the_other_solution_has(log_in: LogIn, control: Control) -> None:
    ledger = SolutionFactory(name="Ledger")
    Control.objects.update(is_common=True)
    VerdictFactory(control=control, solution=control.solution, result="failing", because="Mallory's secret role")
    inherits(ledger, control)
    inherits(SolutionFactory(name="Third"), control)
    browser = log_in(UserFactory(first_line=True, owns=[ledger]))
    page = browser.get(page_of(control))
    assert title(page) == "Least privilege: fails in part"
    text = words(page)
    assert "inherited from Payments" in text
    assert "Payments operates it. What its resources show is not yours to see" in text
    assert "1 solution that you do not see" in text
    for hidden in ("Mallory", "of 5", "Third"):
        assert hidden not in text
    assert "Ledger" in text


def test_a_control_of_another_solution_says_so_and_stands_where_it_stands(
    second_line: LoggedIn, control: Control
) -> None:
    ledger = SolutionFactory(name="Ledger")
    page = second_line.get(page_of(control, f"?solution={ledger.public_id}"))
    assert title(page) == "Least privilege: fails in part"
    assert "it does not concern Ledger" in words(page)
    assert "2 of 5 fail" in side(page, "fix")


def test_a_solution_says_which_controls_it_has_and_inherits(log_in: LogIn, control: Control) -> None:
    ledger = SolutionFactory(name="Ledger")
    inherits(ledger, control)
    ControlFactory(name="Ledger's own", solution=ledger)
    ControlFactory(name="Everybody's")
    text = words(
        log_in(UserFactory(first_line=True, owns=[ledger])).get(f"/organisation/solutions/{ledger.public_id}/")
    )
    assert "Ledger's own operated here" in text
    assert "Least privilege inherited from Payments since 1 Jan 2020" in text
    assert "and 1 that every solution has" in text
    administrators = log_in(administrator=True).get(f"/organisation/solutions/{ledger.public_id}/")
    assert "Ledger's own" not in words(administrators)


def test_a_manual_control_says_how_it_is_tested_and_what_stands(second_line: LoggedIn) -> None:
    control = ControlFactory(name="Restores", manual=True, procedure="Restore one.", evidence="The log.")
    with at("2026-03-01"):
        verdict = VerdictFactory(control=control, what="Restored one.", because="Counts agree.")
        page = second_line.get(page_of(control))
        assert title(page) == "Restores: passes"
        told = side(page, "show")
        assert "Restore one." in told
        assert f"The log. Passing Manual test {verdict.public_id} , fresh until 1 Mar 2027" in told
        assert "No check shows it" in side(page, "fix")
    with at("2027-04-01"):
        second_line.force_login(second_line.person)
        page = second_line.get(page_of(control))
        assert title(page) == "Restores: not observed"
        assert "No test or attestation is fresh ." in side(page, "show")
        assert "stale since 1 Mar 2027 : counts as not observed" in words(page)
        assert "test overdue since 1 Mar 2027" in words(page)
        assert title(second_line.get(page_of(control, "?as_of=2026-06-01"))) == "Restores: passes"


def test_nothing_is_said_of_a_control_that_nothing_shows(second_line: LoggedIn) -> None:
    page = second_line.get(page_of(ControlFactory(name="Idle")))
    assert title(page) == "Idle: nothing shows it yet"
    assert "no approved mapping names a check" in side(page, "fix")
    assert "None by an approved mapping." in side(page, "show")


def test_a_proposed_mapping_shows_nothing_yet(second_line: LoggedIn) -> None:
    control = ControlFactory(name="Idle")
    mapping: Mapping = satisfied_by(control, a_check(failed=1))
    Mapping.objects.filter(pk=mapping.pk).update(state="proposed", approved_at=None, approved_by="")
    assert title(second_line.get(page_of(control))) == "Idle: nothing shows it yet"


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_checks_and_verdicts(
    second_line: LoggedIn, control: Control, count: int
) -> None:
    Control.objects.update(is_common=True)
    for _ in range(count):
        satisfied_by(control, check := CheckFactory())
        assert control.solution
        find(check, control.solution, failed=1)
        promised_by(EditionFactory(), control)
        VerdictFactory(control=control)
        inherits(SolutionFactory(), control)
    second_line.get(page_of(control))
    api = f"/api/v1/controls/{control.public_id}/"
    assert queries(second_line, page_of(control), api, f"{api}verdicts/") == [42, 16, 5]
