"""What pages, files and the API say of where frameworks and requirements stand, and that each number is a list."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from controls import rollup
from controls.models import Applicability, Edition
from findings.models import Check, Source, Status
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.standings import (
    a_check,
    crosswalked,
    find,
    inherits,
    promised_by,
    satisfied_by,
    shown_by,
)
from tests.factories import SolutionFactory
from tests.factories.controls import (
    CheckReferenceFactory,
    ControlFactory,
    EditionFactory,
    FrameworkVersionFactory,
    MappingFactory,
    SectionFactory,
    VerdictFactory,
)
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db
LIST = "/frameworks/"
BY_SOLUTION = "/frameworks/solutions/"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def page_of(version: Any, query: str = "") -> str:
    return f"{LIST}{version.framework.public_id}/{query}"


def requirement_page(edition: Any, query: str = "") -> str:
    return f"{LIST}requirements/{edition.public_id}/{query}"


def labels(answer: Any) -> list[str]:
    return [row.label for row in answer.context["page"].rows]


def door(answer: Any, words: str) -> str:
    """The address behind a link with these words."""
    found = re.search(rf'<a href="([^"]+)">[^<]*(?:<[^a][^>]*>[^<]*)*{re.escape(words)}', answer.content.decode())
    assert found, words
    return found[1].replace("&amp;", "&")


def six() -> list[Edition]:
    """A framework with a requirement in each state but one, in its order: see `STATES`."""
    version = FrameworkVersionFactory(framework__name="NZISM", framework__key="nzism", label="3.9")
    section = SectionFactory(version=version, label="16", path="16", title="Access")
    editions: list[Any] = [EditionFactory(version=version, key=f"{n}", section=section) for n in range(6)]
    shown_by(editions[0], a_check("S3.1", passed=2))
    shown_by(editions[1], a_check("S3.2", passed=1, failed=2, suppressed=1))
    shown_by(editions[2], a_check("S3.3", failed=1))
    shown_by(editions[3], a_check("S3.4", passed=1), "subset")
    shown_by(editions[4], CheckFactory(key="S3.5"))
    return editions


STATES = ["passing", "partly_failing", "failing", "partly_shown", "not_observed", "not_mapped"]


def test_a_framework_answers_in_its_title_and_each_number_is_a_list(second_line: LoggedIn) -> None:
    editions = six()
    answer = second_line.get(page_of(editions[0].version))
    assert title(answer) == "NZISM 3.9: 1 of 6 requirements fails, 1 partly; 83\u202f% of it is automated"
    assert [standing.monitoring.value for _one, standing in answer.context["rows"]] == STATES
    told = {part["status"]: part for part in answer.context["bar"]}
    for edition, state in zip(editions, STATES, strict=True):
        assert told[state]["count"] == 1
        assert labels(second_line.get(told[state]["url"])) == [edition.label]
    (section,) = answer.context["sections"]
    inside = {part["status"]: part["url"] for part in section.bar}
    assert labels(second_line.get(inside["failing"])) == ["2"]
    assert title(second_line.get(LIST)) == "1 framework, 2 requirements fail"
    (row,) = second_line.get(LIST).context["rows"]
    assert {part["status"]: part["count"] for part in row.bar} == dict.fromkeys(STATES, 1)
    assert row.stands.automated == len(labels(second_line.get(page_of(editions[0].version, "?automated=yes")))) == 5


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=fails", ["1", "2"]),
        ("?status=not_mapped", ["5"]),
        ("?automated=no", ["5"]),
        ("?order=-status", ["2", "1", "4", "3", "0", "5"]),
        ("?order=status", ["5", "0", "3", "4", "1", "2"]),
        ("?order=-fails&status=fails", ["1", "2"]),
        ("?order=-position", ["5", "4", "3", "2", "1", "0"]),
    ],
)
def test_requirements_are_narrowed_and_sorted_by_status(second_line: LoggedIn, query: str, expected: list[str]) -> None:
    version = six()[0].version
    answer = second_line.get(page_of(version, query))
    assert (labels(answer), answer.context["total"]) == (expected, len(expected))
    if "order" not in query:
        told = second_line.get(f"/api/v1/frameworks/{version.framework.public_id}/requirements/{query}").json()
        assert [row["label"] for row in told["results"]] == expected


@pytest.mark.parametrize("query", ["?status=perhaps", "?order=name", "?order=-status&cursor=abc"])
def test_what_is_not_known_is_refused(second_line: LoggedIn, query: str) -> None:
    assert second_line.get(page_of(six()[0].version, query)).status_code == 400


def test_sorted_pages_follow_each_other_to_the_end(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    editions = EditionFactory.create_batch(70, version=version)
    shown_by(editions[60], a_check(failed=1))
    seen: list[str] = []
    address = page_of(version, "?order=-status")
    while address:
        answer = second_line.get(address)
        seen += labels(answer)
        cursor = answer.context["page"].next_cursor
        address = page_of(version, f"?order=-status&cursor={cursor}") if cursor else ""
    assert seen[0] == editions[60].label
    assert len(seen) == len(set(seen)) == 70


def test_the_findings_that_fail_a_requirement_are_a_list_that_counts_the_same(second_line: LoggedIn) -> None:
    edition = six()[1]
    answer = second_line.get(requirement_page(edition))
    assert title(answer) == "1 partly fails: the one part that shows it fails in part"
    assert len(listed(second_line.get(door(answer, "3 of 4 fail")))) == 3
    assert len(listed(second_line.get(door(answer, "1 of them is suppressed in AWS")))) == 1
    assert len(listed(second_line.get(door(answer, "1 passes")))) == 1
    framework = second_line.get(page_of(edition.version, "?status=partly_failing"))
    found = re.search(r'data-label="fail"><a href="([^"]+)">3</a>', framework.content.decode())
    assert found
    assert len(listed(second_line.get(found[1].replace("&amp;", "&")))) == 3


def test_how_many_fails_are_accepted_stands_beside_the_fails_and_no_word_changes(second_line: LoggedIn) -> None:
    edition = EditionFactory()
    check = a_check("S3.2", passed=1, accepted=2, failed=1)
    shown_by(edition, check)
    answer = second_line.get(requirement_page(edition))
    assert title(answer).endswith("partly fails: the one part that shows it fails in part")
    assert len(listed(second_line.get(door(answer, "3 of 4 fail")))) == 3
    assert len(listed(second_line.get(door(answer, "2 of them are accepted")))) == 2
    assert "3 2 accepted" in words(second_line.get(page_of(edition.version)))
    address = f"/api/v1/frameworks/{edition.version.framework.public_id}/requirements/"
    told = second_line.get(address).json()["results"][0]["standing"]
    assert (told["status"], told["findings_failing"], told["findings_failing_accepted"]) == ("partly_failing", 3, 2)
    (row,) = cells(second_line.get(f"{LIST}{edition.version.framework.public_id}/requirements.csv"))
    assert (row["Status"], row["Findings failing"], row["of them accepted"]) == ("Partly failing", "3", "2")
    (part,) = cells(second_line.get(f"{requirement_page(edition)}parts.csv"))
    assert (part["Findings failing"], part["of them accepted"]) == ("3", "2")


def test_a_requirement_shows_each_part_and_how_it_is_mapped(second_line: LoggedIn) -> None:
    edition = EditionFactory(label="AC-3")
    check = a_check(passed=1)
    control = ControlFactory(name="Doors are shut", manual=True)
    satisfied_by(control, check)
    promised_by(edition, control)
    shown_by(edition, CheckFactory(key="S3.9"), "subset")
    other = EditionFactory(version__framework__name="ISO", key="A.5")
    crosswalked(edition, other, "intersects")
    VerdictFactory(control=control, result="failing")
    answer = second_line.get(requirement_page(edition))
    assert title(answer) == "AC-3 partly fails: 1 of the 2 parts that show it fail"
    told = [(row.shown.name, row.shown.relation, row.shown.part.monitoring.value) for row in answer.context["parts"]]
    assert told == [
        ("Doors are shut", "Equal", "partly_failing"),
        ("S3.9", "Subset", "not_observed"),
        ("ISO A.5", "Intersects", "not_mapped"),
    ]
    assert "carries nothing" in words(answer)


def test_what_is_proposed_is_shown_and_does_not_count(second_line: LoggedIn) -> None:
    check = CheckFactory(source=Source.SECURITY_HUB, key="S3.8", config_rule="S3_PUBLIC")
    edition = EditionFactory(label="AC-3", text="Write it down.")
    MappingFactory(edition=edition, check_named=CheckReferenceFactory(source=Source.SECURITY_HUB, key="S3.8"))
    MappingFactory(edition=edition, check_named=CheckReferenceFactory(source=Source.CONFIG, key="S3_PUBLIC"))
    fails = FindingFactory.create_batch(2, check_ran=check, status=Status.FAIL)
    counted()
    answer = second_line.get(requirement_page(edition))
    assert title(answer) == "AC-3: nothing shows it yet"
    assert "2 checks are proposed, and do not count yet" in words(answer)
    assert "Write it down." in words(answer)
    assert set(listed(second_line.get(door(answer, "2 of 2 fail")))) == {one.public_id for one in fails}


def test_who_says_that_it_does_not_apply_stands_beside_it(second_line: LoggedIn) -> None:
    edition = EditionFactory(label="AC-3")
    shown_by(edition, a_check(failed=1))
    Applicability.state(edition.requirement, applicable=False, because="We have no doors", by=second_line.person)
    answer = second_line.get(requirement_page(edition))
    assert title(answer) == "AC-3: stated not to apply"
    assert "We have no doors" in words(answer)
    assert second_line.person.name in words(answer)


def test_as_of_a_day_figures_are_those_of_then(second_line: LoggedIn) -> None:
    check = CheckFactory(source=Source.SECURITY_HUB, key="S3.8")
    edition = EditionFactory(label="AC-3", version__framework__name="NIST", version__label="5")
    shown_by(edition, check, approved_at=moment("2026-03-03"))
    finding = FindingFactory(check_ran=check, status=Status.FAIL, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    counted()
    with at("2026-03-20"):
        for day, state in (("2026-03-20", "failing"), ("2026-03-05", "passing"), ("2026-03-02", "not_mapped")):
            query = "" if day == "2026-03-20" else f"?as_of={day}"
            answer = second_line.get(requirement_page(edition, query))
            assert answer.context["standing"].monitoring == state
            assert labels(second_line.get(page_of(edition.version, f"?as_of={day}&status={state}"))) == ["AC-3"]
        then = second_line.get(requirement_page(edition, "?as_of=2026-03-05"))
        assert listed(second_line.get(door(then, "1 passes"))) == [finding.public_id]


def world_of_two() -> tuple[Edition, Check, Any, Any]:
    edition = EditionFactory(label="AC-3", version__framework__name="NIST", version__label="5")
    check = a_check()
    shown_by(edition, check)
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    find(check, payments, failed=2)
    find(check, ledger, passed=1)
    return edition, check, payments, ledger


def test_each_solution_has_its_own_figures_and_doors(second_line: LoggedIn) -> None:
    edition, _check, payments, ledger = world_of_two()
    answer = second_line.get(requirement_page(edition))
    told = {one.name: standing.monitoring.value for one, standing in answer.context["solutions"]}
    assert told == {"Ledger": "passing", "Payments": "failing"}
    assert len(listed(second_line.get(door(answer, "2 of 2 fail")))) == 2
    alone = second_line.get(requirement_page(edition, f"?solution={ledger.public_id}"))
    assert title(alone) == "Ledger: AC-3 passes: the one part that shows it passes"
    assert len(listed(second_line.get(door(alone, "1 passes")))) == 1
    table = second_line.get(BY_SOLUTION)
    assert title(table) == "Requirements fail in 1 of 2 solutions"
    cells = {row.solution.name: row.cells[0] for row in table.context["rows"]}
    doors = {name: {part["status"]: part for part in cell.bar} for name, cell in cells.items()}
    failing = doors["Payments"]["failing"]
    assert (failing["count"], labels(second_line.get(failing["url"]))) == (1, ["AC-3"])
    assert parse_qs(urlsplit(failing["url"]).query)["solution"] == [payments.public_id]
    assert (doors["Ledger"]["failing"]["count"], doors["Ledger"]["passing"]["count"]) == (0, 1)


def test_the_solutions_page_reads_the_roll_up_while_that_holds(
    second_line: LoggedIn, django_assert_max_num_queries: Any
) -> None:
    edition, check, _payments, ledger = world_of_two()
    EditionFactory(version=edition.version, label="AC-4")

    def told() -> dict[str, dict[str, int]]:
        rows = second_line.get(BY_SOLUTION).context["rows"]
        return {row.solution.name: {part["status"]: part["count"] for part in row.cells[0].bar} for row in rows}

    anew = told()
    assert anew["Ledger"] == {"failing": 0, "passing": 1, "not_mapped": 1}
    rollup.roll_up()
    with django_assert_max_num_queries(17):
        assert told() == anew
    find(check, ledger, failed=1)
    counted()
    assert told()["Ledger"] == {"failing": 0, "partly_failing": 1, "passing": 0, "not_mapped": 1}


def test_the_first_line_reads_of_its_own_findings_only(log_in: LogIn) -> None:
    edition, _check, payments, ledger = world_of_two()
    owner = log_in(first_line=True, owns=[ledger])
    assert title(owner.get(requirement_page(edition))) == "AC-3 passes: the one part that shows it passes"
    assert [row.solution for row in owner.get(BY_SOLUTION).context["rows"]] == [ledger]
    for page in (LIST, page_of(edition.version), requirement_page(edition)):
        assert owner.get(f"{page}?solution={payments.public_id}").status_code == 404


def test_what_is_inherited_says_from_where_and_hides_what_is_not_the_readers(log_in: LogIn) -> None:
    edition = EditionFactory(label="AC-3")
    platform, heir = SolutionFactory(name="Platform"), SolutionFactory(name="Heir")
    control = ControlFactory(name="Doors are shut", solution=platform, is_common=True)
    check = a_check()
    satisfied_by(control, check)
    promised_by(edition, control)
    find(check, platform, failed=3)
    inherits(heir, control)
    answer = log_in(first_line=True, owns=[heir]).get(requirement_page(edition, f"?solution={heir.public_id}"))
    assert "inherited from Platform" in words(answer)
    assert title(answer) == "Heir: AC-3 fails: the one part that shows it fails"
    assert "3 of 3" not in words(answer)
    assert "3 of 3 fail" in words(log_in(second_line=True).get(requirement_page(edition)))


def cells(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_lists_are_sent_as_files_with_moment_scope_and_coverage(second_line: LoggedIn) -> None:
    editions = six()
    address = f"{LIST}{editions[0].version.framework.public_id}/requirements"
    rows = cells(second_line.get(f"{address}.csv?status=fails"))
    assert [(row["Number"], row["Status"], row["Findings failing"]) for row in rows] == [
        ("1", "Partly failing", "3"),
        ("2", "Failing", "1"),
    ]
    assert rows[0]["Scope"] == "all that the reader may see"
    assert rows[0]["Coverage"] == "not observed"
    assert rows[0]["As of"].endswith("UTC")
    book = openpyxl.load_workbook(io.BytesIO(second_line.get(f"{address}.xlsx").content))
    about: dict[Any, Any] = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert (about["What"], about["Rows"], about["Read by"]) == ("NZISM 3.9", "6", second_line.person.name)
    assert [row[6] for row in book["Rows"].iter_rows(min_row=2, values_only=True)][2] == "Failing"
    assert second_line.get(f"{address}.pdf").status_code == 404


def test_a_requirements_parts_and_the_solutions_are_files_too(second_line: LoggedIn) -> None:
    edition, check, *_two = world_of_two()
    (part,) = cells(second_line.get(f"{LIST}requirements/{edition.public_id}/parts.csv"))
    assert (part["Kind"], part["Name"], part["Status"], part["Findings failing"]) == (
        "Check",
        check.key,
        "Partly failing",
        "2",
    )
    told = [
        (row["Name"], row["Failing"], row["Passing"]) for row in cells(second_line.get("/frameworks/solutions.csv"))
    ]
    assert told == [("Ledger", "0", "1"), ("Payments", "1", "0")]


def test_a_name_that_a_spreadsheet_would_run_is_text(second_line: LoggedIn) -> None:
    edition = EditionFactory(title="=HYPERLINK(1)")
    answer = second_line.get(f"{LIST}{edition.version.framework.public_id}/requirements.csv")
    assert cells(answer)[0]["Title"] == "'=HYPERLINK(1)"


def test_the_api_says_where_each_requirement_stands(second_line: LoggedIn) -> None:
    edition, check, payments, _ledger = world_of_two()
    address = f"/api/v1/frameworks/{edition.version.framework.public_id}/requirements/"
    (row,) = second_line.get(address).json()["results"]
    assert row["standing"] == {
        "status": "partly_failing",
        "is_automated": True,
        "parts": 1,
        "parts_failing": 1,
        "parts_passing": 0,
        "parts_not_observed": 0,
        "findings_failing": 2,
        "findings_failing_suppressed": 0,
        "findings_failing_accepted": 0,
        "findings_assessed": 3,
        "checks": [check.public_id],
    }
    (row,) = second_line.get(f"{address}?solution={payments.public_id}").json()["results"]
    assert row["standing"]["status"] == "failing"
    assert second_line.get(f"{address}?solution=S-999999").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    version = FrameworkVersionFactory()
    editions = EditionFactory.create_batch(count, version=version, section=SectionFactory(version=version))
    check = a_check(passed=1)
    for edition in editions:
        control = ControlFactory(manual=True)
        promised_by(edition, control)
        promised_by(editions[0], ControlFactory(solution=SolutionFactory()))
        satisfied_by(control, check)
        shown_by(edition, check)
        shown_by(editions[0], CheckFactory())
        crosswalked(edition, EditionFactory())
        VerdictFactory(control=control)
    pages = ((LIST, 30), (page_of(version), 40), (requirement_page(editions[0]), 49), (BY_SOLUTION, 22))
    for page, most in pages:
        second_line.get(page)
        with django_assert_max_num_queries(most):
            assert second_line.get(page).status_code == 200
