"""Shared responsibility: by service type and area, of a requirement, and of a solution from what it really uses."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from audit import clock
from audit.models import TrailEntry
from controls.models import Edition, Party, RequirementAreas, Responsibility, RunsAs, ServiceType
from controls.responsibility import follows
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import AreaRuleFactory, EditionFactory, FrameworkVersionFactory, ServiceTypeFactory
from tests.factories.findings import FindingFactory, ResourceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
OURS = {"host": "provider", "guest": "customer", "data": "customer"}


def instances(solution: Solution, n: int = 1, **more: Any) -> None:
    ResourceFactory.create_batch(n, type="AWS::EC2::Instance", solutions=[solution.pk], **more)


def ec2(**whose: str) -> ServiceType:
    made: ServiceType = ServiceTypeFactory(
        key="ec2", name="Amazon EC2", resource_types=["AWS::EC2::Instance"], whose=whose or OURS
    )
    return made


def about(*areas: str, key: str = "SI-2", **more: Any) -> Edition:
    edition: Edition = EditionFactory(key=key, **more)
    AreaRuleFactory(edition=edition, areas=list(areas))
    return edition


def matrix(solution: Solution, tail: str = "/", query: str = "") -> str:
    return f"/solutions/{solution.public_id}/responsibility{tail}{query}"


def told(browser: LoggedIn, solution: Solution, query: str = "") -> dict[str, dict[str, str | None]]:
    """Service type → area → whose it is, None where that is not assigned."""
    lines = browser.get(matrix(solution, query=query)).context["lines"]
    return {
        line.service.name: {area.value: said.party if said else None for area, said in line.cells} for line in lines
    }


def whose(browser: LoggedIn, edition: Edition) -> list[tuple[str, list[str]]]:
    """Who a requirement's page says it is for, and for which service types."""
    page = browser.get(f"/frameworks/requirements/{edition.public_id}/").context["told"]
    return [(party.label if party else "Not assigned", [one.service.name for one in answers])
            for party, answers in page["whose"].cells]  # fmt: skip


@pytest.mark.parametrize(
    ("areas", "whose_it_is"),
    [
        (["provider", "provider"], Party.PROVIDER),
        (["customer"], Party.CUSTOMER),
        (["provider", "customer"], Party.SHARED),
        (["provider", "shared"], Party.SHARED),
        (["provider", "none"], Party.PROVIDER),
        (["none"], Party.NONE),
        (["provider", None], None),
        ([], None),
    ],
)
def test_a_requirement_is_whose_all_its_areas_are(areas: list[str | None], whose_it_is: Party | None) -> None:
    assert follows(areas) == whose_it_is


def test_a_matrix_follows_from_the_resource_types_in_use(third_line: LoggedIn) -> None:
    payments = SolutionFactory(name="Payments")
    instances(payments, 2)
    instances(payments, region="us-east-1")
    instances(payments, gone_at=clock.now())
    ResourceFactory(type="AWS::Braket::QuantumTask", solutions=[payments.pk])
    ResourceFactory(type="AWS::S3::Bucket")
    ec2()
    ServiceTypeFactory(name="Amazon S3")
    answer = third_line.get(matrix(payments))
    assert title(answer) == "Payments uses 1 service type, 12 areas are not assigned"
    assert {area: party for area, party in told(third_line, payments)["Amazon EC2"].items() if party} == OURS
    (line,) = answer.context["lines"]
    assert (line.use.total, line.use.regions) == (3, ("eu-central-1", "us-east-1"))
    assert "1 resource is of a type that no service type claims: AWS::Braket::QuantumTask 1" in words(answer)
    assert "Customer. AWS patches the host. AWS: shared responsibility" in answer.content.decode()


def test_the_count_of_resources_is_a_door_to_as_many(third_line: LoggedIn) -> None:
    payments = SolutionFactory(name="Payments")
    instances(payments, 2)
    ResourceFactory(type="AWS::Braket::QuantumTask", solutions=[payments.pk])
    ec2()
    answer = third_line.get(matrix(payments, "/resources/", "?service=ec2"))
    assert title(answer) == "Payments: 2 resources of Amazon EC2"
    assert len(answer.context["page"].rows) == 2
    assert title(third_line.get(matrix(payments, "/resources/", "?service=other"))) == (
        "Payments: 1 resource of no service type"
    )
    assert not third_line.get(matrix(payments, "/resources/", "?service=lambda")).context["page"].rows


def test_a_past_matrix_counts_what_findings_of_then_named(second_line: LoggedIn) -> None:
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    moved = ResourceFactory(type="AWS::EC2::Instance", solutions=[ledger.pk])
    FindingFactory(resource=moved, solutions=[payments])
    ec2()
    assert told(second_line, payments) == {}
    assert list(told(second_line, payments, "?as_of=2026-01-01")) == ["Amazon EC2"]
    assert told(second_line, ledger, "?as_of=2026-01-01") == {}


def test_the_second_line_states_whose_an_area_is(second_line: LoggedIn) -> None:
    service = ec2()
    page = f"/responsibility/{service.public_id}/"
    answer = second_line.post(
        f"{page}state/", {"area": "guest", "party": "shared", "because": "An outsourcer patches"}, follow=True
    )
    row = next(row for row in answer.context["rows"] if row["area"] == "guest")
    assert (row["said"].party, row["said"].because, row["library"].party) == (
        "shared",
        "An outsourcer patches",
        "customer",
    )
    assert "The library says: Customer." in words(answer)
    assert TrailEntry.objects.filter(action="responsibility.stated").count() == 1
    second_line.post(f"{page}state/", {"area": "guest", "party": "", "because": "The contract ended"})
    row = next(row for row in second_line.get(page).context["rows"] if row["area"] == "guest")
    assert (row["said"].party, row["said"].stated_by) == ("customer", None)
    assert Responsibility.objects.of_people().count() == 2
    refused = second_line.post(f"{page}state/", {"area": "guest", "party": "shared", "because": ""})
    assert (refused.status_code, Responsibility.objects.of_people().count()) == (422, 2)
    assert second_line.post(f"{page}state/", {"area": "roof", "party": "shared", "because": "x"}).status_code == 422


def test_the_past_keeps_the_statements_of_then(log_in: LogIn) -> None:
    service, person = ec2(), UserFactory(second_line=True)
    with at("2027-03-01"):
        log_in(person).post(
            f"/responsibility/{service.public_id}/state/", {"area": "guest", "party": "shared", "because": "Outsourced"}
        )
    with at("2027-06-01"):
        for day, party in (("2027-02-01", "customer"), ("2027-04-01", "shared")):
            rows = log_in(person).get(f"/responsibility/{service.public_id}/?as_of={day}").context["rows"]
            assert next(row["said"].party for row in rows if row["area"] == "guest") == party


def test_a_requirement_says_whose_it_is_for_each_service_type(third_line: LoggedIn) -> None:
    ec2()
    ServiceTypeFactory(name="Amazon S3", whose={"host": "provider", "guest": "provider"})
    ServiceTypeFactory(name="ECS, launch type not known", whose={"host": "provider"})
    edition = about("host", "guest")
    assert whose(third_line, edition) == [
        ("Provider", ["Amazon S3"]),
        ("Shared", ["Amazon EC2"]),
        ("Not assigned", ["ECS, launch type not known"]),
    ]
    answer = words(third_line.get(f"/frameworks/requirements/{edition.public_id}/"))
    assert "It is about Host, Guest OS" in answer
    assert "ECS, launch type not known (Guest OS)" in answer


def test_the_most_specific_statement_says_what_a_requirement_is_about(third_line: LoggedIn) -> None:
    ec2()
    of_it, part = about("data", key="SC-7"), EditionFactory(key="SC-7(3)")
    AreaRuleFactory(edition=part, name="SC-7", areas=["guest"])
    AreaRuleFactory(edition=part, name="SC", areas=["host"])
    assert whose(third_line, of_it) == [("Customer", ["Amazon EC2"])]
    assert whose(third_line, part) == [("Customer", ["Amazon EC2"])]
    unknown = EditionFactory(key="SC-70")
    page = words(third_line.get(f"/frameworks/requirements/{unknown.public_id}/"))
    assert "Not assigned: nobody stated which areas it is about." in page


def test_the_second_line_states_what_a_requirement_is_about(second_line: LoggedIn, third_line: LoggedIn) -> None:
    ec2()
    edition = about("guest")
    page = f"/frameworks/requirements/{edition.public_id}/areas/"
    second_line.post(page, {"follows": "own", "areas": ["host"], "because": "Read it anew"})
    assert whose(second_line, edition) == [("Provider", ["Amazon EC2"])]
    second_line.post(page, {"follows": "own", "because": "None of them"})
    assert second_line.get(f"/frameworks/requirements/{edition.public_id}/").context["told"]["about"].areas == ()
    second_line.post(page, {"follows": "library", "because": "The library is right"})
    assert whose(second_line, edition) == [("Customer", ["Amazon EC2"])]
    assert RequirementAreas.objects.count() == 3
    assert second_line.post(page, {"follows": "own", "areas": ["roof"], "because": "x"}).status_code == 422
    assert third_line.post(page, {"follows": "own", "areas": ["host"], "because": "x"}).status_code == 403


def test_what_a_type_runs_as_is_stated_where_the_inventory_does_not_tell(second_line: LoggedIn) -> None:
    payments = SolutionFactory(name="Payments")
    ResourceFactory(type="AWS::ECS::Service", solutions=[payments.pk])
    ServiceTypeFactory(
        key="ecs",
        name="Amazon ECS",
        note="Fargate and EC2 differ.",
        resource_types=["AWS::ECS::Service"],
        whose={"host": "provider"},
    )
    ServiceTypeFactory(
        key="ecs-fargate", name="ECS on Fargate", resource_types=[], may_be=["ecs"], whose={"guest": "provider"}
    )
    assert told(second_line, payments)["Amazon ECS"]["guest"] is None
    assert "Fargate and EC2 differ." in words(second_line.get(matrix(payments)))
    form = matrix(payments, "/runs-as/AWS::ECS::Service/")
    answer = second_line.post(form, {"kind": "ecs-fargate", "because": "Task definitions say so"}, follow=True)
    assert "AWS::ECS::Service : ECS on Fargate. Task definitions say so" in words(answer)
    assert told(second_line, payments)["ECS on Fargate"]["guest"] == "provider"
    second_line.post(form, {"kind": "", "because": "No longer sure"})
    assert list(told(second_line, payments)) == ["Amazon ECS"]
    assert RunsAs.objects.count() == 2
    assert second_line.post(form, {"kind": "s3", "because": "x"}).status_code == 422
    assert second_line.get(matrix(payments, "/runs-as/AWS::S3::Bucket/")).status_code == 404


def test_a_framework_is_told_for_the_services_in_use(third_line: LoggedIn) -> None:
    payments = SolutionFactory(name="Payments")
    instances(payments)
    ec2()
    version = FrameworkVersionFactory(framework__name="ISO/IEC 27001")
    about("host", key="A.7.1", version=version)
    about("data", key="A.5.12", version=version)
    EditionFactory(key="A.5.1", version=version)
    page = matrix(payments, f"/{version.framework.public_id}/")
    answer = third_line.get(page)
    assert title(answer) == "Payments, ISO/IEC 27001: a provider report is asked for 1 requirement"
    assert [(value, n) for value, _word, n in answer.context["counts"]] == [
        ("provider", 1), ("shared", 0), ("customer", 1), ("unassigned", 1),
    ]  # fmt: skip

    def listed(query: str) -> list[str]:
        return [row.edition.label for row, *_cells in third_line.get(page + query).context["rows"]]

    assert listed("?whose=provider") == ["A.7.1"]
    assert listed("?whose=unassigned") == ["A.5.1"]
    assert listed("?part=asked") == ["A.7.1"]
    assert listed("?q=A.5.12") == ["A.5.12"]
    assert third_line.get(f"{page}?whose=nobody").status_code == 400
    assert "Report asked for : Amazon EC2" in words(answer)


def test_both_are_taken_away_as_a_file(third_line: LoggedIn) -> None:
    payments = SolutionFactory(name="Payments")
    instances(payments, 2)
    ec2()
    version = FrameworkVersionFactory()
    about("host", "guest", key="A.7.1", version=version)
    rows = list(csv.reader(io.StringIO(third_line.get(matrix(payments, ".csv")).content.decode("utf-8-sig"))))
    assert len(rows) == 16
    assert rows[2][:10] == [
        "Amazon EC2", "AWS::EC2::Instance", "2", "eu-central-1", "Host", "Provider", "AWS patches the host.",
        "AWS: shared responsibility", "https://docs.aws.amazon.com/shared", "2026-11-28",
    ]  # fmt: skip
    assert rows[1][4:6] == ["Facilities", "not assigned"]
    answer = third_line.get(matrix(payments, f"/{version.framework.public_id}.xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True)["Rows"]
    head, row = sheet.iter_rows(values_only=True)
    assert head[-2:] == ("Amazon EC2", "Provider's part")
    assert row[0] == "A.7.1"
    assert row[5] == "Shared"
    assert row[-1] == "Amazon EC2: Report asked for"
    assert third_line.get(matrix(payments, ".pdf")).status_code == 400


def test_the_first_line_sees_its_own_solutions_alone(log_in: LogIn) -> None:
    payments, ledger = SolutionFactory(), SolutionFactory()
    engineer = log_in(first_line=True)
    GrantFactory(person=engineer.person, solution=payments)
    instances(payments)
    ec2()
    assert list(told(engineer, payments)) == ["Amazon EC2"]
    assert engineer.get(matrix(ledger)).status_code == 404
    assert "State otherwise" not in words(engineer.get(f"/responsibility/{ServiceType.objects.get().public_id}/"))
    panel = words(engineer.get(f"/organisation/solutions/{payments.public_id}/"))
    assert "Amazon EC2 1" in panel


def test_an_administrator_sees_no_responsibility_on_a_solution(administrator: LoggedIn) -> None:
    payments = SolutionFactory()
    instances(payments)
    ec2()
    assert "Amazon EC2" not in words(administrator.get(f"/organisation/solutions/{payments.public_id}/"))


def test_the_interface_tells_what_the_pages_do(third_line: LoggedIn, second_line: LoggedIn) -> None:
    payments = SolutionFactory()
    instances(payments)
    service = ec2()
    second_line.post(
        f"/responsibility/{service.public_id}/state/", {"area": "guest", "party": "shared", "because": "Outsourced"}
    )
    (use,) = third_line.get(f"/api/v1/solutions/{payments.public_id}/responsibility/").json()
    assert (use["service"], use["resource_types"]) == ("ec2", {"AWS::EC2::Instance": 1})
    expected = {"host": "provider", "guest": "shared", "data": "customer"}
    assert {one["area"]: one["party"] for one in use["responsibilities"]} == expected
    listed = third_line.get("/api/v1/responsibilities/").json()["results"]
    assert {one["area"]: one["party"] for one in listed} == expected
    assert [one["key"] for one in third_line.get("/api/v1/service-types/").json()["results"]] == ["ec2"]


@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_for_any_number(third_line: LoggedIn, count: int, django_assert_num_queries: Any) -> None:
    payments = SolutionFactory()
    version = FrameworkVersionFactory()
    for n in range(count):
        ServiceTypeFactory(resource_types=[f"AWS::Test::Type{n}"], whose=OURS)
        ResourceFactory(type=f"AWS::Test::Type{n}", solutions=[payments.pk])
        about("host", key=f"X.{n}", version=version)
    with django_assert_num_queries(12):
        third_line.get(matrix(payments))
    with django_assert_num_queries(20):
        third_line.get(matrix(payments, f"/{version.framework.public_id}/"))
    with django_assert_num_queries(8):
        third_line.get("/responsibility/")
