"""The register taken away through the API."""

from __future__ import annotations

import pytest

from risks.models import Risk
from tests.conftest import LoggedIn, Program
from tests.factories import GrantFactory, SolutionFactory
from tests.risks.test_exchange import exported, owned, rows
from tests.risks.test_poam import risk

__all__ = ["owned", "risk"]
pytestmark = pytest.mark.django_db
API = "/api/v1/risks"


def test_a_program_takes_the_register_away_as_the_page_does(first_line: LoggedIn, owned: Risk) -> None:
    program = Program(first_line.person)
    assert rows(program.get(f"{API}/export/?form=csv").content) == rows(exported(first_line))
    (row,) = rows(program.get(f"{API}/export/?form=csv&columns=title").content)
    assert list(row) == ["Id", "Title", "Version"]
    assert program.get(f"{API}/export/?form=xlsx")["Content-Disposition"].endswith('.xlsx"')
    assert program.get(f"{API}/export/?form=pdf").status_code == 404


def test_a_plan_of_a_solution_is_oscal(first_line: LoggedIn, risk: Risk) -> None:
    told = first_line.get(f"/api/v1/solutions/{risk.solution.public_id}/poam/")
    assert told["Content-Type"] == "application/oscal+json"
    plan = told.json()["plan-of-action-and-milestones"]
    assert [one["title"] for one in plan["risks"]] == ["Keys leak"]
    nothing = GrantFactory(person=first_line.person, solution__name="Ledger").solution
    none = first_line.get(f"/api/v1/solutions/{nothing.public_id}/poam/").json()["errors"]
    assert none == {"refused": ["Ledger has no open risk above appetite and no treatment: there is nothing to plan."]}
    assert first_line.get(f"/api/v1/solutions/{SolutionFactory().public_id}/poam/").status_code == 404
