"""What a list of findings can be narrowed by: how each parameter is read, and what it means of a span.

The parameters are described for those who build links in findings.explore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId, whole_number
from findings.models import (
    Check,
    FindingResource,
    RecordState,
    Resource,
    Severity,
    Source,
    Status,
    Workflow,
    accepted,
    not_accepted,
)
from findings.searching import Search
from organisation.models import Solution

Words = str | Promise
NO_SOLUTION = "none"
SEVERITY_WORDS = {int(severity): severity.name.lower() for severity in Severity}


class Unreadable(ValueError):
    """A value that a parameter cannot have; its words say what it can."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True)
class Parameter:
    """read: the value in an address, or Unreadable. where: the condition on spans that its values make.

    tallied: the same condition on postures; None, or to None, where postures do not know it. is_dated: `where` is
    given the moment too.
    """

    label: Words
    read: Callable[[str], Any]
    where: Callable[..., Q]
    tallied: Callable[[Sequence[Any]], Q | None] | None = None
    many: bool = False
    default: Any = None
    is_dated: bool = False

    def condition(self, values: Sequence[Any], at: datetime) -> Q:
        """On spans, at a moment."""
        return self.where(values, at) if self.is_dated else self.where(values)


def _one_of(values: Sequence[str]) -> Callable[[str], str]:
    by_lower = {value.lower(): value for value in values}

    def read(text: str) -> str:
        if text.lower() not in by_lower:
            raise Unreadable(_("One of %(values)s.") % {"values": ", ".join(by_lower)})
        return by_lower[text.lower()]

    return read


def _severity(text: str) -> int:
    """A severity by its rank (0 to 5) or its label ("high")."""
    labels = {word: rank for rank, word in SEVERITY_WORDS.items()}
    rank = whole_number(text)
    if rank in Severity.values:
        return rank
    if text.lower() not in labels:
        raise Unreadable(_("One of %(values)s.") % {"values": ", ".join(labels)})
    return labels[text.lower()]


def _key_of(model: type[PublicId]) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return model.key_of(text)
        except Http404:
            example = f"{model.public_prefix}-12"
            raise Unreadable(_("An id such as %(example)s.") % {"example": example}) from None

    return read


def _solution(text: str) -> int | None:
    return None if text.lower() == NO_SOLUTION else _key_of(Solution)(text)


def _matching(pattern: str, words: Words) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Unreadable(words)
        return text

    return read


def moment_from(text: str) -> datetime:
    """A date (its beginning), or a date and time, in the reader's zone. Raises Unreadable."""
    try:
        at = parse_datetime(text) if "T" in text else None
        if at is None and (day := parse_date(text)):
            at = datetime.combine(day, time.min)
    except ValueError:
        at = None
    if at is None:
        raise Unreadable(_("A date such as 2026-06-30, or 2026-06-30T14:00."))
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def _within(name: str) -> Callable[[Sequence[Any]], Q]:
    return lambda values: Q(**{f"{name}__in": values})


def _of_solution(values: Sequence[Any]) -> Q:
    owned = Q(solutions__overlap=[value for value in values if value is not None])
    return owned | Q(solutions=[]) if None in values else owned


def _suppressed_spans(values: Sequence[Any]) -> Q:
    suppressed = Q(workflow=Workflow.SUPPRESSED)
    return suppressed if values[0] == "yes" else ~suppressed


def _accepted_spans(values: Sequence[Any], at: datetime) -> Q:
    return Q(accepted(at)) if values[0] == "yes" else not_accepted(at)


def _under_exception(values: Sequence[Any], at: datetime) -> Q:
    return Q(accepted(at, exception=values[0]))


def _linked(**wanted: Any) -> Q:
    links = FindingResource.objects.filter(finding=OuterRef("finding_id"), **wanted)
    return Q(Exists(links))


def _in_state(values: Sequence[Any]) -> Q:
    return Q() if values[0] == "any" else Q(record_state=values[0].upper())


YES_OR_NO = ("yes", "no")
ACCOUNT = _matching(r"\d{12}", _("An account's 12 digits."))
REGION = _matching(r"[a-z0-9-]{1,30}", _("A Region such as eu-central-1."))
EXCEPTION = _matching(r"[A-Z]{1,3}-\d{1,12}", _("An exception's id such as X-12."))
TYPE = _matching(r"[A-Za-z0-9:._-]{1,128}", _("A resource type such as AWS::S3::Bucket."))

PARAMETERS: dict[str, Parameter] = {
    "status": Parameter(_("Status"), _one_of(Status.values), _within("status"), _within("status"), many=True),
    "severity": Parameter(_("Severity"), _severity, _within("severity"), _within("severity"), many=True),
    "solution": Parameter(_("Solution"), _solution, _of_solution, _of_solution, many=True),
    "account": Parameter(_("Account"), ACCOUNT, _within("account"), _within("account"), many=True),
    "region": Parameter(_("Region"), REGION, _within("region"), _within("region"), many=True),
    "check": Parameter(_("Check"), _key_of(Check), _within("check_ran"), _within("check_ran"), many=True),
    "source": Parameter(_("Source"), _one_of(Source.values), _within("finding__source")),
    "product": Parameter(_("Product"), str, _within("finding__product"), many=True),
    "workflow": Parameter(_("Workflow"), _one_of(Workflow.values), _within("workflow"), many=True),
    "suppressed": Parameter(
        _("Suppressed"),
        _one_of(YES_OR_NO),
        _suppressed_spans,
        lambda values: Q(suppressed=values[0] == "yes"),
    ),
    "accepted": Parameter(_("Accepted"), _one_of(YES_OR_NO), _accepted_spans, is_dated=True),
    "exception": Parameter(_("Exception"), EXCEPTION, _under_exception, is_dated=True),
    "resource": Parameter(_("Resource"), _key_of(Resource), lambda values: _linked(resource=values[0])),
    "type": Parameter(_("Resource type"), TYPE, lambda values: _linked(resource__type=values[0])),
    "since": Parameter(_("Status since"), moment_from, lambda values: Q(status_since__gte=values[0])),
    "changed_since": Parameter(_("Changed since"), moment_from, lambda values: Q(valid_from__gte=values[0])),
    "q": Parameter(
        _("Search"),
        lambda text: Search(text[:200]),
        lambda values: values[0].spans(),
        lambda values: values[0].postures(),
    ),
    "record": Parameter(
        _("Record"), _one_of(("active", "archived", "any")), _in_state, default=RecordState.ACTIVE.lower()
    ),
    "counted": Parameter(
        _("Counted"),
        _one_of(("yes", "any")),
        lambda values: Q(scored=True) if values[0] == "yes" else Q(),
        default="yes",
    ),
}
