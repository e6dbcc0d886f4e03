"""How the demo's organisation steers its risks, by the ordinary verbs: what people did on each day of its history.

`seed` does what was to be done by the moment of the clock and is not done yet, so it is called at each step of the
history. The second line records what a governing body decided.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction

from audit import clock
from organisation.models import Solution, User
from risks import appetites, authorities, categories, matrices
from risks.demo_decisions import seed_decisions
from risks.demo_register import seed_register
from risks.models import Appetite, Authority, Category, Matrix

DATA = Path(__file__).parent / "data" / "demo_risks.toml"
DECIDED = timedelta(days=7)
"""How long before it is recorded a governing body decided."""
Told = Mapping[str, Any]


@transaction.atomic
def seed() -> int:
    """How many acts it did; 0 where everything is done, or the demo's people are not there yet."""
    if not User.objects.filter(email="jonas@example.org").exists():
        return 0
    with DATA.open("rb") as file:
        done = sum(1 for _ in Acts(tomllib.load(file)).done())
    return done + seed_decisions(clock.now())


class Acts:
    """told: what people do, and on which day."""

    def __init__(self, told: Told) -> None:
        self.told = told
        first = Matrix.objects.order_by("adopted_at").first()
        self.began = first.adopted_at if first else clock.now()
        self.now = clock.now()

    @cached_property
    def people(self) -> dict[str, User]:
        """By the first part of their address."""
        return {one.email.partition("@")[0]: one for one in User.objects.all()}

    @cached_property
    def solutions(self) -> dict[str, Solution]:
        return {one.name: one for one in Solution.objects.all()}

    @cached_property
    def levels(self) -> dict[str, int]:
        """By their label, on the matrix in force."""
        matrix = Matrix.objects.in_force(clock.now())
        assert matrix is not None
        return {one["label"]: n for n, one in enumerate(matrix.levels)}

    def due(self, told: Told) -> datetime | None:
        """When it is done; None while that lies ahead, or its solution is not there."""
        at = self.began + timedelta(days=told["day"])
        return at if at <= self.now and told.get("solution", "") in {"", *self.solutions} else None

    def done(self) -> Iterator[object]:
        yield from self._matrix()
        yield from self._categories()
        yield from self._appetites()
        yield from self._authorities()
        yield from seed_register(self.began)

    def _matrix(self) -> Iterator[object]:
        if not Matrix.objects.exists():
            told = {**self.told["matrix"], "approved_on": self._decided(self.now)}
            yield matrices.adopt(matrices.Draft.standard(), by=self.people["jonas"], **told)

    def _categories(self) -> Iterator[object]:
        known = set(Category.objects.values_list("name", flat=True))
        for told in self.told["category"]:
            if told["name"] not in known:
                yield categories.add(by=self.people["jonas"], **told)

    def _appetites(self) -> Iterator[object]:
        sorts = {one.name: one for one in Category.objects.all()}
        for told in self.told["appetite"]:
            at = self.due(told)
            if at is None or Appetite.objects.filter(because=told["because"]).exists():
                continue
            yield appetites.record(
                solution=self.solutions.get(told.get("solution", "")),
                category=sorts.get(told.get("category", "")),
                appetite=self.levels[told["appetite"]],
                tolerance=self.levels[told["tolerance"]],
                because=told["because"],
                **self._approval(told, at),
            )

    def _authorities(self) -> Iterator[object]:
        for told in self.told["authority"]:
            at, person = self.due(told), self.people[told["person"]]
            solution = self.solutions.get(told.get("solution", ""))
            if at is None or Authority.objects.filter(person=person, solution=solution).exists():
                continue
            level = self.levels[told["level"]]
            approval = self._approval(told, at)
            yield authorities.record(person=person, solution=solution, level=level, **approval)

    def _approval(self, told: Told, at: datetime) -> dict[str, Any]:
        names = ("approved_by", "reference")
        decided = {"approved_on": self._decided(at), "by": self.people["jonas"]}
        return {name: told[name] for name in names} | decided

    def _decided(self, at: datetime) -> date:
        return (at - DECIDED).date()
