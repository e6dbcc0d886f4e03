"""Responsibility and provider reports, stated and recorded through the API."""

from __future__ import annotations

from typing import Any

import pytest

from controls.models import ProviderReport, ServiceType
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_mapping_moves_api import errors, post
from tests.controls.test_provider_reports import s3
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, ProviderReportFactory, RequirementFactory, ServiceTypeFactory

__all__ = ["s3"]
pytestmark = pytest.mark.django_db


def test_whose_an_area_is_is_stated_and_taken_back(
    second_line: LoggedIn, first_line: LoggedIn, s3: ServiceType
) -> None:
    one, said = f"service-types/{s3.public_id}/", {"area": "host", "because": "By contract"}
    told = post(second_line, f"{one}state/", party="customer", **said).json()
    assert {row["area"]: row["party"] for row in told["responsibilities"]} == {
        "host": "customer", "facilities": "provider",
    }  # fmt: skip
    library = post(second_line, f"{one}state/", **said).json()
    assert {row["party"] for row in library["responsibilities"]} == {"provider"}
    assert first_line.get(f"/api/v1/{one}").json() == library
    assert post(first_line, f"{one}state/", **said).status_code == 403


def test_what_a_requirement_is_about_is_stated(second_line: LoggedIn) -> None:
    requirement = RequirementFactory()
    path = f"requirements/{requirement.public_id}/areas/"
    told = post(second_line, path, areas=["host", "guest"], because="It asks for patches").json()
    assert (told["requirement"], told["areas"]) == (requirement.public_id, ["host", "guest"])
    assert post(second_line, path, areas=None, because="The library is right").json()["areas"] is None
    assert errors(post(second_line, path, areas=["moon"], because="x")).keys() == {"areas.0"}


def test_what_a_type_runs_as_is_stated(second_line: LoggedIn) -> None:
    payments = SolutionFactory()
    ServiceTypeFactory(key="ecs", resource_types=["AWS::ECS::Service"])
    ServiceTypeFactory(key="ecs-fargate", resource_types=[], may_be=["ecs"])
    path = f"solutions/{payments.public_id}/responsibility/runs-as/"
    said = {"resource_type": "AWS::ECS::Service", "because": "Task definitions say so"}
    assert post(second_line, path, kind="ecs-fargate", **said).json()["kind"] == "ecs-fargate"
    assert post(second_line, path, **said).json()["kind"] is None
    for wrong in ({"kind": "s3"}, {"resource_type": "AWS::S3::Bucket"}):
        assert post(second_line, path, **said | wrong).status_code == 404


def asked(service: ServiceType, **more: Any) -> dict[str, Any]:
    whole = {
        "name": "SOC 2, spring", "kind": "soc_2", "provider": "Amazon Web Services", "areas": ["host", "facilities"],
        "period_from": "2026-04-01T00:00:00Z", "period_to": "2026-10-01T00:00:00Z", "services": [service.public_id],
        "regions": ["eu-central-1"], "expects": ["Users who leave are removed.", "Logs are read."],
    }  # fmt: skip
    return {**whole, **more}


def test_a_report_is_recorded_read_and_answered(second_line: LoggedIn, s3: ServiceType) -> None:
    made = post(second_line, "provider-reports/record/", **asked(s3))
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["services"], told["readings"], told["expected"]) == (
        ["s3"], [],
        [
            {"position": 1, "asks": "Users who leave are removed.", "control": None, "because": ""},
            {"position": 2, "asks": "Logs are read.", "control": None, "because": ""},
        ],
    )  # fmt: skip
    one, control = f"provider-reports/{told['id']}/", ControlFactory()
    read = post(second_line, f"{one}read/", exceptions="A fire door stood open.").json()
    assert [(row["exceptions"], row["read_by"]["name"]) for row in read["readings"]] == [
        ("A fire door stood open.", second_line.person.name)
    ]
    met = {"position": 1, "control": control.public_id, "because": "Done each week"}
    answered = post(second_line, f"{one}expected/", **met).json()["expected"][0]
    assert (answered["control"], answered["because"]) == (control.public_id, "Done each week")
    assert post(second_line, f"{one}expected/", position=3, because="x").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"period_to": "2026-03-01T00:00:00Z"}, "period_to", "It would end before it begins."),
        ({"regions": ["Frankfurt"]}, "regions", "Frankfurt is no name of a Region, such as ap-southeast-2."),
        ({"regions": []}, "regions", ", is no name of a Region, such as ap-southeast-2."),
        ({"every_region": True}, "regions", "It is of every Region, or of those that are named."),
        ({"areas": ["premises"]}, "areas", "Choose areas in which a provider has a part."),
        ({"services": []}, "services", "Choose those that its scope names."),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    second_line: LoggedIn, s3: ServiceType, wrong: dict[str, Any], field: str, why: str
) -> None:
    assert errors(post(second_line, "provider-reports/record/", **asked(s3, **wrong))) == {field: [why]}
    assert not ProviderReport.objects.exists()


def test_a_gap_letter_carries_it_on_until_it_is_withdrawn(log_in: LogIn, s3: ServiceType) -> None:
    person = UserFactory(second_line=True)
    report = ProviderReportFactory(of=[s3], read_by=person, period_to="2026-10-01T00:00:00Z")
    one = f"provider-reports/{report.public_id}/"
    with at("2026-12-01"):
        second_line = log_in(person)
        for until, why in (
            ("2026-09-01T00:00:00Z", "The report's own period lasts longer."),
            ("2027-01-01T00:00:00Z", "Nobody can state today what did not change later."),
        ):
            assert errors(post(second_line, f"{one}gap-letter/", until=until)) == {"until": [why]}
        told = post(second_line, f"{one}gap-letter/", until="2026-12-01T00:00:00Z", note="A letter").json()
        assert told["gap_letter_until"].startswith("2026-12-01")
        withdrawn = post(second_line, f"{one}withdraw/", because="Of another provider").json()
        assert withdrawn["withdrawn_because"] == "Of another provider"
        assert second_line.get(f"/api/v1/{one}").json()["withdrawn_at"]
        assert post(second_line, f"{one}read/").status_code == 404
        assert post(log_in(first_line=True), f"{one}read/").status_code == 403
