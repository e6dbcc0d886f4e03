"""What keeps a risk down and what shows it, linked through the API; and a risk made of what fails."""

from __future__ import annotations

from typing import Any

import pytest

from risks.models import Risk, RiskFindings
from tests.conftest import LoggedIn, LogIn
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory
from tests.factories.risks import RiskFactory
from tests.risks.people import World
from tests.risks.test_from_findings import failing, key
from tests.risks.test_risk_moves_api import errors, post

pytestmark = pytest.mark.django_db


def links(browser: LoggedIn, risk: Risk) -> Any:
    return browser.get(f"/api/v1/risks/{risk.public_id}/links/").json()


def test_a_control_is_linked_and_unlinked(world: World, log_in: LogIn) -> None:
    control, elsewhere = ControlFactory(solution=world.payments), ControlFactory(solution=RiskFactory().solution)
    one, ana = f"risks/{world.risk.public_id}/controls/", log_in(world.ana)
    ben = log_in(world.ben)
    said = {"control": control.public_id, "impact_at_most": 1, "because": "It encrypts"}
    assert post(ana, f"{one}link/", **said).status_code == 404, "owns the risk, sees none of the solution's controls"
    assert post(ben, f"{one}link/", **said).status_code == 200
    (link,) = links(ana, world.risk)["controls"]
    assert {name: link[name] for name in ("control", "likelihood_at_most", "impact_at_most", "because")} == {
        "control": {"id": control.public_id, "name": control.name},
        "likelihood_at_most": None,
        "impact_at_most": 1,
        "because": "It encrypts",
    }
    for other in (control, elsewhere):
        assert post(ben, f"{one}link/", control=other.public_id, because="x").status_code == 404
    assert post(ana, f"{one}unlink/", control=control.public_id, because="It does not").status_code == 200
    assert post(ana, f"{one}unlink/", control=control.public_id, because="Again").status_code == 404
    assert links(ana, world.risk)["controls"] == []
    assert post(log_in(world.ines), f"{one}link/", **said).status_code == 403


def test_findings_are_linked_and_unlinked(world: World, log_in: LogIn) -> None:
    check, one, ana = CheckFactory(key="S3.8"), f"risks/{world.risk.public_id}/findings/", log_in(world.ana)
    said = {"check": check.public_id, "account": "111111111111"}
    assert errors(post(ana, f"{one}link/", check=check.public_id, account="1")).keys() == {"account"}
    assert post(ana, f"{one}link/", **said).status_code == 200
    (link,) = links(ana, world.risk)["findings"]
    assert (link["check_key"], link["account"], link["finding"]) == ("S3.8", "111111111111", None)
    wider = post(ana, f"{one}unlink/", check=check.public_id, because="Over")
    assert wider.status_code == 404, "that is linked in one account"
    assert post(ana, f"{one}unlink/", **said, because="Over").status_code == 200
    assert links(ana, world.risk)["findings"] == []
    assert post(log_in(world.dee), f"{one}link/", **said).status_code == 404


def test_a_risk_is_made_of_what_fails_or_joined_by_it(world: World, log_in: LogIn) -> None:
    finding = failing(world)
    ana, address = log_in(world.ana), f"risks/from/{key(world, finding)}/"
    found = log_in(world.ben).get(f"/api/v1/{address}").json()
    assert (found["failing"], found["risks"], found["joinable"]) == (1, [], [world.risk.public_id])
    draft = found["draft"]
    assert draft["title"] == f"S3 buckets should block public access: fails in {finding.account}"
    assert (draft["solution"]["name"], draft["owner"]["name"]) == ("Payments", "Ben")
    ben = log_in(world.ben)
    rows = {name: draft[name]["id"] for name in ("solution", "category", "owner")}
    made = post(ben, f"{address}make/", **{**draft, **rows})
    assert made.status_code == 201, made.content
    assert post(ben, f"{address}join/", risk=world.risk.public_id).status_code == 200
    shown = RiskFindings.objects.order_by("pk").values_list("risk", "check_ran", "account")
    assert [*shown] == [
        (Risk.key_of(made.json()["id"]), finding.check_ran_id, finding.account),
        (world.risk.pk, finding.check_ran_id, finding.account),
    ]
    assert ben.get(f"/api/v1/{address}").json()["joinable"] == []
    assert post(ben, f"{address}join/", risk=RiskFactory().public_id).status_code == 404
    assert ana.get(f"/api/v1/{address}").status_code == 404, "owns the risk, has no part in the solution"
