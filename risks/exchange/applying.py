"""Doing what a plan says: risks are added, changed and assessed by the register's own verbs, in one transaction."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext as _

from audit import trail
from controls.imports.refusals import Problem, Refused
from organisation.models import NotAllowed, User
from risks import assessing, registering
from risks.exchange.planning import Plan, Planned
from risks.models import Assessment, RegisterImport, Risk


class Level(TypedDict):
    """assessment: key of what was stated. before: key of the one that counted until then; None where there was none."""

    kind: str
    assessment: int
    before: int | None


class Done(TypedDict):
    """What an import did to one risk. fields: name → before and after, as Risk.told has them; empty of an added one."""

    risk: str
    row: int
    added: bool
    fields: dict[str, list[Any]]
    levels: list[Level]


def apply(plan: Plan, made: RegisterImport, *, by: User) -> list[Done]:
    """Call it in a transaction. Raises Refused with every row that a rule stands against; then nothing may stay."""
    done, problems = [], []
    for planned in plan.rows:
        try:
            done.append(_one(planned, made, by))
        except NotAllowed as no:
            problems.append(Problem(_("row %(row)d") % {"row": planned.row}, str(no)))
    if problems:
        raise Refused(*problems)
    return done


def _one(planned: Planned, made: RegisterImport, by: User) -> Done:
    because = f"{made.public_id}: {planned.because}" if planned.because else made.public_id
    fields: dict[str, list[Any]] = {}
    if planned.risk is None:
        risk = registering.add(by=by, **planned.fields)
    else:
        risk, before = planned.risk, planned.risk.told
        if planned.fields:
            risk = registering.change(risk, read=risk.version, by=by, because=because, **planned.fields)
            after = risk.told
            fields = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    levels = [_level(risk, kind, cell, because, by) for kind, cell in planned.levels.items()]
    trail.record(by, "risk.imported", risk, register_import=made.public_id, row=planned.row, file=made.name)
    added = planned.risk is None
    return Done(risk=risk.public_id, row=planned.row, added=added, fields=fields, levels=levels)


def _level(risk: Risk, kind: str, cell: tuple[int, int], because: str, by: User) -> Level:
    before = counting(risk, kind)
    stated = assessing.state(risk, kind, likelihood=cell[0], impact=cell[1], because=because, by=by)
    return Level(kind=kind, assessment=stated.pk, before=before.pk if before else None)


def counting(risk: Risk, kind: str) -> Assessment | None:
    """The confirmed level of a kind that counts now."""
    confirmed = Assessment.objects.filter(risk=risk, kind=kind, confirmed_at__isnull=False)
    return confirmed.select_related("matrix").order_by("-confirmed_at", "-pk").first()
