"""Whose each requirement is in a solution, and conformance packs, through the API."""

from __future__ import annotations

import pytest

from tests.conftest import LoggedIn
from tests.controls.test_responsibility import about, ec2, instances
from tests.factories import SolutionFactory
from tests.factories.controls import PackRuleFactory, PackVersionFactory

pytestmark = pytest.mark.django_db
API = "/api/v1"


def test_whose_each_requirement_is_follows_from_the_services_in_use(third_line: LoggedIn, first_line: LoggedIn) -> None:
    payments, edition = SolutionFactory(), about("host", "guest")
    ec2()
    instances(payments)
    path = f"{API}/solutions/{payments.public_id}/responsibility/{edition.version.framework.public_id}/"
    (row,) = third_line.get(path).json()["results"]
    assert row == {
        "id": edition.public_id, "label": edition.label, "title": edition.title, "areas": ["host", "guest"],
        "whose": "shared", "by_service": {"ec2": "shared"},
        "provider_parts": [{"service": "ec2", "state": "asked", "until": None}],
    }  # fmt: skip
    assert third_line.get(f"{path}?whose=provider").json()["results"] == []
    assert third_line.get(f"{path}?whose=nobody").status_code == 400
    assert first_line.get(path).status_code == 404


def test_the_resources_that_a_matrix_counts_are_listed(third_line: LoggedIn, first_line: LoggedIn) -> None:
    payments = SolutionFactory()
    ec2()
    instances(payments)
    instances(SolutionFactory())
    path = f"{API}/solutions/{payments.public_id}/responsibility/resources/"
    every = third_line.get(path).json()["results"]
    assert every
    assert {(row["type"], *row["solutions"]) for row in every} == {("AWS::EC2::Instance", payments.public_id)}
    for query, found in {
        "service=ec2": every,
        "type=AWS::EC2::Instance": every,
        "service=rds": [],
    }.items():
        assert third_line.get(f"{path}?{query}").json()["results"] == found
    assert first_line.get(path).status_code == 404


def test_a_conformance_pack_is_told_with_its_rules(second_line: LoggedIn) -> None:
    rule = PackRuleFactory(version__pack__name="Practices for X", controls=["AC-3"])
    PackVersionFactory()
    (row,) = second_line.get(f"{API}/conformance-packs/?q=for+x").json()["results"]
    told = second_line.get(f"{API}/conformance-packs/{row['id']}/").json()
    assert (row["version"], row["name"]) == (rule.version.public_id, "Practices for X")
    assert [(one["identifier"], one["controls"]) for one in told["rules"]] == [(rule.identifier, ["AC-3"])]
