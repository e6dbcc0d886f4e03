"""The demo's own controls, made by the ordinary verbs: what people did on each day since its history begins.

`seed` does what was to be done by the moment of the clock and is not done yet, so it is called at each step of the
history. Nobody approves what they proposed: owners propose, the second line decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction

from audit import clock
from controls import deciding, mapping_sets, proposing, statements, verdicts
from controls import mapping_listing as listing
from controls.ends import end_named
from controls.listing import Asked
from controls.models import Control, Framework, Inheritance, MappingDecision, MappingSet, Requirement, Verdict
from controls.models import Mapping as Mapped
from organisation.models import Solution, User

DATA = Path(__file__).parent / "data" / "demo_controls.toml"
APPROVED = "Read with the owner"
Told = Mapping[str, Any]


@transaction.atomic
def seed() -> int:
    """How many acts it did; 0 where everything is done, or the demo's people are not there yet."""
    if not User.objects.filter(email="jonas@example.org").exists():
        return 0
    with DATA.open("rb") as file:
        return sum(1 for _ in Acts(tomllib.load(file)).done())


class Acts:
    """told: what people do, and on which day."""

    def __init__(self, told: Told) -> None:
        self.told = told
        first = Control.objects.order_by("added_at").first()
        self.began = first.added_at if first else clock.now()
        self.now = clock.now()

    @cached_property
    def people(self) -> dict[str, User]:
        """By the first part of their address."""
        return {one.email.partition("@")[0]: one for one in User.objects.all()}

    @cached_property
    def solutions(self) -> dict[str, Solution]:
        return {one.name: one for one in Solution.objects.all()}

    @cached_property
    def requirements(self) -> dict[tuple[str, str], Requirement]:
        """By framework and key: what the frameworks that are served ask."""
        frameworks = {said.partition(" ")[0] for told in self.told["control"] for said in told["serves"]}
        rows = Requirement.objects.filter(framework__key__in=frameworks).select_related("framework")
        return {(one.framework.key, one.key): one for one in rows}

    def due(self, day: int) -> datetime | None:
        """The moment of a day; None while it lies ahead."""
        at = self.began + timedelta(days=day)
        return at if at <= self.now else None

    def done(self) -> Iterator[object]:
        yield from self._controls()
        yield from self._crosswalks()
        yield from self._adoptions()
        yield from self._changes()
        yield from self._statements()
        yield from self._tests()

    def _controls(self) -> Iterator[object]:
        known = set(Control.objects.values_list("name", flat=True))
        for told in self.told["control"]:
            operator = told.get("solution")
            if told["name"] in known or (operator and operator not in self.solutions):
                continue
            yield self._control(told)

    def _control(self, told: Told) -> Control:
        jonas = self.people["jonas"]
        owner = self.people[told["owner"]]
        names = ("name", "objective", "kind", "method", "frequency")
        control = Control.add(
            by=jonas,
            owner=owner,
            solution=self.solutions.get(told.get("solution", "")),
            is_common=told.get("common", False),
            procedure=told.get("procedure", ""),
            evidence=told.get("evidence", ""),
            **{name: told[name] for name in names},
        )
        for name in told.get("inherited_by", []):
            if name in self.solutions:
                because = "Agreed when the solution was taken in."
                Inheritance.agree(control, self.solutions[name], because=because, by=jonas)
        proposer = owner if owner != jonas else self.people["piotr"]
        made = [self._mapped(control, said, told["why"], proposer) for said in _ends(told)]
        approved = [one.pk for one, is_open in made if not is_open]
        mapping_sets.approve(Mapped.objects.filter(pk__in=approved), because=APPROVED, by=jonas)
        return control

    def _mapped(self, control: Control, said: tuple[str, str, bool], why: str, by: User) -> tuple[Mapped, bool]:
        end, relation, stays_open = said
        other = self._end(end)
        return proposing.propose(control, other, relation=relation, rationale=why, by=by), stays_open

    def _end(self, said: str) -> proposing.End:
        """source:key of a check, or framework and key of a requirement. Raises LookupError."""
        framework, space, key = said.partition(" ")
        if space:
            return self.requirements[framework, key]
        found = end_named(said, self.people["jonas"])
        if found is None:
            raise LookupError(said)
        return found

    def _crosswalks(self) -> Iterator[object]:
        for told in self.told["crosswalk"]:
            asks, shows = self._end(told["asks"]), self._end(told["shows"])
            if Mapped.objects.between(proposing.joined(asks, shows)).exists():
                continue
            wei = self.people["wei"]
            made = proposing.propose(asks, shows, relation=told["relation"], rationale=told["why"], by=wei)
            mapping_sets.approve(
                Mapped.objects.filter(pk=made.pk), because="Held the two texts side by side", by=self.people["jonas"]
            )
            yield made

    def _adoptions(self) -> Iterator[object]:
        jonas = self.people["jonas"]
        for told in self.told["adoption"]:
            published = MappingSet.objects.filter(key=told["set"]).first()
            if not self.due(told["day"]) or published is None:
                continue
            asked = {"set": published.public_id, "state": "proposed"}
            asked |= {"q": told["words"]} if "words" in told else {}
            before = MappingDecision.objects.filter(asked=asked).first()
            if before is None:
                rows = listing.mappings(Asked(asked), jonas, self.now)
                before = self._decided(list(rows.values_list("pk", flat=True)), told["because"], asked)
                yield before
            back = told.get("taken_back_on")
            if back is not None and self.due(back) and not before.reversals.exists():
                why = told["taken_back_because"]
                yield deciding.reverse_decision(before, because=why, by=jonas, hand_out=deciding.carry_out)

    def _decided(self, keys: list[int], because: str, asked: dict[str, str]) -> MappingDecision:
        return deciding.decide(
            keys, deciding.Action.APPROVE, because=because, by=self.people["jonas"], asked=asked,
            hand_out=deciding.carry_out,
        )  # fmt: skip

    def _changes(self) -> Iterator[object]:
        for told in self.told["change"]:
            ends = {"control__name": told["control"], "check_named__key": told["check"].partition(":")[2]}
            held = Mapped.objects.filter(**ends, replaces=None, state=Mapped.State.APPROVED).first()
            if not self.due(told["day"]) or held is None:
                continue
            made = proposing.change(held, relation=told["relation"], rationale=told["why"], by=self.people["jonas"])
            mapping_sets.approve(
                Mapped.objects.filter(pk=made.pk), because="Looked the parameter up", by=self.people["aroha"]
            )
            yield made

    def _statements(self) -> Iterator[object]:
        for told in self.told["statement"]:
            framework = Framework.objects.filter(key=told["framework"]).first()
            if not self.due(told["day"]) or framework is None:
                continue
            rows = framework.requirements.filter(
                key__in=told["requirements"], applicability_statements=None, implementation_statements=None
            )
            if wanted := list(rows):
                jonas = self.people["jonas"]
                yield statements.state(wanted, told["state"], because=told["because"], by=jonas)

    def _tests(self) -> Iterator[object]:
        for told in self.told["control"]:
            for test in told.get("tests", []):
                at = self.due(test["day"])
                control = Control.objects.filter(name=told["name"]).select_related("owner", "solution").first()
                if at is None or control is None or test.get("solution", "") not in {"", *self.solutions}:
                    continue
                kind = test.get("kind", Verdict.Kind.MANUAL_TEST)
                if not control.verdicts.filter(kind=kind, period_to=at).exists():
                    yield self._tested(control, kind, test, at)

    def _tested(self, control: Control, kind: str, test: Told, at: datetime) -> Verdict:
        return verdicts.record(
            control,
            kind=kind,
            result=test["result"],
            period_from=at - timedelta(days=test["covers"]),
            period_to=at,
            what=test.get("what", ""),
            because=test["because"],
            by=self.people[test["by"]] if "by" in test else control.owner,
            solution=self.solutions.get(test.get("solution", "")),
        )


def _ends(told: Told) -> Iterator[tuple[str, str, bool]]:
    """Each end of a control's mappings, its type, and whether it stays proposed."""
    for said in (*told.get("checks", []), *told.get("serves", [])):
        text = said.removesuffix(" ?")
        end, _, relation = text.rpartition(" ")
        yield end, relation, text != said
