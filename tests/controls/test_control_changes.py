"""The second line keeps the library: adds, changes, retires, re-opens, lets solutions inherit. The rest reads."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from audit.models import TrailEntry
from controls.models import Control, Inheritance
from organisation.models import Solution, User
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, InheritanceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


def filled(by: User, **other: Any) -> dict[str, Any]:
    """What the form is sent; by: the owner."""
    said = {
        "name": "Backups", "objective": "They can be restored", "kind": "corrective", "method": "manual",
        "frequency": "quarterly", "procedure": "Restore one", "evidence": "The log", "owner": by.pk,
    }  # fmt: skip
    return {**said, **other}


def acts() -> list[str]:
    return list(TrailEntry.objects.filter(kind="control").order_by("id").values_list("action", flat=True))


def test_a_control_is_added_and_its_history_begins(second_line: LoggedIn) -> None:
    ana = UserFactory(name="Ana", first_line=True)
    answer = second_line.post("/controls/add/", filled(ana), follow=True)
    assert title(answer) == "Backups: not observed"
    made = Control.objects.get()
    assert (made.owner, made.procedure, made.added_by) == (ana, "Restore one", second_line.person.public_id)
    assert f"{second_line.person.name} " in words(answer)
    assert acts() == ["control.added"]


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"name": "CLOSED"}, "name", "Another control has this name; a retired one keeps its own."),
        ({"objective": ""}, "objective", "This field is required."),
        ({"procedure": ""}, "procedure", "Say how it is tested: nothing else shows a manual control."),
        ({"is_common": "on"}, "is_common", "Choose the solution that operates it: others inherit it from there."),
        ({"owner": 0}, "owner", "Select a valid choice. That choice is not one of the available choices."),
        ({"kind": "x"}, "kind", "Select a valid choice. x is not one of the available choices."),
    ],
)
def test_a_mistake_is_refused_at_its_field(second_line: LoggedIn, said: dict[str, Any], field: str, told: str) -> None:
    ControlFactory(name="Closed")
    answer = second_line.post("/controls/add/", filled(UserFactory(first_line=True), **said))
    assert answer.status_code == 422
    assert answer.context["form"].errors == {field: [told]}
    assert Control.objects.count() == 1


def test_an_auditor_cannot_own_a_control(second_line: LoggedIn) -> None:
    answer = second_line.post("/controls/add/", filled(UserFactory(third_line=True)))
    assert list(answer.context["form"].errors) == ["owner"]


def test_every_change_stands_in_the_history_field_by_field(second_line: LoggedIn) -> None:
    ana, ben = UserFactory(name="Ana", first_line=True), UserFactory(name="Ben", second_line=True)
    platform = SolutionFactory(name="Shared platform")
    second_line.post("/controls/add/", filled(ana))
    made = Control.objects.get()
    address = f"/controls/{made.public_id}/change/"
    said = filled(ben, frequency="monthly", solution=platform.pk, is_common="on", version=1)
    page = second_line.post(address, said, follow=True)
    changes = [(one.label, str(one.before), str(one.after)) for act in page.context["acts"] for one in act.changes]
    assert changes == [
        ("Frequency", "Quarterly", "Monthly"),
        ("Owner", "Ana", "Ben"),
        ("Solution", "every solution", "Shared platform"),
        ("Common", "no", "yes"),
    ]
    made.refresh_from_db()
    assert (made.owner, made.solution, made.is_common, made.version) == (ben, platform, True, 2)
    events = apps.get_model("controls", "ControlEvent").objects.filter(pgh_obj=made).order_by("pgh_id")
    assert [events[0].frequency, events.reverse()[0].frequency] == ["quarterly", "monthly"]
    assert acts() == ["control.added", "control.changed"]


def test_two_people_do_not_overwrite_each_other(second_line: LoggedIn, log_in: LogIn) -> None:
    ana = UserFactory(name="Ana", first_line=True)
    second_line.post("/controls/add/", filled(ana))
    made = Control.objects.get()
    address = f"/controls/{made.public_id}/change/"
    other = log_in(UserFactory(name="Sam", second_line=True))
    other.post(address, filled(ana, name="Restores", version=1))
    answer = second_line.post(address, filled(ana, evidence="Pictures", version=1))
    assert answer.status_code == 422
    assert "Sam saved this" in words(answer)
    assert answer.context["differing"] == [
        ("Name", "Restores", "Backups"),
        ("What evidence shows it", "The log", "Pictures"),
    ]
    assert Control.objects.get().name == "Restores"
    assert second_line.post(address, filled(ana, evidence="Pictures", version=2)).status_code == 302


def test_a_control_is_retired_for_a_reason_and_comes_back(second_line: LoggedIn) -> None:
    control = ControlFactory(name="Tapes")
    address = f"/controls/{control.public_id}/"
    assert second_line.post(f"{address}retire/", {"reason": ""}).status_code == 422
    page = second_line.post(f"{address}retire/", {"reason": "No tapes any more"}, follow=True)
    assert title(page) == "Tapes: retired"
    assert "No tapes any more. It counts in no figure since then." in words(page)
    assert second_line.get(f"{address}change/").status_code == 404
    assert second_line.get(f"{address}tests/add/").status_code == 404
    page = second_line.post(f"{address}reopen/", {"reason": "One was found"}, follow=True)
    assert title(page) == "Tapes: nothing shows it yet"
    assert "re-opened it One was found" in words(page)
    assert second_line.get(f"{address}reopen/").status_code == 404
    assert acts() == ["control.retired", "control.reopened"]


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_the_other_lines_do_not_write(log_in: LogIn, line: str) -> None:
    control = ControlFactory()
    browser = log_in(**{line: True})
    for part in ("change/", "retire/", "inheritances/add/"):
        assert browser.post(f"/controls/{control.public_id}/{part}", {}).status_code == 403
    assert browser.post("/controls/add/", filled(browser.person)).status_code == 403
    text = words(browser.get(f"/controls/{control.public_id}/"))
    assert not any(verb in text for verb in ("Retire", "Change ", "Add a control"))


@pytest.fixture
def common() -> Control:
    return ControlFactory(name="Log-in", is_common=True, solution=SolutionFactory(name="Shared platform"))


def test_a_solution_inherits_a_common_control_until_it_ends(
    second_line: LoggedIn, log_in: LogIn, common: Control
) -> None:
    ledger: Solution = SolutionFactory(name="Ledger")
    heir = log_in(UserFactory(first_line=True, owns=[ledger]))
    address = f"/controls/{common.public_id}/"
    with at("2026-03-01"):
        assert heir.get(address).status_code == 404
        said = {"solution": ledger.pk, "because": "Its people log in there"}
        page = second_line.post(f"{address}inheritances/add/", said, follow=True)
        assert "Ledger since 1 Mar 2026 · Its people log in there" in words(page)
        assert heir.get(address).status_code == 200
        again = second_line.post(f"{address}inheritances/add/", said)
        assert list(again.context["form"].errors) == ["solution"]
    with at("2026-03-10"):
        held = Inheritance.objects.get()
        end = f"{address}inheritances/{held.pk}/end/"
        assert second_line.post(end, {"reason": ""}).status_code == 422
        page = second_line.post(end, {"reason": "It has its own now"}, follow=True)
        assert "It can: it is a common control." in words(page)
        assert heir.get(address).status_code == 404
        assert "Ledger since 1 Mar 2026" in words(second_line.get(f"{address}?as_of=2026-03-05"))
    assert acts() == ["control.inherited", "control.inheritance_ended"]


def test_what_cannot_be_inherited_is_refused(second_line: LoggedIn, common: Control) -> None:
    own = {"solution": common.solution_id, "because": "x"}
    assert second_line.post(f"/controls/{common.public_id}/inheritances/add/", own).status_code == 422
    plain = ControlFactory()
    assert second_line.get(f"/controls/{plain.public_id}/inheritances/add/").status_code == 404
    assert not Inheritance.objects.exists()


def test_what_others_inherit_stays_as_it_is_until_they_no_longer_do(second_line: LoggedIn) -> None:
    held = InheritanceFactory()
    control = held.control
    said = filled(control.owner, name=control.name, solution=control.solution_id, version=1)
    answer = second_line.post(f"/controls/{control.public_id}/change/", said)
    assert answer.context["form"].errors == {
        "solution": ["Other solutions inherit it as it is: end these inheritances first."]
    }
    control.refresh_from_db()
    assert control.is_common
