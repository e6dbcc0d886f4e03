"""The register of controls: what it shows to whom, how it is narrowed, sorted, paged and taken away."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from controls.models import Control
from controls.models.control import WRITTEN
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.queries import queries
from tests.controls.standings import a_check, find, inherits, promised_by, satisfied_by
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, EditionFactory, VerdictFactory
from tests.factories.findings import CheckFactory
from tests.factories.organisation import LONG_AGO
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


def listed(browser: LoggedIn, query: str = "") -> list[str]:
    return [row.control.name for row in browser.get(f"/controls/{query}").context["page"].rows]


@pytest.fixture
def library() -> dict[str, Control]:
    """Closed storage fails, Reviews passes, Backups is overdue, Old is retired."""
    payments = SolutionFactory(name="Payments")
    ana, ben = UserFactory(name="Ana", first_line=True), UserFactory(name="Ben", second_line=True)
    found: dict[str, Any] = {
        "closed": ControlFactory(name="Closed storage", owner=ana, solution=payments),
        "reviews": ControlFactory(name="Reviews", manual=True, owner=ben, kind="detective"),
        "backups": ControlFactory(name="Backups", manual=True, owner=ben, kind="corrective"),
        "old": ControlFactory(name="Old", retired_at=LONG_AGO, retired_by="P-1", retired_because="x"),
    }
    check = a_check()
    find(check, payments, failed=2)
    satisfied_by(found["closed"], check)
    promised_by(EditionFactory(version__framework__key="nzism", version__framework__name="NZISM"), found["closed"])
    VerdictFactory(control=found["reviews"])
    VerdictFactory(control=found["reviews"], kind="conclusion", result="effective")
    return found


def test_the_title_is_the_answer_and_each_part_lists_what_it_counts(
    second_line: LoggedIn, library: dict[str, Control]
) -> None:
    page = second_line.get("/controls/")
    assert title(page) == "3 controls: 1 fails, 1 is not observed, 1 test is overdue"
    assert [(row.control.name, row.monitoring, row.test) for row in page.context["page"].rows] == [
        ("Closed storage", "failing", "none"),
        ("Backups", "not_observed", "overdue"),
        ("Reviews", "passing", "later"),
    ]
    assert "Effective until" in words(page)
    assert [listed(second_line, f"?{one}") for one in ("status=failing", "status=not_observed", "test=overdue")] == [
        ["Closed storage"],
        ["Backups"],
        ["Backups"],
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("type=detective", ["Reviews"]),
        ("method=manual", ["Backups", "Reviews"]),
        ("operated=every", ["Backups", "Reviews"]),
        ("framework=nzism", ["Closed storage"]),
        ("retired=yes", ["Old"]),
        ("q=CLOSED ST", ["Closed storage"]),
        ("q=nothing", []),
        ("order=name", ["Backups", "Closed storage", "Reviews"]),
        ("order=-name", ["Reviews", "Closed storage", "Backups"]),
        ("order=test", ["Backups", "Reviews", "Closed storage"]),
        ("order=owner", ["Closed storage", "Backups", "Reviews"]),
    ],
)
def test_the_address_narrows_and_sorts(
    second_line: LoggedIn, library: dict[str, Control], query: str, names: list[str]
) -> None:
    assert listed(second_line, f"?{query}") == names


def test_owner_operator_and_scope_narrow_it(second_line: LoggedIn, library: dict[str, Control]) -> None:
    closed = library["closed"]
    assert closed.solution
    assert listed(second_line, f"?owner={closed.owner.public_id}") == ["Closed storage"]
    assert listed(second_line, f"?operated={closed.solution.public_id}") == ["Closed storage"]
    other = SolutionFactory(name="Ledger")
    assert listed(second_line, f"?solution={other.public_id}") == ["Backups", "Reviews"]
    page = second_line.get(f"/controls/?solution={closed.solution.public_id}")
    assert title(page).startswith("Payments: 3 controls: 1 fails")


@pytest.mark.parametrize("query", ["status=fine", "type=x", "owner=P-999999", "framework=x", "cursor=x", "test=x"])
def test_a_value_that_is_none_is_refused(second_line: LoggedIn, library: dict[str, Control], query: str) -> None:
    assert second_line.get(f"/controls/?{query}").status_code == 400


def test_the_first_line_sees_its_own_what_it_inherits_and_what_everybody_has(log_in: LogIn) -> None:
    mine, platform, foreign = SolutionFactory(), SolutionFactory(name="Shared platform"), SolutionFactory()
    common = ControlFactory(name="Log-in", solution=platform, is_common=True)
    inherits(mine, common)
    ControlFactory(name="Mine", solution=mine)
    ControlFactory(name="Everybody's")
    hidden = ControlFactory(name="Foreign", solution=foreign)
    satisfied_by(common, check := a_check())
    find(check, platform, failed=3)
    browser = log_in(UserFactory(first_line=True, owns=[mine]))
    assert sorted(listed(browser)) == ["Everybody's", "Log-in", "Mine"]
    page = browser.get(f"/controls/?solution={mine.public_id}")
    (row,) = [row for row in page.context["page"].rows if row.control == common]
    assert (row.monitoring, row.inherits_from, row.standing.counts.failed) == ("failing", platform, 0)
    assert "inherited from Shared platform" in words(page)
    assert browser.get(f"/controls/{hidden.public_id}/").status_code == 404
    assert browser.get(f"/api/v1/controls/{hidden.public_id}/").status_code == 404


def test_the_owner_of_a_control_sees_it_whatever_their_solutions(log_in: LogIn) -> None:
    control = ControlFactory(name="Elsewhere", solution=SolutionFactory())
    assert listed(log_in(control.owner)) == ["Elsewhere"]


@pytest.mark.parametrize(
    ("line", "query", "told"),
    [
        ("second_line", "", "Add the first one"),
        ("third_line", "", "The second line adds them."),
        ("first_line", "", "No control concerns you yet"),
        ("second_line", "?as_of=2024-01-01", "Those of today were added later."),
        ("second_line", "?q=x", "Remove a filter, or look for other words."),
    ],
)
def test_an_empty_register_says_why(log_in: LogIn, line: str, query: str, told: str) -> None:
    page = log_in(**{line: True}).get(f"/controls/{query}")
    assert told in words(page)
    assert page.content.decode().count("/controls/add/") == (2 if told == "Add the first one" else "q=" in query)


def test_the_register_of_a_past_moment_is_that_of_then(second_line: LoggedIn, django_user_model: Any) -> None:
    ana, ben = UserFactory(name="Ana", first_line=True), UserFactory(name="Ben", first_line=True)
    with at("2026-03-01"):
        control = Control.add(
            by=second_line.person, name="Backups", objective="They can be restored", kind="corrective",
            method="manual", frequency="monthly", procedure="Restore one", evidence="", owner=ana, solution=None,
            is_common=False,
        )  # fmt: skip
    with at("2026-03-10"):
        control.change(read=1, by=second_line.person, **{**written(control), "name": "Restores", "owner": ben})
    with at("2026-03-12"):
        verdict = VerdictFactory(control=control)
    with at("2026-03-14"):
        verdict.withdraw(because="Of another system", by=second_line.person)
    with at("2026-03-16"):
        control.retire(because="Merged", by=second_line.person)
    with at("2026-03-20"):
        control.reopen(because="Not so", by=second_line.person)

        def then(day: str) -> list[tuple[str, str, str]]:
            rows = second_line.get(f"/controls/?as_of={day}").context["page"].rows
            return [(row.control.name, row.control.owner.name, row.monitoring) for row in rows]

        assert then("2026-02-20") == []
        assert then("2026-03-05") == [("Backups", "Ana", "not_observed")]
        assert then("2026-03-11") == [("Restores", "Ben", "not_observed")]
        assert then("2026-03-13") == [("Restores", "Ben", "passing")]
        assert then("2026-03-15") == [("Restores", "Ben", "not_observed")]
        assert then("2026-03-18") == []
        assert then("2026-03-20T12:00") == [("Restores", "Ben", "not_observed")]
        assert second_line.get(f"/controls/{control.public_id}/?as_of=2026-02-20").status_code == 404
        page = second_line.get(f"/controls/{control.public_id}/?as_of=2026-03-05")
        assert title(page) == "Backups: not observed"
        assert "Record a test" not in words(page)


def written(control: Control) -> dict[str, Any]:
    return {name: getattr(control, name) for name in WRITTEN}


def test_the_file_has_what_the_page_has(second_line: LoggedIn, library: dict[str, Control]) -> None:
    text = second_line.get("/controls/register.csv?status=failing").content.decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(text)))
    closed = library["closed"]
    assert row == {
        "Id": closed.public_id, "Control": "Closed storage", "Objective": closed.objective, "Type": "Preventive",
        "How it works": "Automated", "Frequency": "Continuous", "Owner": "Ana", "Operated by": "Payments",
        "Common": "no", "Monitoring status": "Failing", "Inherited from": "", "Last conclusion": "",
        "Concluded until": "", "Next test due": "", "Serves": "NZISM", "Retired on": "",
        "As of": row["As of"], "Known at": row["As of"], "Scope": "all that the reader may see",
        "Coverage": "not observed",
    }  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(second_line.get("/controls/register.xlsx?order=name").content))
    assert [cell.value for cell in book["Rows"]["B"]] == ["Control", "Backups", "Closed storage", "Reviews"]
    assert second_line.get("/controls/register.pdf").status_code == 404


def test_the_next_page_begins_after_the_last_row(second_line: LoggedIn) -> None:
    ControlFactory.create_batch(55)
    for order in ("name", "-name"):
        first = second_line.get(f"/controls/?order={order}").context["page"]
        following = second_line.get(f"/controls/?order={order}&cursor={first.next_cursor}").context["page"]
        assert (len(first.rows), len(following.rows), following.next_cursor) == (50, 5, "")
        assert not {row.control.pk for row in first.rows} & {row.control.pk for row in following.rows}


def everything(count: int, solution: Solution) -> None:
    """So many controls of each sort."""
    for _ in range(count):
        for control in (ControlFactory(solution=solution), ControlFactory(manual=True)):
            satisfied_by(control, check := CheckFactory())
            find(check, solution, failed=1)
            promised_by(EditionFactory(), control)
            VerdictFactory(control=control)
            VerdictFactory(control=control, kind="conclusion", result="effective")


@pytest.mark.parametrize("count", [1, 3])
def test_the_register_costs_the_same_for_any_number_of_controls(second_line: LoggedIn, count: int) -> None:
    everything(count, SolutionFactory())
    second_line.get("/controls/")
    assert queries(second_line, "/controls/", "/controls/register.csv", "/api/v1/controls/") == [21, 20, 19]
