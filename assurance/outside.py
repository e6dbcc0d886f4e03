"""What an engagement opens to auditors from outside: a grant for each solution, until its day, about its period.

The grants of an engagement are known by their reason, which begins with its public id.
"""

from __future__ import annotations

from assurance.models import Engagement, TeamMember
from audit import clock
from audit.words import kept
from organisation.models import Grant, Role, Solution, User
from organisation.models.grant import GrantQuerySet


def reason(engagement: Engagement) -> str:
    return f"{engagement.public_id}: {engagement.title}"[:500]


def grants(engagement: Engagement) -> GrantQuerySet:
    """Those that it gave and that have not ended."""
    mine = {"kind": Grant.Kind.ASSURANCE, "reason__startswith": f"{engagement.public_id}:"}
    return Grant.objects.not_ended(clock.now()).filter(**mine)


def follow(engagement: Engagement, *, by: User) -> None:
    """Bring the grants of its members from outside in line with its scope, its period and its day. Safe to repeat."""
    if not engagement.from_outside:
        return
    members = TeamMember.objects.not_ended(clock.now()).filter(engagement=engagement).select_related("person")
    people = {one.person for one in members if Role.EXTERNAL in one.person.roles_today}
    members.filter(person__in=people).update(valid_to=engagement.access_until)
    wanted = {(person.pk, solution.pk) for person in people for solution in engagement.solutions.all()}
    dates = (engagement.access_until, engagement.about_from, engagement.about_to)
    held = set()
    for grant in grants(engagement).select_related("person", "solution"):
        pair = (grant.person_id, grant.solution_id)
        if pair in wanted and (grant.valid_to, grant.about_from, grant.about_to) == dates:
            held.add(pair)
        else:
            grant.end(reason=kept("%(id)s changed") % {"id": engagement.public_id}, by=by)
    for person in sorted(people, key=lambda one: one.pk):
        for solution in engagement.solutions.order_by("pk"):
            if (person.pk, solution.pk) not in held:
                give(engagement, person, solution, by=by)


def give(engagement: Engagement, person: User, solution: Solution, *, by: User) -> None:
    Grant.give(
        solution,
        person,
        kind=Grant.Kind.ASSURANCE,
        reason=reason(engagement),
        by=by,
        until=engagement.access_until,
        about=(engagement.about_from, engagement.about_to),
    )


def end(engagement: Engagement, *, because: str, by: User, person: User | None = None) -> None:
    """Of one person, or of all: with the engagement ends what it opened."""
    rows = grants(engagement)
    for grant in (rows.filter(person=person) if person else rows).select_related("person", "solution"):
        grant.end(reason=because, by=by)
