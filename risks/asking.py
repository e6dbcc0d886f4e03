"""Asking for an exception: what one has to say, and what stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from audit.words import of_the_organisation
from findings.models import Check, Resource
from organisation.models import Solution, User
from organisation.permissions import may
from organisation.standing_in import by_right
from risks.authorities import who_may_accept
from risks.levels import level_now, matrix_at
from risks.models import ExceptionStep, Matrix, Risk, RiskException
from risks.population import Bounds, Population, failing_resources
from risks.refusals import Refused
from risks.telling import tell

LONGEST = timedelta(days=366)
Kind = RiskException.Kind


@dataclass(frozen=True)
class Asking:
    """What a person asks for. resources: those listed, where it is not by rule."""

    kind: str
    solution: Solution
    reason: str
    expires_at: datetime
    risk: Risk | None = None
    checks: Sequence[Check] = ()
    by_rule: bool = False
    resources: Sequence[Resource] = ()
    accounts: Sequence[str] = field(default_factory=list)
    regions: Sequence[str] = field(default_factory=list)
    ceiling: int | None = None
    compensating: str = ""
    granted_by: str = ""

    @property
    def bounds(self) -> Bounds:
        if self.by_rule:
            return Bounds(self.solution, self.checks, self.accounts, self.regions)
        return Bounds(self.solution, self.checks, resources=self.resources)


@transaction.atomic
def ask(asked: Asking, *, by: User) -> RiskException:
    """From now on it awaits an accountable owner. Raises Refused."""
    at = clock.now()
    _may_ask(asked, by)
    _says_enough(asked, at)
    covered = Population.of(asked.bounds)
    _fits(asked, covered)
    matrix, level = level_asked(asked, covered, at)
    made = RiskException.objects.create(
        kind=asked.kind,
        solution=asked.solution,
        risk=asked.risk,
        matrix=matrix,
        level=level,
        reason=asked.reason,
        compensating=asked.compensating,
        granted_by=asked.granted_by if asked.kind == Kind.DISPENSATION else "",
        by_rule=asked.by_rule,
        accounts=list(asked.accounts) if asked.by_rule else [],
        regions=list(asked.regions) if asked.by_rule else [],
        ceiling=asked.ceiling if asked.by_rule else None,
        asked_by=by,
        asked_at=at,
        expires_at=asked.expires_at,
    )
    made.checks.set(asked.checks)
    made.resources.set([] if asked.by_rule else asked.resources)
    ExceptionStep.objects.create(exception=made, state=made.state, at=at, by=by, because=asked.reason)
    trail.record(by, "exception.asked", made, because=asked.reason, **_told(made, asked, len(covered)))
    with of_the_organisation():
        words = _("%(who)s asks for exception %(id)s: %(kind)s, %(level)s, %(solution)s")
        text = words % {
            "who": by.name, "id": made.public_id, "kind": made.get_kind_display(), "level": matrix.label(level),
            "solution": made.solution.name,
        }  # fmt: skip
    tell(who_may_accept(made.solution, level, matrix, at), "exception_asked", made, text, by=by, mail=True)
    return made


def _told(made: RiskException, asked: Asking, covers: int) -> dict[str, object]:
    bound: dict[str, object] = {"resources": [one.public_id for one in asked.resources][:200]}
    if asked.by_rule:
        bound = {"accounts": made.accounts, "regions": made.regions, "ceiling": made.ceiling}
    return {
        "kind": made.kind,
        "solution": made.solution.public_id,
        "risk": made.risk.public_id if made.risk else None,
        "level": made.matrix.label(made.level),
        "checks": [one.public_id for one in asked.checks],
        "covers": covers,
        "expires_at": made.expires_at.isoformat(),
        **bound,
    }


def _may_ask(asked: Asking, by: User) -> None:
    if not may(by, "exception.ask"):
        raise Refused(_("Exceptions are asked for by the first line, which bears the risk."))
    if not by_right(by, part_in=asked.solution):
        raise Refused(
            _("You have no part in %(solution)s: one of its owners or members can ask.")
            % {"solution": asked.solution.name},
            "solution",
        )


def _says_enough(asked: Asking, at: datetime) -> None:
    if not asked.reason.strip():
        raise Refused(_("Say why it is borne: whoever accepts it decides on that."), "reason")
    if asked.expires_at <= at:
        raise Refused(_("It would be over already: choose a day to come."), "expires_at")
    if asked.expires_at > at + LONGEST:
        raise Refused(_("An exception lasts a year at most; ask anew before it expires."), "expires_at")
    if asked.kind == Kind.DISPENSATION and not asked.granted_by.strip():
        raise Refused(_("Name who has to grant the dispensation, as the framework says."), "granted_by")
    if asked.kind == Kind.COMPENSATING and not asked.compensating.strip():
        raise Refused(_("Say which control compensates, and how."), "compensating")
    if asked.risk and (asked.risk.solution_id != asked.solution.pk or asked.risk.closed_at):
        raise Refused(_("The risk has to be an open one of the same solution."), "risk")


def _fits(asked: Asking, covered: Population) -> None:
    """What it is bound to, as it is now."""
    if not asked.checks:
        if asked.risk is None:
            raise Refused(_("Name the checks or the risk that it is about."), "checks")
        if asked.by_rule or asked.resources:
            raise Refused(_("A rule or a list of resources needs the checks that fail there."), "checks")
        if asked.kind in (Kind.FALSE_POSITIVE, Kind.NOT_APPLICABLE):
            raise Refused(_("Checks are false positives or do not apply, risks are not: name the checks."), "checks")
        return
    if asked.by_rule:
        if not asked.ceiling:
            raise Refused(_("A rule needs a ceiling: how many may fail within it, at most."), "ceiling")
        if len(covered) > asked.ceiling:
            words = ngettext(
                "%(n)d fails within this rule now, more than the ceiling of %(ceiling)d.",
                "%(n)d fail within this rule now, more than the ceiling of %(ceiling)d.",
                len(covered),
            )
            raise Refused(words % {"n": len(covered), "ceiling": asked.ceiling}, "ceiling")
    else:
        if not asked.resources:
            raise Refused(_("List the resources that it is about, or make it a rule with a ceiling."), "resources")
        failing = {one.pk for one in failing_resources(asked.bounds)}
        if passing := [one.name for one in asked.resources if one.pk not in failing]:
            names = ", ".join(passing[:5])
            raise Refused(_("Nothing of these checks fails on %(names)s now.") % {"names": names}, "resources")
    if not covered:
        raise Refused(_("Nothing of these checks fails there now: there is nothing to except."), "checks")


def level_asked(asked: Asking, covered: Population, at: datetime) -> tuple[Matrix, int]:
    """On the matrix in force. Raises Refused where no level can be told."""
    matrix = matrix_at(at)
    if matrix is None:
        raise Refused(_("The organisation has adopted no risk matrix yet: the second line does that first."))
    level = level_now(matrix, asked.risk, covered.worst)
    if level is None:
        told = {"id": asked.risk.public_id if asked.risk else ""}
        raise Refused(_("%(id)s is not assessed: confirm its current level first, or name no risk.") % told, "risk")
    return matrix, level
