"""The explorer's filter: read from an address in one place, and written into addresses in one place.

Parameters, all optional and combinable (many: the name is repeated, any of its values will do):

    status          many: pass, fail, unknown, not_applicable, report
    severity        many: critical, high, medium, low, informational, none; or its rank, 5 to 0
    solution        many: S-3, or none for what belongs to no solution
    account         many: 12 digits
    region          many
    check           many: K-12
    source          security_hub, config
    product         many: a product's name as its findings give it
    workflow        many: new, notified, resolved, suppressed
    suppressed      yes, no. What scores count is suppressed=no
    accepted        yes, no: whether it stands under an exception in force. It fails nevertheless
    exception       X-12: what stands under this one
    resource        A-9: any of a finding's resources
    type            AWS::S3::Bucket: of any of its resources
    since           the status stands since this date or later
    changed_since   anything about it changed on this date or later
    q               part of a check's key or title, of a resource's name or ARN, of a product's own title;
                    F-12, K-12, A-9, or AWS's own id in full
    record          active (default), archived, any
    counted         yes (default): what scores count, one of two sources of the same fact; any

Beside them: order (see ORDERS), columns, cursor, and the moment and line looked through (as_of,
known_at, line), which `url` keeps. Another page links with
`url_for(status="fail", check=check, suppressed="no")`: a row with a public id, a choice, a date and
a list are all written as they should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Self

from django.db.models import Q
from django.http import QueryDict
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from findings.models import FindingSpan, Posture
from findings.models.queries import SpanQuerySet
from findings.parameters import PARAMETERS, SEVERITY_WORDS, Unreadable, Words
from findings.tallies import counts, names_in
from organisation.models import Visibility

KEPT = ("as_of", "known_at", "line")
BESIDE = (*KEPT, "order", "columns")
WORST_FIRST = "-severity"

ORDERS: dict[str, tuple[str, ...]] = {
    WORST_FIRST: ("-severity", "-status_since", "finding_id"),
    "severity": ("severity", "-status_since", "finding_id"),
    "-since": ("-status_since", "finding_id"),
    "since": ("status_since", "finding_id"),
    "-changed": ("-valid_from", "finding_id"),
    "changed": ("valid_from", "finding_id"),
    "account": ("account", "region", "-severity", "finding_id"),
    "-account": ("-account", "region", "-severity", "finding_id"),
    "check": ("check_ran__key", "-severity", "finding_id"),
    "-check": ("-check_ran__key", "-severity", "finding_id"),
}


@dataclass(frozen=True)
class FindingFilter:
    """values: what each parameter was read as. errors: parameter → what is wrong with its value."""

    values: Mapping[str, list[Any]] = field(default_factory=dict)
    given: Mapping[str, list[str]] = field(default_factory=dict)
    errors: Mapping[str, Words] = field(default_factory=dict)
    order: str = WORST_FIRST

    @classmethod
    def of(cls, query: QueryDict, user: object) -> Self:
        """Read an address's query. Never raises: what cannot be read stands in `errors`."""
        values: dict[str, list[Any]] = {}
        given: dict[str, list[str]] = {}
        errors: dict[str, Words] = {}
        for name in query:
            if name in PARAMETERS:
                texts = [text for one in query.getlist(name) if (text := one.replace("\x00", "").strip())]
                if texts:
                    given[name] = texts
                    try:
                        values[name] = _read(name, texts)
                    except Unreadable as problem:
                        errors[name] = problem.words
            elif name in BESIDE and query[name]:
                given[name] = query.getlist(name)
        order = query.get("order") or WORST_FIRST
        if order not in ORDERS:
            errors["order"], order = _("There is no such order."), WORST_FIRST
        if "solution" in values and not _open_to(values["solution"], user):
            errors["solution"] = _("There is no such solution, or it is not yours to see.")
        return cls(values, given, errors, order)

    @property
    def is_narrowed(self) -> bool:
        return any(name in PARAMETERS for name in self.given)

    def __getitem__(self, name: str) -> list[Any]:
        """The values of a parameter, its default where none is given."""
        default = PARAMETERS[name].default
        return list(self.values.get(name) or ([] if default is None else [default]))

    def spans(self, user: object, moment: Moment, *, but: Iterable[str] = ()) -> SpanQuerySet[FindingSpan]:
        """What the filter finds for `user` at `moment`, as if the parameters in `but` were not given."""
        if self.errors:
            return FindingSpan.objects.none()
        found = FindingSpan.objects.at(moment).visible_to(user)
        skipped = set(but)
        for name, parameter in PARAMETERS.items():
            if name not in skipped and (values := self[name]):
                found = found.filter(parameter.condition(values, moment.at))
        return found

    def postures(self, user: object, moment: Moment, *, but: Iterable[str] = ()) -> Any:
        """The same as counts that tell the parameters in `but` apart; None where they cannot tell."""
        conditions = Q()
        skipped = set(but)
        for name, values in self.values.items():
            tallied = PARAMETERS[name].tallied
            if name in skipped or values == [PARAMETERS[name].default]:
                continue
            condition = tallied and tallied(values)
            if condition is None:
                return None
            conditions &= condition
        if self.errors:
            return Posture.objects.none()
        return counts(user, moment, {*but, *names_in(conditions)}).visible_to(user).filter(conditions)

    @property
    def bare_url(self) -> str:
        """The address without any narrowing; moment, order and columns stay."""
        return self.url(**dict.fromkeys(PARAMETERS))

    def url(self, **change: Any) -> str:
        """The address of the explorer with this filter and `change`; None takes a parameter away."""
        return url_for(**{**self.given, **change})


def _read(name: str, texts: list[str]) -> list[Any]:
    parameter = PARAMETERS[name]
    if len(texts) > 1 and not parameter.many:
        raise Unreadable(_("One value only."))
    if len(texts) > 100:
        raise Unreadable(_("100 values at most."))
    return [parameter.read(text) for text in texts]


def _open_to(solutions: Iterable[int | None], user: object) -> bool:
    asked = {solution for solution in solutions if solution is not None}
    if not asked:
        return True
    seen = Visibility.of(user)
    return seen.everything or asked <= seen.solutions


def url_for(**parameters: Any) -> str:
    """The explorer's address with these parameters; see the module's docstring. None: without it."""
    query = QueryDict(mutable=True)
    for name, value in parameters.items():
        many = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        if written := [_written(name, one) for one in many if one is not None and one != ""]:
            query.setlist(name, written)
    path = _explorer(get_script_prefix())
    return f"{path}?{query.urlencode(safe=':')}" if query else path


@cache
def _explorer(prefix: str) -> str:
    """The explorer's path. prefix: of every path, as the server has it."""
    return reverse("findings:explorer")


def kept(query: QueryDict) -> dict[str, str]:
    """The moment and the line looked through in a page's query, to hand on to `url_for`."""
    return {name: value for name in KEPT if (value := str(query.get(name, "")))}


def _written(name: str, value: Any) -> str:
    if hasattr(value, "public_id"):
        return str(value.public_id)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "severity" and isinstance(value, int):
        return SEVERITY_WORDS.get(int(value), str(value))
    if name == "solution" and isinstance(value, int):
        return f"S-{value}"
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
