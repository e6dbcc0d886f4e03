"""Telling people of what they must know at once: who stands in for whom, and who tried to decide on their own work."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock
from audit.words import in_the_organisations_language
from desk import pages
from desk.models import Notice
from desk.notices import notify
from organisation.delegating import day
from organisation.models import Delegation, Role, User
from organisation.own_work import Attempt

OWN_WORK = "own_work"
DELEGATION = "delegation"


@in_the_organisations_language
def delegation_changed(delegation: Delegation, by: User | str) -> None:
    """Both, but for who did it."""
    told = {
        "delegator": delegation.delegator.name,
        "delegate": delegation.delegate.name,
        "from": day(delegation.valid_from),
        "until": day(delegation.last_moment),
    }
    ended = delegation.ends_at <= clock.now() or delegation.ends_at == delegation.valid_from
    if ended:
        to_delegate = _("You stand in for %(delegator)s no longer") % told
        to_delegator = _("%(delegate)s stands in for you no longer") % told
    else:
        to_delegate = _("You stand in for %(delegator)s from %(from)s to %(until)s") % told
        to_delegator = _("%(delegate)s stands in for you from %(from)s to %(until)s") % told
    url = reverse("organisation:delegations")
    for person, text in ((delegation.delegate, to_delegate), (delegation.delegator, to_delegator)):
        if person != by:
            key = f"{DELEGATION}:{delegation.public_id}:{'ended' if ended else 'given'}"
            notify(person, DELEGATION, text, url=url, subject=delegation.public_id, mail_key=key, alone=True)


@in_the_organisations_language
def own_work_attempted(attempt: Attempt) -> None:
    """The second line, and of auditors' work the third too, but for who tried; once, until it is read."""
    person, subject = attempt.person, attempt.subject
    text = _("%(who)s tried to decide on their own work, and was refused: %(id)s, %(action)s") % {
        "who": person.name, "id": subject.public_id, "action": attempt.action,
    }  # fmt: skip
    waiting = Notice.objects.unread().filter(kind=OWN_WORK, subject=subject.public_id, text=text[:300])
    at = clock.now()
    overseers = User.objects.active().with_role(Role.SECOND, at)
    if person.roles_today & {Role.THIRD, Role.EXTERNAL}:
        overseers = overseers | User.objects.active().with_role(Role.THIRD, at)
    others = overseers.exclude(pk=person.pk).exclude(pk__in=waiting.values("person"))
    for one in others:
        notify(one, OWN_WORK, text, url=_address(attempt, one), subject=subject.public_id, alone=True)


def _address(attempt: Attempt, reader: User) -> str:
    """Of the page of what it was about, or where this reader may not see that, of who tried."""
    return pages.address_of(attempt.subject, reader) or pages.address_of(attempt.person, reader)
