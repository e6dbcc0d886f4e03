"""Controls through the API: kept, inherited, tested and stated of, with the verbs and refusals of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from controls.models import Control, Verdict
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_mapping_moves_api import errors, post
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory

pytestmark = pytest.mark.django_db


def said(**other: Any) -> dict[str, Any]:
    whole = {
        "name": "Backups", "objective": "They can be restored", "kind": "corrective", "method": "manual",
        "frequency": "quarterly", "procedure": "Restore one",
    }  # fmt: skip
    return {**whole, **other}


def test_a_control_is_added_changed_retired_and_reopened(second_line: LoggedIn) -> None:
    ana, platform = UserFactory(name="Ana", first_line=True), SolutionFactory(name="Shared platform")
    made = post(second_line, "controls/add/", **said(owner=ana.public_id))
    assert made.status_code == 201, made.content
    told = made.json()
    assert {name: told[name] for name in ("name", "type", "procedure", "version", "solution", "monitoring")} == {
        "name": "Backups",
        "type": "corrective",
        "procedure": "Restore one",
        "version": 1,
        "solution": None,
        "monitoring": "not_observed",
    }
    one = f"controls/{told['id']}/"
    more = {"frequency": "monthly", "solution": platform.public_id, "is_common": True}
    changed = post(second_line, f"{one}change/", **more, version=1).json()
    assert (changed["frequency"], changed["solution"]["name"], changed["name"], changed["version"]) == (
        "monthly", "Shared platform", "Backups", 2,
    )  # fmt: skip
    assert post(second_line, f"{one}change/", frequency="daily", version=1).status_code == 409
    assert post(second_line, f"{one}retire/", because="Replaced", version=2).json()["retired_at"]
    assert errors(post(second_line, f"{one}retire/", because="Again")) == {"refused": ["It is retired already."]}
    assert errors(post(second_line, f"{one}change/", name="x")) == {"refused": ["It is retired: re-open it first."]}
    assert post(second_line, f"{one}reopen/", because="Needed").json()["retired_at"] is None
    assert errors(post(second_line, f"{one}reopen/", because="Again")) == {"refused": ["It is not retired."]}


@pytest.mark.parametrize(
    ("other", "field", "why"),
    [
        ({"name": "CLOSED"}, "name", "Another control has this name; a retired one keeps its own."),
        ({"procedure": ""}, "procedure", "Say how it is tested: nothing else shows a manual control."),
        ({"is_common": True}, "is_common", "Choose the solution that operates it: others inherit it from there."),
        ({"kind": "x"}, "kind", '"x" is not a valid choice.'),
    ],
)
def test_a_mistake_is_refused_at_its_field(second_line: LoggedIn, other: Any, field: str, why: str) -> None:
    owner = ControlFactory(name="Closed").owner
    assert errors(post(second_line, "controls/add/", **said(owner=owner.public_id, **other))) == {field: [why]}
    assert Control.objects.count() == 1


def test_only_the_second_line_keeps_controls_and_no_auditor_owns_one(second_line: LoggedIn, log_in: LogIn) -> None:
    auditor = UserFactory(third_line=True)
    assert post(second_line, "controls/add/", **said(owner=auditor.public_id)).status_code == 404
    assert post(log_in(first_line=True), "controls/add/", **said(owner=auditor.public_id)).status_code == 403


def test_a_solution_inherits_it_until_that_ends(second_line: LoggedIn, log_in: LogIn) -> None:
    platform, heir = SolutionFactory(), SolutionFactory(name="Payments")
    control = ControlFactory(solution=platform, is_common=True)
    one, names = f"controls/{control.public_id}/inheritances/", {"solution": heir.public_id, "because": "Agreed"}
    assert post(second_line, f"{one}add/", **names).status_code == 200
    assert post(second_line, f"{one}add/", **names).status_code == 404, "it inherits it already"
    heirs = second_line.get(f"/api/v1/{one}").json()
    assert ([row["solution"]["name"] for row in heirs["named"]], heirs["others"]) == (["Payments"], 0)
    owner = log_in(UserFactory(first_line=True, owns=[platform]))
    assert owner.get(f"/api/v1/{one}").json() == {"named": [], "others": 1}
    own = post(second_line, f"controls/{control.public_id}/change/", is_common=False)
    assert errors(own) == {"solution": ["Other solutions inherit it as it is: end these inheritances first."]}
    assert post(second_line, f"{one}end/", **names).status_code == 200
    assert post(second_line, f"{one}end/", **names).status_code == 404
    private = ControlFactory(solution=platform)
    refused = errors(post(second_line, f"controls/{private.public_id}/inheritances/add/", **names))
    assert refused == {"refused": ["Only a common control that is in use can be inherited."]}


def test_a_test_is_recorded_and_withdrawn(log_in: LogIn) -> None:
    payments = SolutionFactory()
    ana = log_in(UserFactory(name="Ana", first_line=True, owns=[payments]))
    control = ControlFactory(manual=True, frequency="quarterly", owner=ana.person)
    now = clock.now()
    whole = {
        "period_from": now - timedelta(days=30), "period_to": now, "result": "passing", "what": "Restored one",
        "because": "It came back",
    }  # fmt: skip
    made = post(ana, f"controls/{control.public_id}/tests/add/", **whole)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["kind"], told["result"], told["said_by"]["name"]) == ("manual_test", "passing", "Ana")
    verdict = Verdict.objects.get()
    assert verdict.fresh_until == verdict.period_to + control.lasts
    ahead = post(ana, f"controls/{control.public_id}/tests/add/", **whole | {"period_to": now + timedelta(days=9)})
    assert errors(ahead) == {"period_to": ["The period is not over yet: nobody can say what was so in it."]}
    stranger = log_in(first_line=True)
    assert post(stranger, f"controls/{control.public_id}/tests/add/", **whole).status_code == 403
    one = f"verdicts/{told['id']}/"
    assert (
        post(log_in(UserFactory(first_line=True, owns=[payments])), f"{one}withdraw/", because="x").status_code == 403
    )
    assert post(ana, f"{one}withdraw/", because="The wrong month").json()["withdrawn_because"] == "The wrong month"
    assert ana.get(f"/api/v1/{one}").json()["withdrawn_at"]
    assert post(ana, f"{one}withdraw/", because="Again").status_code == 403


def test_what_somebody_without_a_log_in_states_is_written_down(second_line: LoggedIn) -> None:
    control, now = ControlFactory(manual=True), clock.now()
    whole = {
        "period_from": now - timedelta(days=30), "period_to": now, "result": "partly_failing", "what": "So it was",
        "because": "Her list",
    }  # fmt: skip
    path = f"controls/{control.public_id}/attestations/add/"
    assert errors(post(second_line, path, **whole)) == {"stated_by": ["This field is required."]}
    told = post(second_line, path, **whole, stated_by="Eve, head of payroll").json()
    assert (told["kind"], told["stated_by"], told["solution"]) == ("attestation", "Eve, head of payroll", None)
