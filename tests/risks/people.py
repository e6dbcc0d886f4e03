"""Who has to do with a risk in these tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from organisation.models import Solution, User
from risks.models import Matrix, Risk
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.risks import MatrixFactory, RiskFactory


@dataclass(frozen=True)
class World:
    """Ana owns the risk, Ben the solution; Cleo works on it, Dee does not. Ines is of the second line."""

    matrix: Matrix
    payments: Solution
    risk: Risk
    ana: User
    ben: User
    cleo: User
    dee: User
    ines: User


def a_world(solution: str = "Payments", **more: Any) -> World:
    payments = SolutionFactory(name=solution)
    ana = UserFactory(name="Ana", first_line=True)
    ben, cleo = UserFactory(name="Ben", first_line=True), UserFactory(name="Cleo", first_line=True)
    GrantFactory(person=ben, solution=payments, kind="owner")
    GrantFactory(person=cleo, solution=payments, kind="member")
    return World(
        matrix=MatrixFactory(),
        payments=payments,
        risk=RiskFactory(title="Keys leak", solution=payments, owner=ana, **more),
        ana=ana,
        ben=ben,
        cleo=cleo,
        dee=UserFactory(name="Dee", first_line=True),
        ines=UserFactory(name="Ines", second_line=True),
    )
