"""The register in the API: the same rows and the same verbs as on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from risks import standing
from risks.models import Assessment, Risk
from tests.conftest import LoggedIn, LogIn
from tests.factories.risks import AppetiteFactory, AssessmentFactory, RiskFactory, TreatmentFactory
from tests.risks.people import World

pytestmark = pytest.mark.django_db
LIST = "/api/v1/risks/"


def send(browser: LoggedIn, method: str, address: str, said: dict[str, Any]) -> Any:
    return getattr(browser, method)(address, said, content_type="application/json")


def test_the_list_is_the_page_s_with_its_filters_and_pages(second_line: LoggedIn) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    high = RiskFactory(title="Keys leak")
    TreatmentFactory(risk=high)
    AssessmentFactory(risk=high, likelihood=4, impact=4)
    RiskFactory(title="Logs end")
    standing.refresh()
    first = second_line.get(f"{LIST}?size=1").json()
    (row,) = first["results"]
    assert (row["id"], row["title"], row["current"], row["inherent"], row["standing"]) == (
        high.public_id,
        "Keys leak",
        {"level": 3, "label": "Critical"},
        None,
        "above_tolerance",
    )
    assert row["treatment"] == {"strategies": ["mitigate"], "due_on": None}
    assert row["owner"] == {"id": high.owner.public_id, "name": high.owner.name}
    second = second_line.get(first["next"]).json()
    assert ([one["title"] for one in second["results"]], second["next"]) == (["Logs end"], None)
    assert second_line.get(f"{LIST}?standing=not_assessed").json()["results"][0]["title"] == "Logs end"
    assert second_line.get(f"{LIST}?standing=good").status_code == 400


def test_one_risk_tells_its_assessments(world: World, log_in: LogIn) -> None:
    stated = AssessmentFactory(risk=world.risk)
    standing.refresh()
    told = log_in(world.cleo).get(f"{LIST}{world.risk.public_id}/").json()
    assert (told["title"], told["version"], told["current"]["label"]) == ("Keys leak", 1, "High")
    (one,) = told["assessments"]
    assert (one["id"], one["kind"], one["label"], one["confirmed_by"]["name"]) == (
        stated.public_id,
        "current",
        "High",
        "Ana",
    )
    past = log_in(world.cleo).get(f"{LIST}{world.risk.public_id}/?as_of=2019-01-01T00:00:00")
    assert past.status_code == 404
    assert log_in(world.dee).get(f"{LIST}{world.risk.public_id}/").status_code == 404


def test_a_risk_is_added(world: World, log_in: LogIn) -> None:
    said = {
        "title": "Queues fill",
        "cause": "Nobody empties them",
        "event": "They overflow",
        "consequence": "Orders are lost",
        "solution": world.payments.public_id,
        "category": world.risk.category.public_id,
        "owner": world.ana.public_id,
    }
    answer = send(log_in(world.ben), "post", LIST, said)
    assert answer.status_code == 201, answer.content
    made = Risk.objects.latest("pk")
    assert (answer.json()["id"], made.owner, made.link) == (made.public_id, world.ana, "")
    refused = send(log_in(world.ben), "post", LIST, {**said, "title": "", "owner": "P-999999", "solution": "x"})
    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"title", "owner", "solution"}
    no_part = send(log_in(world.dee), "post", LIST, said)
    assert (no_part.status_code, "You have no part in Payments" in no_part.json()["errors"]["risk"][0]) == (400, True)
    assert send(log_in(third_line=True), "post", LIST, said).status_code == 403


def test_a_risk_is_changed_by_the_version_that_was_read(world: World, log_in: LogIn) -> None:
    ben, address = log_in(world.ben), f"{LIST}{world.risk.public_id}/"
    answer = send(ben, "patch", address, {"version": 1, "title": "Keys leak twice", "owner": world.ben.public_id})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["title"], answer.json()["version"], answer.json()["owner"]["name"]) == (
        "Keys leak twice",
        2,
        "Ben",
    )
    stale = send(ben, "patch", address, {"version": 1, "title": "Other"})
    assert (stale.status_code, "Somebody saved it" in stale.json()["detail"]) == (409, True)
    assert send(ben, "patch", address, {"title": "Other"}).json()["errors"].keys() == {"version"}
    assert send(log_in(world.ines), "patch", address, {"version": 2, "title": "x"}).status_code == 403
    world.risk.refresh_from_db()
    assert world.risk.title == "Keys leak twice"


def test_a_change_takes_few_queries(world: World, log_in: LogIn, django_assert_max_num_queries: Any) -> None:
    ben, address = log_in(world.ben), f"{LIST}{world.risk.public_id}/"
    ben.get(address)
    with django_assert_max_num_queries(20):
        assert send(ben, "patch", address, {"version": 1, "title": "Keys leak twice"}).status_code == 200


def test_a_level_is_stated_or_proposed(world: World, log_in: LogIn) -> None:
    address = f"{LIST}{world.risk.public_id}/assessments/"
    said = {"kind": "current", "likelihood": 4, "impact": 4, "because": "It happened twice"}
    proposed = send(log_in(world.cleo), "post", address, said)
    assert (proposed.status_code, proposed.json()["confirmed_by"]) == (201, None)
    stated = send(log_in(world.ana), "post", address, said)
    assert (stated.json()["confirmed_by"]["name"], stated.json()["label"]) == ("Ana", "Critical")
    world.risk.refresh_from_db()
    assert world.risk.current == 3
    assert Assessment.objects.count() == 2
    assert send(log_in(world.ana), "post", address, {**said, "impact": 9}).status_code == 400
    assert send(log_in(world.ines), "post", address, said).status_code == 403
    assert send(log_in(world.dee), "post", address, said).status_code == 404
