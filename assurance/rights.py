"""Who works on an engagement: its team, as long as they are independent. Why somebody may not, in words."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from assurance.models import Engagement, TeamMember
from audit import clock
from audit.public_id import PublicId, get_or_404
from controls.models import Control, Inheritance
from controls.models.control import ControlQuerySet
from organisation.models import Delegation, Grant, User
from organisation.models.grant import MANAGED
from organisation.own_work import own_work
from organisation.permissions import may
from risks.models import Risk
from risks.refusals import Refused

Refusal = str
"""Why not, and what would be allowed; empty where it is allowed."""


def worked_on(user: User, public_id: str) -> Engagement:
    """The engagement, for whoever is on its team today. Raises Http404: to others it does not exist."""
    return get_or_404(Engagement.objects.worked_on_by(user), public_id)


def may_work(user: User, engagement: Engagement) -> bool:
    """Whether they may prepare, write or review in it now. Five queries at most."""
    return not work_refusal(user, engagement)


def require_work(user: User, engagement: Engagement) -> None:
    """Raises Refused, in words."""
    if why_not := work_refusal(user, engagement):
        raise Refused(why_not)


def work_refusal(user: User, engagement: Engagement) -> Refusal:
    if not may(user, "engagement.work"):
        return _("Only internal audit and auditors from outside work on engagements.")
    if engagement.is_closed:
        return _("%(id)s is closed: its papers are locked. Plan a new engagement to look again.") % {
            "id": engagement.public_id
        }
    return _member_refusal(user, engagement) or ties_refusal(user, engagement, "engagement.worked_on")


def _member_refusal(user: User, engagement: Engagement) -> Refusal:
    at = clock.now()
    member = TeamMember.objects.of(engagement, at).filter(person=user).first()
    if member is None and not manage_refusal(engagement, user):
        return _("You are not on its team: put yourself on it if you are to work on it.")
    if member is None:
        names = ", ".join(one.name for one in managing(engagement))
        return _("You are not on its team. Who may put you on it: %(names)s.") % {"names": names}
    if member.declared_at is None:
        return _("Declare on the engagement's page that you are independent of what is audited; then you may begin.")
    return ""


def manage_refusal(engagement: Engagement, user: User) -> str:
    """Why they may not plan it, staff it or move it on; empty where they may."""
    if not may(user, "engagement.manage"):
        return _("Internal audit plans engagements and moves them on.")
    if engagement.is_closed:
        return _("%(id)s is closed, and stays closed: plan a new engagement to look again.") % {
            "id": engagement.public_id
        }
    able = managing(engagement)
    if user in able or not able:  # nobody who led it is of internal audit any more: a colleague takes it over
        return ""
    names = ", ".join(one.name for one in able)
    return _("Who planned it or leads it moves it on: %(names)s.") % {"names": names}


def managing(engagement: Engagement) -> list[User]:
    """Who planned it and who leads it, as far as they are of internal audit today. A query, and one for each."""
    leading = TeamMember.objects.of(engagement, clock.now()).filter(part=TeamMember.Part.LEAD)
    leads = [one.person for one in leading.select_related("person").order_by("person__name")]
    return [one for one in dict.fromkeys([engagement.added_by, *leads]) if may(one, "engagement.manage")]


def locked(engagement: Engagement) -> Engagement:
    return Engagement.objects.select_for_update(of=("self",)).select_related("framework", "added_by").get(
        pk=engagement.pk
    )  # fmt: skip


def ties_refusal(user: User, engagement: Engagement, tried: str, about: PublicId | None = None) -> Refusal:
    """That somebody would audit what they answer for, or did in the audited period; empty where they would not.

    tried: as the trail would have had it. about: what it is tried on, where that is not the engagement.
    """
    found = ties(user, engagement)
    if not found:
        return ""
    told = {"name": user.name, "ties": "; ".join(found)}
    words = _("Nobody audits what they answer for. %(name)s %(ties)s. Somebody else has to do it.") % told
    return own_work(words, user, tried, about or engagement)


def ties(person: User, engagement: Engagement) -> list[str]:
    """What of the engagement's scope they answer for now, or did in its period, each in words. Four queries.

    Whoever stood in for somebody meanwhile answers for as much.
    """
    at = clock.now()
    solutions = engagement.solutions.all()
    hands = _hands(person, engagement, at)
    said = _grants(person, hands, engagement, at)
    controls = in_scope(engagement, at).owned_by(hands).select_related("owner").order_by("name")
    said += [_via(person, one.owner, _("owns the control “%(name)s”") % {"name": one.name}) for one in controls[:3]]
    not_closed = Q(closed_at=None) | Q(closed_at__gte=engagement.about_from)
    risks = Risk.objects.owned_by(hands).filter(not_closed, solution__in=solutions)
    owned = risks.select_related("owner").order_by("pk")
    said += [_via(person, one.owner, _("owns the risk %(id)s") % {"id": one.public_id}) for one in owned[:3]]
    return said


def in_scope(engagement: Engagement, at: datetime) -> ControlQuerySet:
    """Controls that its solutions operate or inherit, those asked of every solution, and those it tests."""
    solutions = engagement.solutions.all()
    inherited = Inheritance.objects.in_force(at).filter(solution__in=solutions)
    theirs = Q(solution=None) | Q(solution__in=solutions) | Q(pk__in=inherited.values("control"))
    return Control.objects.in_use(at).filter(theirs | Q(pk__in=engagement.tests.values("control")))


def _hands(person: User, engagement: Engagement, at: datetime) -> QuerySet[User]:
    """The person, and those for whom they stand in now or did in the audited period."""
    taken = Delegation.objects.filter(delegate=person)
    then = taken.touching(engagement.about_from, engagement.about_to)
    away = Q(pk__in=taken.in_force(at).values("delegator")) | Q(pk__in=then.values("delegator"))
    found: QuerySet[User] = User.objects.filter(Q(pk=person.pk) | away)
    return found


def _via(person: User, owner: User, words: str) -> str:
    return (
        words if owner == person else _("stood in for %(name)s, who %(words)s") % {"name": owner.name, "words": words}
    )


def _grants(person: User, hands: QuerySet[User], engagement: Engagement, at: datetime) -> list[str]:
    now = Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))
    then = Q(valid_from__lte=engagement.about_to) & (Q(valid_to=None) | Q(valid_to__gt=engagement.about_from))
    solutions = engagement.solutions.all()
    held = Grant.objects.filter(now | then, person__in=hands, solution__in=solutions, kind__in=MANAGED)
    said = []
    for one in held.select_related("solution", "person").order_by("valid_to", "pk"):
        told = {"kind": one.get_kind_display().lower(), "solution": one.solution.name}
        still = one.valid_to is None or one.valid_to > at
        is_, was = _("is %(kind)s of %(solution)s"), _("was %(kind)s of %(solution)s in the audited period")
        said.append(_via(person, one.person, (is_ if still else was) % told))
    return list(dict.fromkeys(said))
