"""A filter in words: the title that answers it, and a chip for each of its values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from findings.explore import FindingFilter
from findings.facets import Facets
from findings.listing import account_names
from findings.models import Check, Resource, Severity, Source, Status, Workflow
from findings.parameters import PARAMETERS
from organisation.models import Solution


def number(n: int) -> str:
    return str(number_format(n, force_grouping=True, use_l10n=True))


def title_of(asked: FindingFilter, found: Facets, scope: str = "") -> str:
    """The answer to the filter in one sentence. scope: the solution's name, where one is asked for."""
    sentence = _sentence(asked, found)
    return f"{scope}: {sentence}" if scope else sentence


def _sentence(asked: FindingFilter, found: Facets) -> str:
    if asked.errors:
        return _("This filter cannot be read")
    if found.beyond:
        return _("More than %(n)s findings") % {"n": number(found.total - 1)}
    statuses = asked["status"]
    n, accounts = found.total, found.accounts()
    if not n:
        return _("No finding matches") if asked.is_narrowed else _("No findings")
    if not statuses:
        return _of_all(found)
    told = {"n": number(n), "places": _places(accounts)}
    if statuses == [Status.FAIL]:
        return ngettext("%(n)s finding fails %(places)s", "%(n)s findings fail %(places)s", n) % told
    if statuses == [Status.PASS]:
        return ngettext("%(n)s finding passes %(places)s", "%(n)s findings pass %(places)s", n) % told
    if statuses == [Status.UNKNOWN]:
        return ngettext("%(n)s finding is unknown %(places)s", "%(n)s findings are unknown %(places)s", n) % told
    if statuses == [Status.REPORT]:
        one, many = "%(n)s threat or vulnerability reported", "%(n)s threats and vulnerabilities reported"
        return ngettext(one, many, n) % told + f" {told['places']}"
    return ngettext("%(n)s finding %(places)s", "%(n)s findings %(places)s", n) % told


def _of_all(found: Facets) -> str:
    fails = found.by_status[Status.FAIL]
    if not fails:
        n = found.total
        return ngettext("%(n)s finding, and it does not fail", "%(n)s findings, and none fails", n) % {"n": number(n)}
    told = {
        "fails": number(fails),
        "all": number(found.total),
        "places": _places(found.accounts(Status.FAIL)),
    }
    words = ngettext(
        "%(fails)s of %(all)s findings fails %(places)s", "%(fails)s of %(all)s findings fail %(places)s", fails
    )
    return words % told


def _places(accounts: int) -> str:
    return ngettext("in %(n)s account", "in %(n)s accounts", accounts) % {"n": number(accounts)}


def chips_of(asked: FindingFilter, found: Facets | None) -> list[dict[str, Any]]:
    """A chip per readable value that was given, with how many of the list have it where they are counted."""
    chips = []
    for name, values in asked.values.items():
        if name in asked.errors:
            continue
        words = _worder(name, values)
        for value, given in zip(values, asked.given[name], strict=True):
            chips.append(
                {
                    "key": name,
                    "value": given,
                    "label": PARAMETERS[name].label,
                    "word": words(value),
                    "count": found.of(name, value) if found else None,
                }
            )
    return chips


def mistakes_in(asked: FindingFilter) -> list[dict[str, Any]]:
    """What cannot be read, parameter by parameter: [{key, label, words}]."""
    labels = {name: parameter.label for name, parameter in PARAMETERS.items()} | {"order": _("Order")}
    return [{"key": name, "label": labels[name], "words": words} for name, words in asked.errors.items()]


def _worder(name: str, values: list[Any]) -> Callable[[Any], str]:
    """How the values of a parameter are said; names are looked up for all of them at once."""
    choices: dict[str, Any] = {"status": Status, "severity": Severity, "source": Source, "workflow": Workflow}
    if name in choices:
        return lambda value: str(choices[name](value).label)
    if name == "account":
        names = account_names(values)
        return lambda value: f"{names[value]} {value}" if value in names else value
    if name == "solution":
        named = {row.pk: row.name for row in Solution.objects.filter(pk__in=[v for v in values if v])}
        return lambda value: _("none") if value is None else named.get(value, f"S-{value}")
    if name == "check":
        keys = dict(Check.objects.filter(pk__in=values).values_list("pk", "key"))
        return lambda value: keys.get(value, f"K-{value}")
    if name == "resource":
        found = {row.pk: str(row) for row in Resource.objects.filter(pk__in=values)}
        return lambda value: found.get(value, f"A-{value}")
    return _plain


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return date_format(local, "j M Y" if (local.hour, local.minute) == (0, 0) else "j M Y, H:i")
    return {"yes": _("yes"), "no": _("no"), "any": _("any"), "archived": _("archived")}.get(value, str(value))
