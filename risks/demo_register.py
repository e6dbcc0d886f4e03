"""The demo's register, by the ordinary verbs: what the first line wrote down by each day of its history.

`seed_register` does what was to be done by the moment of the clock and is not done yet; what a risk is linked to is
linked once it is there, so it is called at each step of the history.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from audit import clock
from controls.models import Control
from findings.models import Check
from organisation.models import Solution, User
from risks import assessing, registering
from risks.models import Assessment, Category, Risk

DATA = Path(__file__).parent / "data" / "demo_register.toml"
REVIEW = timedelta(days=75)
"""How long after it was added a risk is to be looked at again."""
STATED = "As the workshop of the solution saw it."
Told = Mapping[str, Any]
Kind = Assessment.Kind


def seed_register(began: datetime) -> Iterator[object]:
    """Yields each act. began: the first day of the history."""
    with DATA.open("rb") as file:
        yield from Acts(tomllib.load(file)["risk"], began).done()


class Acts:
    """told: the risks, and when each was added."""

    def __init__(self, told: list[Told], began: datetime) -> None:
        self.told = told
        self.began = began
        self.now = clock.now()

    @cached_property
    def people(self) -> dict[str, User]:
        return {one.email.partition("@")[0]: one for one in User.objects.all()}

    @cached_property
    def solutions(self) -> dict[str, Solution]:
        return {one.name: one for one in Solution.objects.all()}

    @cached_property
    def categories(self) -> dict[str, Category]:
        return {one.name: one for one in Category.objects.in_use()}

    @cached_property
    def controls(self) -> dict[str, Control]:
        return {one.name: one for one in Control.objects.in_use(self.now)}

    @cached_property
    def checks(self) -> dict[str, Check]:
        keys = {key for told in self.told for key in told.get("checks", ())}
        return {one.key: one for one in Check.objects.filter(source="security_hub", key__in=keys)}

    def done(self) -> Iterator[object]:
        there = {one.title: one for one in Risk.objects.select_related("solution", "owner", "category")}
        for told in self.told:
            at = self.began + timedelta(days=told["day"])
            if at > self.now or told["solution"] not in self.solutions:
                continue
            risk = there.get(told["title"])
            if risk is None:
                risk = self._added(told)
                yield risk
            if not risk.closed_at:
                yield from self._linked(risk, told)
                yield from self._assessed_again(risk, told)

    def _added(self, told: Told) -> Risk:
        owner = self.people[told["owner"]]
        said = {name: told[name] for name in ("title", "cause", "event", "consequence")}
        made = registering.add(
            solution=self.solutions[told["solution"]],
            category=self.categories[told["category"]],
            owner=owner,
            review_on=(self.began + timedelta(days=told["day"]) + REVIEW).date() - timedelta(days=told["day"] * 4),
            link="",
            by=owner,
            **said,
        )
        for kind in Kind.values:
            if kind in told:
                self._state(made, kind, told[kind], STATED)
        return made

    def _state(self, risk: Risk, kind: str, cell: list[int], because: str) -> Assessment:
        return assessing.state(risk, kind, likelihood=cell[0], impact=cell[1], because=because, by=risk.owner)

    def _linked(self, risk: Risk, told: Told) -> Iterator[object]:
        linked = set(risk.control_links.values_list("control__name", flat=True))
        for one in told.get("controls", ()):
            if one["name"] in self.controls and one["name"] not in linked:
                yield registering.link_control(
                    risk,
                    self.controls[one["name"]],
                    likelihood_at_most=one.get("likelihood"),
                    impact_at_most=one.get("impact"),
                    because=f"It is there for this: {one['name'][0].lower()}{one['name'][1:]}.",
                    by=risk.owner,
                )
        shown = set(risk.finding_links.values_list("check_ran__key", flat=True))
        for key in told.get("checks", ()):
            if key in self.checks and key not in shown:
                yield registering.link_findings(risk, self.checks[key], by=risk.owner)

    def _assessed_again(self, risk: Risk, told: Told) -> Iterator[object]:
        later = told.get("later")
        if later is None or self.began + timedelta(days=later["day"]) > self.now:
            return
        if not risk.assessments.filter(because=later["because"]).exists():
            yield self._state(risk, Kind.CURRENT, later["current"], later["because"])
