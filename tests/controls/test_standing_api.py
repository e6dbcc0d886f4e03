"""Where requirements and controls stand and stood, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from audit import clock
from controls import rollup
from findings.models import Status
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.standings import a_check, find, shown_by
from tests.controls.test_hub import FSBP
from tests.controls.test_hub import control as hub_control
from tests.controls.test_mapping_moves_api import post
from tests.controls.test_standing_pages import world_of_two
from tests.factories import GrantFactory, UserFactory
from tests.factories.controls import ControlFactory, EditionFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.findings_pages.reading_pages import counted

pytestmark = pytest.mark.django_db
API = "/api/v1"


def test_a_requirement_is_told_with_its_parts_and_each_solution(second_line: LoggedIn, log_in: LogIn) -> None:
    edition, check, payments, ledger = world_of_two()
    told = second_line.get(f"{API}/requirements/{edition.public_id}/").json()
    assert (told["key"], told["worded"]["label"], told["framework"]) == (
        edition.requirement.key, edition.label, edition.version.framework.public_id,
    )  # fmt: skip
    (part,) = told["parts"]
    assert (part["kind"], part["name"], part["checks"]) == ("check", check.key, [check.public_id])
    assert part["status"] == told["standing"]["status"]
    assert {row["solution"]["id"] for row in told["solutions"]} == {payments.public_id, ledger.public_id}
    own = log_in(UserFactory(first_line=True))
    GrantFactory(person=own.person, solution=payments)
    seen = own.get(f"{API}/requirements/{edition.public_id}/").json()["solutions"]
    assert [row["solution"]["id"] for row in seen] == [payments.public_id]
    assert own.get(f"{API}/requirements/{edition.public_id}/?solution={ledger.public_id}").status_code == 404


def test_each_solution_s_figures_are_those_of_the_page(second_line: LoggedIn) -> None:
    edition, _check, payments, ledger = world_of_two()
    page = second_line.get("/frameworks/solutions/").context["rows"]
    told = second_line.get(f"{API}/solution-standings/").json()["results"]
    assert [(row["solution"]["id"], row["frameworks"][0]["statuses"]) for row in told] == [
        (row.solution.public_id, dict(row.cells[0].stands.counts)) for row in page
    ]
    assert {row["solution"]["id"] for row in told} == {payments.public_id, ledger.public_id}
    assert told[0]["frameworks"][0]["framework"] == edition.version.framework.public_id


def test_where_it_stood_is_told_day_by_day(second_line: LoggedIn) -> None:
    edition, check = EditionFactory(label="AC-3"), CheckFactory(key="S3.8")
    shown_by(edition, check)
    with at("2026-06-08"):
        find(check, passed=1)
        rollup.roll_up()
    with at("2026-06-10"):
        FindingFactory(check_ran=check, since=clock.now())
        counted()
        rollup.roll_up()
    with at("2026-06-12"):
        lately = second_line.get(f"{API}/frameworks/{edition.version.framework.public_id}/lately/").json()
        assert [(one["on"][-2:], one["failing"]) for one in lately["days"][-6:]] == [
            ("07", None), ("08", 0), ("09", 0), ("10", 1), ("11", 1), ("12", 1),
        ]  # fmt: skip
        assert lately["changes"] == [
            {"at": "2026-06-10T12:00:00Z", "requirement": edition.public_id, "label": "AC-3", "was": "passing",
             "now": "partly_failing"}
        ]  # fmt: skip
        path = f"{API}/requirements/{edition.public_id}/history/"
        told = second_line.get(f"{path}?from=2026-06-01&to=2026-06-12").json()
        assert [one["status"] for one in told["strip"]] == ["not_observed", "passing", "partly_failing"]
        assert (told["since"], told["period"]["failing"]) == ("2026-06-10T12:00:00Z", 2 * 24 * 3600.0)
        assert second_line.get(f"{path}?from=2026-06-09&to=2026-06-01").status_code == 400


def test_a_control_s_history_and_what_people_did_to_it(second_line: LoggedIn) -> None:
    control = ControlFactory()
    post(second_line, f"controls/{control.public_id}/change/", name="Backups are restored")
    (done,) = second_line.get(f"{API}/controls/{control.public_id}/acts/").json()["results"]
    assert (done["who"], done["words"], done["changes"]) == (
        second_line.person.name, "changed it",
        [{"label": "Name", "before": control.name, "after": "Backups are restored"}],
    )  # fmt: skip
    told = second_line.get(f"{API}/controls/{control.public_id}/history/").json()
    assert (told["strip"], told["since"], told["period"]) == ([], None, None)


def test_security_hub_s_scores(second_line: LoggedIn) -> None:
    hub_control("S3.1", Status.PASS)
    check = hub_control("S3.2", Status.FAIL)
    counted()
    one, every = second_line.get(f"{API}/security-hub/").json()["results"]
    assert (one["id"], one["score"], one["statuses"]) == (
        FSBP, 50, {"failed": 1, "unknown": 0, "passed": 1, "no_data": 0},
    )  # fmt: skip
    failed = [row for row in one["controls"] if row["status"] == "failed"]
    assert [(row["check_id"], row["failed"]) for row in failed] == [(check.public_id, 1)]
    assert every["id"] == ""


@pytest.mark.parametrize("count", [1, 3])
def test_a_requirement_costs_the_same_for_any_number_of_parts(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    edition = EditionFactory()
    for n in range(count):
        shown_by(edition, a_check(f"S3.{n}", failed=1))
    counted()
    second_line.get(f"{API}/requirements/{edition.public_id}/")
    with django_assert_max_num_queries(30):
        assert len(second_line.get(f"{API}/requirements/{edition.public_id}/").json()["parts"]) == count
