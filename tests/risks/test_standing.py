"""What is kept of where risks stand equals what a slow recount from the rows alone says, whatever happened."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from audit import clock
from risks import appetites, matrices, standing
from risks.matrices import Draft
from risks.models import Appetite, Assessment, Category, Matrix, Risk
from risks.models.risk import KEPT_UP
from tests.clock import at
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AssessmentFactory, CategoryFactory, MatrixFactory, RiskFactory

pytestmark = pytest.mark.django_db
APPROVED: dict[str, Any] = {"approved_by": "Board", "approved_on": date(2020, 1, 1)}
KINDS = ("inherent", "current", "target")


def read_now(level: int, stated_on: Matrix, now: Matrix) -> int:
    """A level, carried one version at a time."""
    chain = []
    step = now
    while step != stated_on:
        chain.append(step)
        assert step.follows
        step = step.follows
    for version in reversed(chain):
        level = version.carried[level]
    return level


def counting_appetite(risk: Risk, when: Any) -> Appetite | None:
    found = None
    for one in Appetite.objects.order_by("pk"):
        began, ended = one.valid_from <= when, one.valid_to is not None and one.valid_to <= when
        fits = one.solution in (None, risk.solution) and one.category in (None, risk.category)
        if began and not ended and fits and (found is None or specific(one) > specific(found)):
            found = one
    return found


def specific(one: Appetite) -> int:
    return (2 if one.solution else 0) + (1 if one.category else 0)


def recounted(risk: Risk, when: Any) -> dict[str, Any]:
    now = max(Matrix.objects.filter(adopted_at__lte=when), key=lambda one: (one.adopted_at, one.pk))
    told: dict[str, Any] = {"likelihood": None, "impact": None}
    for kind in KINDS:
        confirmed = [
            one
            for one in Assessment.objects.filter(risk=risk, kind=kind)
            if one.confirmed_at is not None and one.confirmed_at <= when
        ]
        latest = max(confirmed, key=lambda one: (one.confirmed_at, one.pk), default=None)
        told[kind] = read_now(latest.level, latest.matrix, now) if latest else None
        if kind == "current" and latest:
            same = latest.matrix.likelihoods == now.likelihoods and latest.matrix.impacts == now.impacts
            if same and now.cells[latest.likelihood][latest.impact] == told[kind]:
                told |= {"likelihood": latest.likelihood, "impact": latest.impact}
    bounds = counting_appetite(risk, when)
    if told["current"] is None:
        told["standing"] = "not_assessed"
    elif bounds is None:
        told["standing"] = "no_appetite"
    elif told["current"] > read_now(bounds.tolerance, bounds.matrix, now):
        told["standing"] = "above_tolerance"
    else:
        above = told["current"] > read_now(bounds.appetite, bounds.matrix, now)
        told["standing"] = "above_appetite" if above else "within"
    return told


def another_version(dice: Random) -> Draft:
    """Sometimes of the same shape, sometimes of another; always monotone."""
    before = Matrix.objects.in_force(clock.now())
    assert before
    rows, columns, levels = (dice.choice([len(before.likelihoods), 3, 4, 6]) for _side in "rcl")
    rises = sorted(dice.randrange(levels) for _step in range(rows + columns - 1))
    return Draft(
        likelihoods=[f"L{n}" for n in range(rows)],
        impacts=[f"I{n}" for n in range(columns)],
        levels=[{"label": f"Level {n}", "tone": 1 + n} for n in range(levels)],
        cells=[[rises[row + column] for column in range(columns)] for row in range(rows)],
        by_severity=[0] * 6,
        carried=sorted(dice.randrange(levels) for _level in before.levels),
    )


class Acts:
    """What may happen to risks, each with the call that whoever does it makes."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.solutions: list[Any] = SolutionFactory.create_batch(2)
        self.categories: list[Category] = CategoryFactory.create_batch(2)
        self.risks: list[Risk] = [
            RiskFactory(solution=dice.choice(self.solutions), category=dice.choice(self.categories)) for _n in range(8)
        ]

    def assess(self) -> None:
        matrix = Matrix.objects.in_force(clock.now())
        assert matrix
        risk, now = self.dice.choice(self.risks), clock.now()
        AssessmentFactory(
            risk=risk,
            kind=self.dice.choice(KINDS),
            matrix=matrix,
            likelihood=self.dice.randrange(len(matrix.likelihoods)),
            impact=self.dice.randrange(len(matrix.impacts)),
            proposed_at=now,
            confirmed_at=now,
        )
        standing.refresh([risk.pk])

    def record(self) -> None:
        matrix = Matrix.objects.in_force(clock.now())
        assert matrix
        low, high = sorted(self.dice.randrange(len(matrix.levels)) for _side in "lh")
        until = clock.now() + timedelta(days=self.dice.randrange(1, 30)) if self.dice.random() < 0.5 else None
        appetites.record(
            solution=self.dice.choice([None, *self.solutions]),
            category=self.dice.choice([None, *self.categories]),
            appetite=low,
            tolerance=high,
            because="x",
            by="test",
            until=until,
            **APPROVED,
        )

    def end(self) -> None:
        held = list(Appetite.objects.in_force(clock.now()))
        if held:
            appetites.end(self.dice.choice(held), because="x", by="test")

    def adopt(self) -> None:
        read = Matrix.objects.in_force(clock.now())
        matrices.adopt(another_version(self.dice), because="x", by="test", read=read, **APPROVED)

    def move(self) -> None:
        risk = self.dice.choice(self.risks)
        risk.solution, risk.category = self.dice.choice(self.solutions), self.dice.choice(self.categories)
        risk.save(update_fields=["solution", "category"])
        standing.refresh([risk.pk])

    def act(self) -> None:
        self.dice.choice([self.assess, self.assess, self.assess, self.record, self.end, self.adopt, self.move])()


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_equals_a_slow_recount_at_every_step(seed: int) -> None:
    with at("2026-01-01"):
        MatrixFactory()
        acts = Acts(Random(seed))
    for day in range(1, 26):
        with at(f"2026-01-{day + 1:02}"):
            standing.follow_dates()
            acts.act()
            for risk in Risk.objects.all():
                assert {name: getattr(risk, name) for name in KEPT_UP} == recounted(risk, clock.now()), (seed, day)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_worked_out_of_the_past_equals_it_too(seed: int) -> None:
    with at("2026-01-01"):
        MatrixFactory()
        acts = Acts(Random(seed))
    for day in range(1, 26):
        with at(f"2026-01-{day + 1:02}"):
            Random(seed * 100 + day).choice([acts.assess, acts.record, acts.end, acts.adopt])()
    with at("2026-02-01"):
        rows = list(Risk.objects.all())
        for day in (2, 9, 17, 25):
            when = clock.now().replace(month=1, day=day)
            then = standing.levels_then(rows, when)
            assert [then[one.pk]._asdict() for one in rows] == [recounted(one, when) for one in rows]


def test_nothing_is_assessed_before_there_is_a_matrix(django_assert_num_queries: Any) -> None:
    risk = RiskFactory()
    assert standing.refresh() == 0
    assert standing.levels_then([risk], clock.now())[risk.pk].standing == "not_assessed"


@pytest.mark.parametrize("count", [1, 3])
def test_bringing_it_up_to_now_costs_the_same_for_any_number(count: int, django_assert_num_queries: Any) -> None:
    owner = UserFactory(first_line=True)
    for _n in range(count):
        AssessmentFactory(risk=RiskFactory(owner=owner))
    with django_assert_num_queries(7):
        assert standing.refresh() == count
    with django_assert_num_queries(4):
        assert standing.follow_dates() == 0
