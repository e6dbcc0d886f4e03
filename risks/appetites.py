"""How much risk the governing body wants and bears: recorded, replaced and ended, with its approval."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from organisation.models import NotAllowed, Solution, User
from risks import standing
from risks.matrices import approval_refusal, steering
from risks.models import Appetite, Category, Matrix
from risks.models.appetite import Approved
from risks.refusals import Refused
from risks.rules import Bounds, Rules


def effect(
    *, solution: Solution | None, category: Category | None, appetite: int | None, tolerance: int | None
) -> standing.Effect:
    """What recording it would change, or, with None for both, ending it. Four queries."""
    now = Rules.at(clock.now())
    scope = (solution.pk if solution else None, category.pk if category else None)
    bounds = None if appetite is None or tolerance is None else Bounds(0, appetite, tolerance)
    return standing.effect(now, now.with_bounds(scope, bounds))


def seen_by(user: User, at: datetime) -> QuerySet[Appetite]:
    """Recorded by a moment, in force or not: of every solution, and of those that the reader may see."""
    rows = Appetite.objects.filter(valid_from__lte=at).select_related("solution", "category", "matrix", "recorded_by")
    return rows.filter(Q(solution=None) | Q(solution__in=Solution.objects.visible_to(user).values("pk")))


def bounds_refusal(appetite: int | None, tolerance: int | None) -> str:
    """Why these are no bounds; empty where they are, or one of them is not said."""
    if appetite is None or tolerance is None or appetite <= tolerance:
        return ""
    return _("The appetite cannot be above the tolerance: what is wanted is borne as well.")


def until_refusal(until: datetime | None) -> str:
    """Why nothing holds until then; empty where it may."""
    return _("This day is over.") if until and until <= clock.now() else ""


def refuse_dates(approved_on: date, until: datetime | None) -> None:
    """Raises Refused."""
    if why_not := approval_refusal(approved_on):
        raise Refused(why_not, "approved_on")
    if why_not := until_refusal(until):
        raise Refused(why_not, "until")


@transaction.atomic
def record(
    *,
    solution: Solution | None,
    category: Category | None,
    appetite: int,
    tolerance: int,
    because: str,
    approved_by: str,
    approved_on: date,
    by: User | str,
    reference: str = "",
    until: datetime | None = None,
) -> Appetite:
    """From now on it counts there, in place of the one that was in force for the same solution and category.

    appetite, tolerance: levels of the matrix in force. Raises NotAllowed.
    """
    steering()
    at = clock.now()
    matrix = matrix_for(tolerance, at)
    if why_not := bounds_refusal(appetite, tolerance):
        raise Refused(why_not, "tolerance")
    refuse_dates(approved_on, until)
    earlier = list(Appetite.objects.in_force(at).filter(solution=solution, category=category))
    made = Appetite.objects.create(
        solution=solution,
        category=category,
        matrix=matrix,
        appetite=appetite,
        tolerance=tolerance,
        because=because,
        approved_by=approved_by,
        approved_on=approved_on,
        reference=reference,
        recorded_by=by if isinstance(by, User) else None,
        valid_from=at,
        valid_to=until,
    )
    for one in earlier:
        close(one, at, kept("Replaced by %(id)s") % {"id": made.public_id})
    told = {
        "solution": solution.public_id if solution else None,
        "category": category.public_id if category else None,
        "appetite": matrix.label(appetite),
        "tolerance": matrix.label(tolerance),
        "replaces": [one.public_id for one in earlier],
    }
    trail.record(by, "appetite.recorded", made, because=because, **told, **approval(made))
    standing.refresh()
    return made


@transaction.atomic
def end(appetite: Appetite, *, because: str, by: User | str) -> None:
    """From now on the next less specific one counts there, if any. Raises NotAllowed where it has ended."""
    steering()
    at = clock.now()
    open_one = Appetite.objects.in_force(at).filter(pk=appetite.pk).first()
    if open_one is None:
        raise NotAllowed(_("It has ended already."))
    close(open_one, at, because)
    trail.record(by, "appetite.ended", open_one, because=because)
    standing.refresh()


def matrix_for(level: int, at: datetime) -> Matrix:
    """The matrix in force, which has this level. Raises NotAllowed."""
    matrix = Matrix.objects.in_force(at)
    if matrix is None:
        raise NotAllowed(_("There is no matrix yet: levels are stated on one. Adopt it first."))
    if not 0 <= level < len(matrix.levels):
        raise NotAllowed(_("The matrix in force has no such level."))
    return matrix


def close(row: Approved, at: datetime, because: str) -> None:
    row.valid_to, row.ended_because = max(at, row.valid_from), because
    row.save(update_fields=["valid_to", "ended_because"])


def approval(row: Approved) -> dict[str, str]:
    """Who decided it, as the trail keeps it."""
    until = {"until": row.valid_to.isoformat(timespec="minutes")} if row.valid_to else {}
    told = {"approved_by": row.approved_by, "approved_on": row.approved_on.isoformat(), "reference": row.reference}
    return {**told, "matrix": row.matrix.public_id, **until}
