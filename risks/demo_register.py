"""The demo's risks, by the ordinary verbs: added, linked, assessed and closed day by day, as people did it.

`seed_register` does what was to be done by a moment and is not done yet, so it is called at each step of the history.
Whoever answers for a risk states its level; the second line brings one in, and it waits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction

from controls.models import Control
from findings.models import Check
from organisation.models import Solution, User
from risks import assessing, registering
from risks.models import Assessment, Category, Matrix, Risk, RiskControl, RiskFindings

DATA = Path(__file__).parent / "data" / "demo_register.toml"
Told = Mapping[str, Any]


@transaction.atomic
def seed_register(at: datetime) -> int:
    """How many acts it did; 0 where everything is done, or there is no matrix yet. at: now."""
    first = Matrix.objects.order_by("adopted_at").first()
    if first is None:
        return 0
    with DATA.open("rb") as file:
        told = tomllib.load(file)["risk"]
    return sum(1 for one in told for _ in Acts(one, first.adopted_at, at).done())


class Acts:
    """told: what people do with one risk, and on which day. began: when the history did. now: of the step."""

    def __init__(self, told: Told, began: datetime, now: datetime) -> None:
        self.told, self.began, self.now = told, began, now

    @cached_property
    def matrix(self) -> Matrix:
        return Matrix.objects.in_force(self.now) or Matrix.objects.latest("adopted_at")

    def person(self, name: str) -> User:
        """By the first part of their address."""
        found: User = User.objects.get(email=f"{name}@example.org")
        return found

    def due(self, day: int) -> bool:
        return self.began + timedelta(days=day) <= self.now

    def done(self) -> Iterator[object]:
        """Nothing where its solution is not there."""
        if not self.due(self.told["day"]):
            return
        risk = Risk.objects.filter(title=self.told["title"]).first()
        if risk is None:
            solution = Solution.objects.named(self.told["solution"]).first()
            if solution is None:
                return
            yield (risk := self._added(solution))
        if risk.closed_at is None:
            yield from self._controls(risk)
            yield from self._findings(risk)
            yield from self._levels(risk)
            yield from self._closing(risk)

    def _added(self, solution: Solution) -> Risk:
        names = ("title", "cause", "event", "consequence")
        review = self.began + timedelta(days=self.told["review"])
        return registering.add(
            by=self.person(self.told.get("by", self.told["owner"])),
            solution=solution,
            owner=self.person(self.told["owner"]),
            category=Category.objects.get(name=self.told["category"]),
            review_on=review.date() if review > self.now else None,
            **{name: self.told[name] for name in names},
        )

    def _controls(self, risk: Risk) -> Iterator[object]:
        for told in self.told.get("controls", []):
            control = Control.objects.in_use(self.now).named(told["name"]).first()
            if control is None or RiskControl.objects.filter(risk=risk, control=control).exists():
                continue
            yield registering.link_control(
                risk,
                control,
                likelihood_at_most=self._at(self.matrix.likelihoods, told.get("likelihood")),
                impact_at_most=self._at(self.matrix.impacts, told.get("impact")),
                because=told["because"],
                by=risk.owner,
            )

    def _findings(self, risk: Risk) -> Iterator[object]:
        for said in self.told.get("checks", []):
            source, _, key = said.partition(":")
            check = Check.objects.filter(source=source, key=key).first()
            if check and not RiskFindings.objects.filter(risk=risk, check_ran=check).exists():
                yield registering.link_findings(risk, check, by=risk.owner)

    def _levels(self, risk: Risk) -> Iterator[object]:
        for told in self.told.get("levels", []):
            if not self.due(told["day"]):
                continue
            made = Assessment.objects.filter(risk=risk, kind=told["kind"], because=told["because"]).first()
            if made is None:
                yield (made := self._stated(risk, told))
            is_open = made.confirmed_at is None and made.declined_at is None
            if is_open and "decided" in told and self.due(told["decided"]):
                yield self._decided(made, told)

    def _stated(self, risk: Risk, told: Told) -> Assessment:
        return assessing.state(
            risk,
            told["kind"],
            likelihood=self.matrix.likelihoods.index(told["likelihood"]),
            impact=self.matrix.impacts.index(told["impact"]),
            because=told["because"],
            by=self.person(told.get("by", self.told["owner"])),
        )

    def _decided(self, made: Assessment, told: Told) -> Assessment:
        owner = self.person(self.told["owner"])
        if why_not := told.get("declined"):
            return assessing.decline(made, because=why_not, by=owner)
        return assessing.confirm(made, by=owner)

    def _closing(self, risk: Risk) -> Iterator[object]:
        told = self.told.get("closing")
        if told is None or not self.due(told["day"]):
            return
        if risk.closure_proposed_at is None:
            yield registering.propose_closing(risk, because=told["because"], by=self.person(told["by"]))
        if "confirmed" in told and self.due(told["confirmed"]):
            yield registering.confirm_closing(risk, by=self.person(told["confirmed_by"]))

    @staticmethod
    def _at(labels: list[str], label: str | None) -> int | None:
        return None if label is None else labels.index(label)
