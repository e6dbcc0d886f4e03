"""A solution's plan of action and milestones, as OSCAL: valid by trestle's own models and validators."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from trestle.oscal.poam import PlanOfActionAndMilestones
from trestle.oscal.ssp import SystemSecurityPlan

from risks import standing
from risks.models import Risk
from risks.oscal_names import uuid_of
from tests.conftest import LoggedIn
from tests.factories import GrantFactory, SolutionFactory
from tests.factories.findings import FindingFactory
from tests.factories.risks import (
    AppetiteFactory,
    AssessmentFactory,
    RiskExceptionFactory,
    RiskFactory,
    RiskFindingsFactory,
    TreatmentActionFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import counted


@pytest.fixture
def risk(first_line: LoggedIn) -> Risk:
    """Above appetite, with what shows it and what is done about it."""
    AppetiteFactory(appetite=0, tolerance=1)
    risk = RiskFactory(solution=GrantFactory(person=first_line.person).solution, title="Keys leak ", link="")
    AssessmentFactory(risk=risk)
    finding = FindingFactory(solutions=[risk.solution])
    RiskFindingsFactory(risk=risk, check_ran=finding.check_ran)
    TreatmentActionFactory(treatment=TreatmentFactory(risk=risk), due_on=date(2027, 1, 31), what="Replace  keys")
    standing.refresh()
    counted()
    return risk


def plan(browser: LoggedIn, risk: Risk) -> tuple[PlanOfActionAndMilestones, dict[str, Any]]:
    answer = browser.get("/risks/poam.json", {"solution": risk.solution.public_id})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/oscal+json")
    told = json.loads(answer.content)["plan-of-action-and-milestones"]
    return PlanOfActionAndMilestones.model_validate(told), told


@pytest.mark.django_db
def test_a_risk_above_appetite_is_an_item_with_its_observations_and_milestones(
    first_line: LoggedIn, risk: Risk
) -> None:
    RiskFactory(solution=risk.solution, title="Within appetite, and nobody treats it")
    found, told = plan(first_line, risk)
    (item,) = found.poam_items
    assert (item.uuid, item.title) == (uuid_of(f"poam-item/{risk.public_id}"), "Keys leak")
    (one,) = found.risks or []
    assert (one.uuid, told["risks"][0]["status"]) == (uuid_of(risk.public_id), "remediating")
    assert {facet["name"]: facet["value"] for facet in told["risks"][0]["characterizations"][0]["facets"]} == {
        "current-level": "High",
        "likelihood": "Likely",
        "impact": "Major",
    }
    (observation,) = found.observations or []
    assert [related.observation_uuid for related in one.related_observations or []] == [observation.uuid]
    (response,) = one.remediations or []
    (task,) = told["risks"][0]["remediations"][0]["tasks"]
    assert (response.description, task["title"]) == ("Replace keys by roles", "Replace keys")
    assert task["timing"]["on-date"]["date"].startswith("2027-01-31T23:59:59")


@pytest.mark.django_db
def test_the_plan_that_it_imports_is_inside_and_resolves(first_line: LoggedIn, risk: Risk) -> None:
    found, told = plan(first_line, risk)
    assert found.import_ssp is not None
    (resource,) = told["back-matter"]["resources"]
    assert found.import_ssp.href == f"#{resource['uuid']}"
    inside = json.loads(b64decode(resource["base64"]["value"]))["system-security-plan"]
    ssp = SystemSecurityPlan.model_validate(inside)
    assert ssp.uuid == resource["uuid"]
    assert ssp.import_profile.href == f"#{inside['back-matter']['resources'][0]['uuid']}"


@pytest.mark.django_db
def test_a_live_exception_is_an_approved_deviation(first_line: LoggedIn, risk: Risk) -> None:
    RiskExceptionFactory(risk=risk, solution=risk.solution)
    _found, told = plan(first_line, risk)
    assert told["risks"][0]["status"] == "deviation-requested"
    RiskExceptionFactory(risk=risk, solution=risk.solution, live=True)
    _found, told = plan(first_line, risk)
    assert told["risks"][0]["status"] == "deviation-approved"
    entries = told["risks"][0]["risk-log"]["entries"]
    assert [one["status-change"] for one in entries] == ["deviation-requested", "deviation-approved"]


@pytest.mark.django_db
def test_trestle_validates_it_in_a_workspace_of_its_own(
    first_line: LoggedIn, risk: Risk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trestle.cli import Trestle

    answer = first_line.get("/risks/poam.json", {"solution": risk.solution.public_id})
    (tmp_path / "downloaded.json").write_bytes(answer.content)
    space = tmp_path / "space"
    space.mkdir()
    monkeypatch.chdir(space)

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["trestle", *words])
        return int(Trestle().run())

    assert run("init", "--full") == 0
    assert run("import", "-f", str(tmp_path / "downloaded.json"), "-o", "plan") == 0
    assert run("validate", "-t", "plan-of-action-and-milestones", "-n", "plan") == 0


@pytest.mark.django_db
def test_without_a_solution_or_anything_to_plan_it_says_so(first_line: LoggedIn, risk: Risk) -> None:
    assert "choose it" in first_line.get("/risks/poam.json", follow=True).content.decode()
    empty = GrantFactory(person=first_line.person).solution
    page = first_line.get("/risks/poam.json", {"solution": empty.public_id}, follow=True).content.decode()
    assert "there is nothing to plan" in page
    assert first_line.get("/risks/poam.json", {"solution": SolutionFactory().public_id}).status_code == 404
