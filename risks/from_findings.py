"""A finding group becomes a risk, or joins one: what is drafted of it, and which risks it could join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from audit.moment import Moment
from audit.public_id import get_or_404
from findings.listing import account_names
from findings.models import Check, Finding
from organisation.models import Grant, NotAllowed, Role, Solution, User
from risks import registering
from risks.groups import GroupKey, groups
from risks.models import Category, Risk, RiskFindings
from risks.models.risk import RiskQuerySet
from risks.register_rows import FILTERS, day_of

OFFERED = 20
"""Risks to join, at most, on one page; more are found by their words."""


@dataclass(frozen=True)
class Source:
    """One check in one account of a solution. failing: how many of its findings fail now, 0 where none does any more.

    concerns: the open risks that it is linked to already and that the reader may see.
    """

    key: GroupKey
    check: Check
    solution: Solution
    account: str
    failing: int
    concerns: list[Risk]

    @property
    def where(self) -> str:
        return f"{self.account} ({self.key.account})" if self.account else self.key.account


def source(text: str, user: User, moment: Moment) -> Source:
    """What an address asks about. Raises Http404 where there is no such group, or it is not the reader's to see."""
    key = GroupKey.of(text)
    solution = get_or_404(Solution.objects.added_by(moment.at).visible_to(user), f"S-{key.solution}")
    check = Check.objects.filter(pk=key.check, kind=Check.Kind.COMPLIANCE).first()
    if check is None:
        raise Http404(f"No such check: {text}")
    found = groups(user, moment, {solution.pk: solution}, [key])
    group = next((one for one in found if one.key == key), None)
    return Source(
        key,
        check,
        solution,
        account_names([key.account]).get(key.account, ""),
        group.tally.failed if group else 0,
        list(concerned(check, key.account, user, moment).filter(solution=solution).open().order_by("pk")),
    )


def concerned(check: Check, account: str, user: User, moment: Moment, finding: Finding | None = None) -> RiskQuerySet:
    """Risks that the reader may see and that findings of a check in an account show; of any account where "".

    finding: only those that it shows, by itself or as one of its group.
    """
    links = RiskFindings.objects.in_force(moment.at).filter(check_ran=check)
    if account:
        links = links.filter(account__in=("", account))
    if finding:
        links = links.filter(Q(finding=None) | Q(finding=finding))
    return Risk.objects.visible_to(user).added_by(moment.at).filter(pk__in=links.values("risk"))


def draft(found: Source, user: User) -> dict[str, Any]:
    """What stands in the form of a new risk, for a person to correct. Three queries."""
    check = found.check
    title = check.title or check.key
    told = {"n": found.failing, "where": found.where, "key": check.key, "title": title}
    cause = ngettext(
        "%(n)s resource in %(where)s fails %(key)s: %(title)s",
        "%(n)s resources in %(where)s fail %(key)s: %(title)s",
        found.failing,
    )
    return {
        "title": (_("%(title)s: fails in %(where)s") % told)[:200],
        "cause": (cause % told)[:2000],
        "event": (check.description or _("What this check guards against happens: %(title)s") % told)[:2000],
        "consequence": _("%(solution)s loses the confidentiality, integrity or availability that it promises")
        % {"solution": found.solution.name},
        "solution": found.solution.pk,
        "category": _category(found),
        "owner": _owner(found.solution, user),
    }


def _category(found: Source) -> int | None:
    """As the last risk that this check showed was sorted; else as most of the solution's are; else the first."""
    used = Category.objects.in_use()
    links = RiskFindings.objects.filter(check_ran=found.check, risk__category__in=used).order_by("-pk")
    if link := links.select_related("risk").first():
        return link.risk.category_id
    own = Risk.objects.filter(solution=found.solution, category__in=used).order_by().values("category")
    if most := own.annotate(n=Count("pk")).order_by("-n", "category").first():
        return int(most["category"])
    first = used.order_by("name").first()
    return first.pk if first else None


def _owner(solution: Solution, user: User) -> int | None:
    """Who owns the solution, the reader first; else the reader where they are of the first line."""
    at = clock.now()
    owners = Grant.objects.owners(at).filter(solution=solution, person__is_active=True).order_by("pk")
    people = list(owners.values_list("person", flat=True))
    if user.pk in people or (not people and Role.FIRST.value in user.roles_today):
        return user.pk
    return people[0] if people else None


def over(found: Source) -> str:
    """Why nothing is made of it; empty where it fails."""
    if found.failing:
        return ""
    words = _("Nothing of %(solution)s fails %(check)s in %(where)s now, so there is nothing to make a risk of.")
    return words % {"check": found.check.key, "where": found.where, "solution": found.solution.name}


@transaction.atomic
def make(found: Source, said: dict[str, Any], *, by: User) -> Risk:
    """A risk of it, which its findings show from now on. Raises NotAllowed."""
    if why_not := over(found):
        raise NotAllowed(why_not)
    made = registering.add(by=by, **said)
    registering.link_findings(made, found.check, found.key.account, by=by)
    return made


def offered(found: Source, user: User, words: str) -> list[Risk]:
    """The solution's open risks that it could join, worst first. One query."""
    risks = Risk.objects.visible_to(user).open().filter(solution=found.solution)
    if words:
        risks = risks.filter(FILTERS["q"].where(words, day_of(clock.now())))
    there = [one.pk for one in found.concerns]
    return list(risks.exclude(pk__in=there).select_related("owner", "category").order_by("-current", "-pk")[:OFFERED])
