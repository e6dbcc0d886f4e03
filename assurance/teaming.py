"""Who is on the team of an engagement, and that each of them is independent of what it audits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from assurance import outside
from assurance.models import Engagement, TeamMember
from assurance.rights import locked, manage_refusal, ties, ties_refusal
from audit import clock, trail
from audit.words import kept
from desk.notices import notify
from organisation.models import Role, User
from risks.refusals import Refused

Part = TeamMember.Part


@dataclass(frozen=True)
class Member:
    """ties: what of the scope they answer for, in words; where there is any, their work is refused."""

    member: TeamMember
    ties: list[str]


def of(engagement: Engagement, at: datetime | None = None) -> list[TeamMember]:
    """Today's team, or that of a moment, leads first. One query."""
    rows = TeamMember.objects.of(engagement, at or clock.now()).select_related("person")
    order = {part.value: place for place, part in enumerate(Part)}
    return sorted(rows, key=lambda one: (order[one.part], one.person.name, one.pk))


def people(engagement: Engagement) -> QuerySet[User]:
    """Today's team, by name."""
    found: QuerySet[User] = User.objects.filter(pk__in=[one.person.pk for one in of(engagement)])
    return found.order_by("name")


def member_or_404(engagement: Engagement, person_id: str) -> TeamMember:
    """Of today's team. Raises Http404."""
    for member in of(engagement):
        if member.person.public_id == person_id:
            member.engagement = engagement
            return member
    raise Http404(f"{person_id} is not on the team")


def sees_ties(user: User) -> bool:
    """What stands against a member's independence is read by who audits."""
    return bool(user.roles_in_view & {Role.THIRD.value, Role.EXTERNAL.value})


def members(engagement: Engagement, at: datetime, *, with_ties: bool) -> list[Member]:
    """with_ties: with what stands against each of them today; four queries for each."""
    return [Member(one, ties(one.person, engagement) if with_ties else []) for one in of(engagement, at)]


def candidates(engagement: Engagement) -> list[User]:
    """Who could be put on it: internal audit; auditors from outside too where it is done from outside."""
    at = clock.now()
    people = User.objects.active().with_role(Role.THIRD, at)
    if engagement.from_outside:
        people = people | User.objects.active().with_role(Role.EXTERNAL, at)
    on_it = TeamMember.objects.of(engagement, at).values("person")
    return list(people.exclude(pk__in=on_it).order_by("name", "pk"))


@transaction.atomic
def put_on(engagement: Engagement, person: User, part: str, *, by: User) -> TeamMember:
    """Who is put on it declares their independence before they work. Raises Refused."""
    held = locked(engagement)
    if why_not := manage_refusal(held, by) or put_refusal(held, person):
        raise Refused(why_not if person == by else str(why_not), "person")
    return put(held, person, part, by=by)


def put_refusal(engagement: Engagement, person: User) -> str:
    """Why this person cannot be on this team; empty where they can."""
    roles = person.roles_today
    if Role.EXTERNAL.value in roles and not engagement.from_outside:
        return _("%(name)s is an auditor from outside: this engagement is done inside.") % {"name": person.name}
    if not roles & {Role.THIRD.value, Role.EXTERNAL.value}:
        return _("%(name)s is not of internal audit: nobody else audits.") % {"name": person.name}
    if TeamMember.objects.of(engagement, clock.now()).filter(person=person).exists():
        return _("%(name)s is on the team already.") % {"name": person.name}
    return ties_refusal(person, engagement, "engagement.member_put")


def put(engagement: Engagement, person: User, part: str, *, by: User) -> TeamMember:
    """Without asking whether they may be."""
    made = TeamMember.objects.create(
        engagement=engagement,
        person=person,
        part=part,
        put_by=by.public_id,
        valid_from=clock.now(),
        valid_to=engagement.access_until if Role.EXTERNAL in person.roles_today else None,
    )
    trail.record(by, "engagement.member_put", engagement, person=person.public_id, part=part)
    outside.follow(engagement, by=by)
    if person != by:
        text = kept("%(who)s put you on the team of %(id)s, %(title)s: declare that you are independent") % {
            "who": by.name, "id": engagement.public_id, "title": engagement.title,
        }  # fmt: skip
        url = reverse("assurance:engagement", args=[engagement.public_id])
        notify(person, "engagement_team", text, url=url, subject=engagement.public_id)
    return made


@transaction.atomic
def take_off(member: TeamMember, *, because: str, by: User) -> None:
    """From now on they see nothing of it that others do not. Raises Refused."""
    held = locked(member.engagement)
    if why_not := manage_refusal(held, by):
        raise Refused(why_not)
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "reason")
    others = [one for one in of(held) if one.pk != member.pk]
    if held.state != Engagement.State.PLANNING and not any(one.part == Part.LEAD for one in others):
        raise Refused(_("Somebody has to lead it: put another lead on the team first."))
    member.close(clock.now())
    trail.record(by, "engagement.member_taken_off", held, person=member.person.public_id, because=because)
    outside.end(held, because=because, by=by, person=member.person)


@transaction.atomic
def declare(engagement: Engagement, words: str, *, by: User) -> None:
    """A member says in their own words that they are independent of what is audited. Raises Refused."""
    member = TeamMember.objects.select_for_update(of=("self",)).of(engagement, clock.now()).filter(person=by).first()
    if member is None:
        raise Refused(_("You are not on its team."))
    if engagement.is_closed:
        raise Refused(_("%(id)s is closed.") % {"id": engagement.public_id})
    if member.declared_at is not None:
        raise Refused(_("You declared it already."))
    if why_not := ties_refusal(by, engagement, "engagement.independence_declared"):
        raise Refused(why_not)
    if not words.strip():
        raise Refused(_("Say it in words: they stand in the file of the engagement."), "declaration")
    member.declaration, member.declared_at = words, clock.now()
    member.save(update_fields=["declaration", "declared_at"])
    trail.record(by, "engagement.independence_declared", engagement, declaration=words)
