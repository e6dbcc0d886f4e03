"""Security Hub's control status and score, held against a slow count of the same findings."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from findings.models import Check, FindingSpan, RecordState, Source, Status, Workflow
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_framework_pages import moment
from tests.factories import SolutionFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory
from tests.findings_pages.reading_pages import counted, title

pytestmark = pytest.mark.django_db
PAGE = "/frameworks/security-hub/"
FSBP = "standards/aws-foundational-security-best-practices/v/1.0.0"
PCI = "standards/pci-dss/v/4.0.1"


def control(key: str, *said: Any, standards: tuple[str, ...] = (FSBP,)) -> Check:
    """A control with a finding for each status, or for each dict of what the finding is."""
    check = CheckFactory(source=Source.SECURITY_HUB, key=key, standards=list(standards))
    for one in said:
        FindingFactory(check_ran=check, **(one if isinstance(one, dict) else {"status": one}))
    return check


def table(answer: Any) -> dict[str, tuple[Any, ...]]:
    """Standard → AWS's score, and its failed, unknown, passed controls and those without data."""
    return {one.id: (one.score, *(n for _, n in one.counts)) for one in answer.context["standards"]}


def slowly(standard: str) -> tuple[Any, ...]:
    """The same from the spans, a control at a time, as AWS's guide words it."""
    states: dict[str, int] = defaultdict(int)
    for check in Check.objects.filter(source="security_hub"):
        if standard not in check.standards and (standard or not check.standards):
            continue
        spans = FindingSpan.objects.filter(check_ran=check, valid_to=None)
        said = [one.status for one in spans if one.record_state == "ACTIVE" and one.workflow != "SUPPRESSED"]
        first = next((word for word in ("fail", "unknown", "pass") if word in said), "none")
        states[first] += 1
    of = states["fail"] + states["unknown"] + states["pass"]
    score = int(states["pass"] * 100 / of + 0.5) if of else None
    return score, states["fail"], states["unknown"], states["pass"], states["none"]


def test_the_score_is_the_one_of_the_console(second_line: LoggedIn) -> None:
    suppressed = {"status": Status.FAIL, "workflow": Workflow.SUPPRESSED}
    control("S3.1", Status.PASS, Status.PASS, Status.FAIL, standards=(FSBP, PCI))
    control("S3.2", Status.PASS, Status.UNKNOWN)
    control("S3.3", Status.PASS, suppressed, standards=(FSBP, PCI))
    control("S3.4", suppressed)
    control("S3.5")
    for key in ("S3.3", "S3.5"):
        archived = FindingFactory(check_ran=Check.objects.get(key=key))
        archived.spans.update(record_state=RecordState.ARCHIVED)
    control("S3.6", standards=(PCI,))
    control("S3.7", Status.FAIL, standards=())
    CheckFactory(source=Source.CONFIG, key="A_RULE")
    counted()
    answer = second_line.get(PAGE)
    assert table(answer) == {FSBP: (33, 1, 1, 1, 2), PCI: (50, 1, 0, 1, 1), "": (33, 1, 1, 1, 3)}
    assert table(answer) == {standard: slowly(standard) for standard in (FSBP, PCI, "")}
    assert title(answer) == "Security Hub: AWS's score is 33 %, 1 control fails"
    fsbp = next(one for one in answer.context["standards"] if one.id == FSBP)
    assert (fsbp.findings.passed, fsbp.findings.assessed, fsbp.findings.suppressed, fsbp.archived) == (4, 6, 2, 2)


@pytest.mark.parametrize(("passed", "of", "score"), [(1, 8, 13), (1, 3, 33), (2, 3, 67), (199, 200, 100), (0, 2, 0)])
def test_a_score_is_rounded_to_the_nearest_per_cent(second_line: LoggedIn, passed: int, of: int, score: int) -> None:
    checks = CheckFactory.create_batch(of, source=Source.SECURITY_HUB, standards=[PCI])
    for number, check in enumerate(checks):
        FindingFactory(check_ran=check, status=Status.PASS if number < passed else Status.FAIL)
    counted()
    assert table(second_line.get(PAGE))[PCI][0] == score


def test_each_number_opens_the_controls_that_it_counts(second_line: LoggedIn) -> None:
    control("S3.1", Status.FAIL)
    control("S3.2", Status.PASS)
    control("S3.3", Status.PASS, standards=(PCI,))
    counted()
    for status, keys in (("failed", ["S3.1"]), ("passed", ["S3.2"]), ("no_data", [])):
        answer = second_line.get(f"{PAGE}?standard={FSBP}&status={status}")
        assert [one.check.key for one in answer.context["controls"]] == keys
    every = second_line.get(f"{PAGE}?standard=all&q=s3.3")
    assert [one.check.key for one in every.context["controls"]] == ["S3.3"]
    fails = second_line.get(f"{PAGE}?standard={FSBP}").content.decode()
    address = re.search(r'href="(/findings/\?check=[^"]+status=fail[^"]+)"', fails)
    assert address
    assert title(second_line.get(address[1].replace("&amp;", "&"))).startswith("1 ")


def test_as_of_a_day_the_score_is_that_of_then(second_line: LoggedIn) -> None:
    check = control("S3.1", {"status": Status.FAIL, "since": moment("2026-03-10")})
    FindingSpanFactory(
        finding=check.findings.get(), status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10")
    )
    counted()
    with at("2026-03-20"):
        assert table(second_line.get(PAGE))[FSBP][0] == 0
        assert table(second_line.get(f"{PAGE}?as_of=2026-03-05"))[FSBP][0] == 100


def test_the_first_line_counts_its_own_findings_only(log_in: LogIn) -> None:
    mine, theirs = SolutionFactory(), SolutionFactory()
    control("S3.1", {"status": Status.PASS, "solutions": [mine]}, {"status": Status.FAIL, "solutions": [theirs]})
    counted()
    assert table(log_in(first_line=True, owns=[mine]).get(PAGE))[FSBP] == (100, 0, 0, 1, 0)


def test_without_a_standard_the_page_says_so_and_an_unknown_one_is_refused(second_line: LoggedIn) -> None:
    assert title(second_line.get(PAGE)) == "Security Hub: no standard is enabled"
    control("S3.1")
    assert title(second_line.get(f"{PAGE}?standard={FSBP}")).endswith("1.0.0: no control has data")
    assert second_line.get(f"{PAGE}?standard=standards/none").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_controls(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        control(f"S3.{number}", Status.FAIL, standards=(FSBP, f"standards/other/v/{number}"))
    counted()
    for page in (PAGE, f"{PAGE}?standard={FSBP}"):
        second_line.get(page)
        with django_assert_max_num_queries(12):
            assert second_line.get(page).status_code == 200
