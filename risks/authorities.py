"""Who may accept how much risk: managers of the first line, by name, as the governing body decided."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from organisation.models import NotAllowed, Role, Solution, User
from organisation.own_work import own_work
from organisation.standing_in import same_hands
from risks.appetites import approval, close, matrix_for, refuse_dates
from risks.matrices import steering
from risks.models import Authority, Matrix
from risks.rules import reads_in


def may_accept(person: User, solution: Solution, level: int, matrix: Matrix, at: datetime) -> bool:
    """Whether an authority in force reaches this level, on `matrix`, in this solution. Two queries."""
    return person.pk in {one.pk for one in who_may_accept(solution, level, matrix, at)}


def who_may_accept(solution: Solution, level: int, matrix: Matrix, at: datetime) -> list[User]:
    """Those who may, by name: active people of the first line with an authority for it. Two queries.

    What was decided on an earlier matrix reads in the one in force as it was carried, and so does the level.
    """
    versions = list(Matrix.objects.adopted(at).order_by("adopted_at", "pk"))
    if not versions:
        return []
    reads = reads_in(versions[-1], versions)
    if matrix.pk not in reads:
        return []
    wanted = reads[matrix.pk][level]
    people = User.objects.active().with_role(Role.FIRST, at)
    rows = Authority.objects.in_force(at).filter(Q(solution=None) | Q(solution=solution), person__in=people)
    reach = [one for one in rows.select_related("person") if one.matrix_id in reads]
    may = {one.person for one in reach if reads[one.matrix_id][one.level] >= wanted}
    return sorted(may, key=lambda one: (one.name.casefold(), one.pk))


def seen_by(user: User, at: datetime) -> QuerySet[Authority]:
    """Recorded by a moment, in force or not: of every solution, and of those that the reader may see."""
    rows = Authority.objects.filter(valid_from__lte=at).select_related("person", "solution", "matrix", "recorded_by")
    return rows.filter(Q(solution=None) | Q(solution__in=Solution.objects.visible_to(user).values("pk")))


@transaction.atomic
def record(
    *,
    person: User,
    solution: Solution | None,
    level: int,
    approved_by: str,
    approved_on: date,
    by: User | str,
    reference: str = "",
    until: datetime | None = None,
) -> Authority:
    """From now on they may accept up to that level there, in place of what they might before. Raises NotAllowed."""
    steering()
    at = clock.now()
    matrix = matrix_for(level, at)
    if isinstance(by, User) and same_hands(by, person):
        words = _("Nobody records an authority for themselves; somebody else of the second line can.")
        raise NotAllowed(own_work(words, by, "authority.recorded", person))
    if not User.objects.active().with_role(Role.FIRST, at).filter(pk=person.pk).exists():
        raise NotAllowed(_("Only people of the first line accept risks: they own them."))
    refuse_dates(approved_on, until)
    earlier = list(Authority.objects.in_force(at).filter(person=person, solution=solution))
    made = Authority.objects.create(
        person=person,
        solution=solution,
        matrix=matrix,
        level=level,
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
        "person": person.public_id,
        "solution": solution.public_id if solution else None,
        "level": matrix.label(level),
        "replaces": [one.public_id for one in earlier],
    }
    trail.record(by, "authority.recorded", made, **told, **approval(made))
    return made


@transaction.atomic
def end(authority: Authority, *, because: str, by: User | str) -> None:
    """From now on they accept nothing by it; what they accepted stays. Raises NotAllowed where it has ended."""
    steering()
    at = clock.now()
    open_one = Authority.objects.in_force(at).filter(pk=authority.pk).first()
    if open_one is None:
        raise NotAllowed(_("It has ended already."))
    close(open_one, at, because)
    trail.record(by, "authority.ended", open_one, because=because)
