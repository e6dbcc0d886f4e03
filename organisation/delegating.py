"""Who may be named to stand in for whom, and when: why not, in words."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from organisation.models import Delegation, NotAllowed, Role, User
from organisation.models.delegation import LINES, LONGEST
from organisation.models.person import RoleAssignment


def lines_of(person: User, at: datetime) -> list[str]:
    """Those on which they can be stood in for, in the order of the lines; one, unless theirs were combined."""
    held = set(person.role_assignments.in_force(at).filter(role__in=LINES).values_list("role", flat=True))
    return [line for line in LINES if line in held]


def candidates(delegator: User, at: datetime) -> QuerySet[User]:
    """Those who stand on the same line today, by name."""
    held = RoleAssignment.objects.in_force(at).filter(role__in=lines_of(delegator, at))
    people = User.objects.active().filter(pk__in=held.values("person")).exclude(pk=delegator.pk)
    found: QuerySet[User] = people.order_by("name", "pk")
    return found


def refuse(delegator: User, delegate: User, *, since: datetime, until: datetime, at: datetime) -> str:
    """The line for which one may stand in for the other. Raises NotAllowed."""
    lines = lines_of(delegator, at)
    if not delegator.is_active or not lines:
        words = _("%(name)s stands on neither the first nor the second line today: there is nothing to stand in for.")
        raise NotAllowed(words % {"name": delegator.name})
    if delegate == delegator:
        raise NotAllowed(_("Nobody stands in for themselves: name somebody else."))
    if not candidates(delegator, at).filter(pk=delegate.pk).exists():
        told = {"name": delegate.name, "line": ", ".join(str(Role(one).label) for one in lines)}
        raise NotAllowed(_("%(name)s may not: only people of the same line (%(line)s) who can log in.") % told)
    if since < at or until <= since:
        raise NotAllowed(_("It begins now or on a day to come, and ends after it begins."))
    if until - since > LONGEST:
        raise NotAllowed(_("It lasts %(n)d days at most: for longer, give the work to somebody.") % {"n": LONGEST.days})
    _refuse_others(delegator, delegate, since, until)
    shared = lines_of(delegate, at)
    return next(one for one in lines if one in shared)


def _refuse_others(delegator: User, delegate: User, since: datetime, until: datetime) -> None:
    meanwhile = Delegation.objects.touching(since, until).select_related("delegate").order_by("valid_from")
    if other := meanwhile.filter(delegator=delegator).first():
        words = _("%(name)s stands in %(from)s to %(until)s already: one person at a time. End that first.")
        raise NotAllowed(words % _days(other))
    if away := meanwhile.filter(delegator=delegate).first():
        words = _("%(who)s is away from %(from)s to %(until)s: choose somebody who is there.")
        raise NotAllowed(words % {**_days(away), "who": delegate.name})


def _days(one: Delegation) -> dict[str, str]:
    return {"name": one.delegate.name, "from": day(one.valid_from), "until": day(one.last_moment)}


def day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")


def away_words(person: User, delegation: Delegation) -> str:
    told = {"name": person.name, "until": day(delegation.last_moment), "delegate": delegation.delegate.name}
    return _("%(name)s is away until %(until)s; %(delegate)s stands in") % told
