"""People say by name what they saw: recorded for a period, fresh for a while, withdrawn and never edited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from audit.models import TrailEntry
from controls import verdicts
from controls.awaiting import awaiting
from controls.models import Control, Verdict
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, VerdictFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00+00:00")


def filled(**other: Any) -> dict[str, Any]:
    said = {
        "period_from": "2026-01-01", "period_to": "2026-03-30", "result": "passing", "what": "Restored one.",
        "because": "Counts agree.",
    }  # fmt: skip
    return {**said, **other}


@pytest.fixture
def control() -> Control:
    return ControlFactory(name="Restores", manual=True, procedure="Restore one.")


def say(browser: LoggedIn, control: Control, kind: str = "tests", **said: Any) -> Any:
    with at(TODAY):
        return browser.post(f"/controls/{control.public_id}/{kind}/add/", filled(**said), follow=True)


def test_the_owner_records_a_test(log_in: LogIn, control: Control) -> None:
    browser = log_in(control.owner)
    form = browser.get(f"/controls/{control.public_id}/tests/add/").context["form"]
    assert form["what"].value() == "Restore one."
    page = say(browser, control)
    assert title(page) == "Restores: passes"
    made = Verdict.objects.get()
    assert (made.kind, made.result, made.said_by, made.solution) == ("manual_test", "passing", control.owner, None)
    assert (made.period_from, made.period_to) == (moment("2026-01-01"), moment("2026-03-31"))
    assert made.fresh_until == moment("2026-03-31") + timedelta(days=92)
    assert "fresh until 1 Jul 2026" in words(page)
    (entry,) = TrailEntry.objects.filter(kind="verdict")
    assert (entry.action, entry.detail["control"], entry.detail["result"]) == (
        "verdict.recorded",
        control.public_id,
        "passing",
    )


def test_somebody_attests_and_another_writes_it_down(second_line: LoggedIn, control: Control) -> None:
    page = say(second_line, control, "attestations", stated_by="Ben Manager", what="It was done each month.")
    assert "Ben Manager states: It was done each month. Basis: Counts agree." in words(page)
    assert Verdict.objects.get().kind == "attestation"


@pytest.mark.parametrize(
    ("frequency", "days"),
    [
        ("continuous", 1),
        ("daily", 1),
        ("weekly", 7),
        ("monthly", 31),
        ("quarterly", 92),
        ("half_yearly", 183),
        ("yearly", 366),
    ],
)
def test_a_test_stays_fresh_for_as_long_as_the_control_is_operated(
    second_line: LoggedIn, frequency: str, days: int
) -> None:
    say(second_line, ControlFactory(manual=True, frequency=frequency))
    made = Verdict.objects.get()
    assert made.fresh_until - made.period_to == timedelta(days=days)


def test_it_can_be_fresh_for_less_long_and_until_today(second_line: LoggedIn, control: Control) -> None:
    say(second_line, control, period_to=TODAY, fresh_until="2026-04-15")
    made = Verdict.objects.get()
    assert made.period_to == datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert made.fresh_until == moment("2026-04-16")


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"period_to": "2026-04-01"}, "period_to", "The period is not over yet: nobody can say what was so in it."),
        ({"period_from": "2026-03-31"}, "period_to", "It would end before it begins."),
        ({"what": " "}, "what", "This field is required."),
        ({"because": ""}, "because", "This field is required."),
        ({"result": "effective"}, "result", "Select a valid choice. effective is not one of the available choices."),
        ({"fresh_until": "2026-03-01"}, "fresh_until", "It would be out of date before its period ends."),
        (
            {"fresh_until": "2026-12-01"},
            "fresh_until",
            "A control that works quarterly is tested again by 1 Jul 2026 at the latest.",
        ),
        ({"period_from": "yesterday"}, "period_from", "Enter a valid date."),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_field(
    second_line: LoggedIn, control: Control, said: dict[str, str], field: str, told: str
) -> None:
    answer = say(second_line, control, **said)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {field: [told]}
    assert not Verdict.objects.exists()


def test_who_works_on_a_solution_speaks_of_it_and_not_of_the_organisation(log_in: LogIn, control: Control) -> None:
    mine, foreign = SolutionFactory(name="Mine"), SolutionFactory(name="Foreign")
    browser = log_in(UserFactory(first_line=True, owns=[mine]))
    assert list(say(browser, control).context["form"].errors) == ["solution"]
    assert list(say(browser, control, solution=foreign.pk).context["form"].errors) == ["solution"]
    say(browser, control, solution=mine.pk)
    assert Verdict.objects.get().solution == mine


def test_a_control_of_another_solution_is_not_theirs_to_test(log_in: LogIn) -> None:
    platform, heir = SolutionFactory(), SolutionFactory()
    control = ControlFactory(manual=True, solution=platform, is_common=True)
    control.inheritances.create(
        solution=heir, because="x", agreed_by="test", valid_from=control.added_at, valid_to=None
    )
    browser = log_in(UserFactory(first_line=True, owns=[heir]))
    assert browser.get(f"/controls/{control.public_id}/tests/add/").status_code == 403
    assert say(browser, control).status_code == 403
    assert "Record a test" not in words(browser.get(f"/controls/{control.public_id}/"))


@pytest.mark.parametrize("line", ["third_line", "external"])
def test_assurance_tests_elsewhere(log_in: LogIn, control: Control, line: str) -> None:
    assert say(log_in(**{line: True}), control).status_code == 403


def test_a_test_is_withdrawn_with_a_reason_and_stays_in_sight(log_in: LogIn, control: Control) -> None:
    browser = log_in(control.owner)
    say(browser, control)
    made = Verdict.objects.get()
    address = f"/controls/verdicts/{made.public_id}/withdraw/"
    with at(TODAY):
        assert browser.post(address, {"reason": ""}).status_code == 422
        page = browser.post(address, {"reason": "Another system"}, follow=True)
        assert title(page) == "Restores: not observed"
        assert "withdrawn 31 Mar 2026, 12:00 : Another system" in words(page)
        assert browser.post(address, {"reason": "Again"}).status_code == 403
    made.refresh_from_db()
    assert made.withdrawn_by == control.owner.public_id
    assert TrailEntry.objects.filter(action="verdict.withdrawn").count() == 1


def test_somebody_else_s_word_is_withdrawn_by_the_second_line_alone(log_in: LogIn, control: Control) -> None:
    made = VerdictFactory(control=control)
    address = f"/controls/verdicts/{made.public_id}/withdraw/"
    assert log_in(first_line=True).post(address, {"reason": "x"}).status_code == 403
    assert log_in(second_line=True).post(address, {"reason": "x"}).status_code == 302


@pytest.mark.parametrize("change", [{"result": "failing"}, {"because": "Other"}, {"withdrawn_because": "Other"}])
def test_the_database_lets_nobody_edit_a_verdict(control: Control, change: dict[str, str]) -> None:
    made = VerdictFactory(control=control)
    if "withdrawn_because" in change:
        made.withdraw(because="Wrong", by=control.owner)
    with pytest.raises(DatabaseError, match="withdrawn, never edited"), transaction.atomic():
        Verdict.objects.filter(pk=made.pk).update(**change)


def concluded(control: Control, by: Any, **said: Any) -> Verdict:
    told: dict[str, Any] = {"kind": "conclusion", "result": "effective", "because": "Tested twelve of forty.", **said}
    told |= {"period_from": moment("2026-01-01"), "period_to": moment("2026-03-31")}
    return verdicts.record(control, by=by, **told)


def test_a_conclusion_is_drawn_by_a_named_tester_who_is_not_the_owner(second_line: LoggedIn) -> None:
    auditor = UserFactory(third_line=True)
    control = ControlFactory(name="Reviews", manual=True, owner=second_line.person)
    with at(TODAY):
        made = concluded(control, auditor, source=("workpaper", "WP-7"))
        assert concluded(control, auditor, source=("workpaper", "WP-7")) == made
        for person in (control.owner, UserFactory(first_line=True)):
            with pytest.raises(PermissionDenied):
                concluded(control, person)
        page = second_line.get(f"/controls/{control.public_id}/")
        assert "last concluded effective, 1 Jan 2026 – 31 Mar 2026" in words(page)
        assert title(page) == "Reviews: not observed"
        assert second_line.post(f"/controls/verdicts/{made.public_id}/withdraw/", {"reason": "x"}).status_code == 403
    assert Verdict.objects.count() == 1


def test_what_awaits_an_owner_is_what_is_overdue_and_due_soon() -> None:
    ana = UserFactory(first_line=True)
    mine = {"owner": ana, "manual": True, "added_at": moment("2026-01-01")}
    ControlFactory(name="Never tested", **mine)
    soon, later = ControlFactory(name="Soon", **mine), ControlFactory(name="Later", **mine)
    ControlFactory(name="Automated", owner=ana, added_at=moment("2026-01-01"))
    ControlFactory(name="Somebody's", manual=True)
    with at("2026-03-30"):
        VerdictFactory(control=later)
        VerdictFactory(control=soon, fresh_until=moment("2026-05-01"))
    found = [(one.name, due.is_overdue) for one, due in awaiting(ana, moment("2026-04-20"))]
    assert found == [("Never tested", True), ("Soon", False)]


def test_a_control_of_every_solution_is_due_where_it_is_due_first() -> None:
    first, second = SolutionFactory(name="A"), SolutionFactory(name="B")
    ana = UserFactory(first_line=True)
    control = ControlFactory(owner=ana, manual=True)
    with at("2026-03-30"):
        VerdictFactory(control=control, solution=first)
    ((_, due),) = awaiting(ana, moment("2026-04-01"))
    assert (due.solution, due.is_overdue) == (second, True)
    with at("2026-03-31"):
        VerdictFactory(control=control)
    assert awaiting(ana, moment("2026-04-01")) == []


def test_the_first_lines_home_lists_the_tests_that_are_due(log_in: LogIn) -> None:
    payments = SolutionFactory(name="Payments")
    ana = UserFactory(first_line=True, owns=[payments])
    control = ControlFactory(name="Restores", manual=True, solution=payments, owner=ana)
    browser = log_in(ana)
    with at(TODAY):
        page = browser.get("/")
        assert "Restores Payments · Quarterly overdue since 2 Apr 2020 Record a test" in words(page)
        verdicts.record(
            control, kind="attestation", result="passing", period_from=moment("2026-01-01"),
            period_to=moment("2026-03-30"), what="It was", because="I saw it", by=ana,
        )  # fmt: skip
        assert "Tests due" not in words(browser.get("/"))


def test_the_api_reads_what_the_pages_show(second_line: LoggedIn, control: Control) -> None:
    made = VerdictFactory(control=control, solution=SolutionFactory(name="Payments"))
    (row,) = second_line.get("/api/v1/controls/?q=restores").json()["results"]
    assert (row["id"], row["name"], row["monitoring"]) == (control.public_id, "Restores", "passing")
    assert row == second_line.get(f"/api/v1/controls/{control.public_id}/").json()
    assert row["due"] == {"at": made.fresh_until.isoformat().replace("+00:00", "Z"), "is_overdue": False}
    (said,) = second_line.get(f"/api/v1/controls/{control.public_id}/verdicts/").json()["results"]
    assert (said["id"], said["solution"]["name"], said["because"]) == (made.public_id, "Payments", made.because)
    assert second_line.get("/api/v1/controls/?status=fine").status_code == 400
