"""Breaches surface at once: a risk that stands worse than before is told to its owner and to the second line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from desk.notices import notify
from organisation.models import Role, User
from risks.doors import to_register, to_risk
from risks.models import Risk

Standing = Risk.Standing
WORSE = {Standing.ABOVE_APPETITE.value: 1, Standing.ABOVE_TOLERANCE.value: 2}
"""A standing that is not named here is no breach."""
EACH = 5
"""Up to so many notices to one person for one act; one that counts them beyond."""
Turned = tuple[int, str, str]
"""Key of a risk, its standing before and after."""


def tell(turned: Iterable[Turned]) -> None:
    """One notice for each risk that got worse, to each person that it concerns. Three queries where something did."""
    worse = {key: after for key, before, after in turned if WORSE.get(after, 0) > WORSE.get(before, 0)}
    found = list(Risk.objects.open().filter(pk__in=worse).select_related("owner").order_by("pk")) if worse else []
    if not found:
        return
    second = list(User.objects.active().with_role(Role.SECOND, clock.now()))
    of_owner: dict[User, list[Risk]] = defaultdict(list)
    for risk in found:
        of_owner[risk.owner].append(risk)
    for owner, own in of_owner.items():
        _tell([owner], own, worse, owner.public_id)
    _tell([one for one in second if one not in of_owner], found, worse, "")


def _tell(people: list[User], risks: list[Risk], worse: dict[int, str], owner: str) -> None:
    if len(risks) <= EACH:
        for risk in risks:
            words = _("%(risk)s, “%(title)s”, is above tolerance")
            if worse[risk.pk] == Standing.ABOVE_APPETITE:
                words = _("%(risk)s, “%(title)s”, is above appetite")
            text = words % {"risk": risk.public_id, "title": risk.title}
            notify(people, "breach", text, url=to_risk(risk), subject=risk.public_id)
        return
    for standing in (Standing.ABOVE_TOLERANCE, Standing.ABOVE_APPETITE):
        if n := sum(worse[risk.pk] == standing for risk in risks):
            text = _words(standing, n) % {"n": n}
            notify(people, "breach", text, url=to_register(standing=standing.value, owner=owner))


def _words(standing: Standing, n: int) -> str:
    if standing == Standing.ABOVE_TOLERANCE:
        return ngettext("%(n)d risk went above tolerance", "%(n)d risks went above tolerance", n)
    return ngettext("%(n)d risk went above appetite", "%(n)d risks went above appetite", n)
