"""The list of evidence: which pieces an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.db.models import Case, CharField, Count, Exists, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.http import Http404, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from audit.public_id import get_or_404
from controls.listing import Asked, Words
from controls.models import Control, Frequency
from controls.results import Within, within
from evidence.models import Evidence, EvidenceLink, LegalHold
from organisation.models import User

ORDERS = {
    "captured": ("captured_at", "id"),
    "-captured": ("-captured_at", "-id"),
    "period": ("effective_to", "id"),
    "-period": ("-effective_to", "-id"),
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "size": ("size", "id"),
    "-size": ("-size", "-id"),
    "kept": ("kept_until", "id"),
    "-kept": ("-kept_until", "-id"),
}
STATES: dict[str, str | Promise] = {
    "fresh": _("Fresh"),
    "stale": _("Stale"),
    "loose": _("Shows no control"),
    "superseded": _("Superseded"),
    "withdrawn": _("Withdrawn"),
    "destroyed": _("File destroyed"),
}
LOOKS = {
    "fresh": "pass", "stale": "stale", "loose": "not_mapped", "superseded": "not_applicable",
    "withdrawn": "not_applicable", "destroyed": "not_applicable",
}  # fmt: skip
STANDING = ("fresh", "stale", "loose")


def as_of(rows: QuerySet[Evidence], moment: Moment) -> QuerySet[Evidence]:
    """With `stands`: one of STATES at the moment. Stale is not assessed, and never failed."""
    at = moment.at
    links = EvidenceLink.objects.in_force(at).filter(evidence=OuterRef("pk"))
    aged = Q()
    for frequency in Frequency:
        aged |= Q(control__frequency=frequency, evidence__effective_to__gt=at - frequency.lasts)
    later = Evidence.objects.filter(replaces=OuterRef("pk"), captured_at__lte=at)
    return rows.filter(captured_at__lte=at).annotate(
        stands=Case(
            When(destroyed_at__lte=at, then=Value("destroyed")),
            When(withdrawn_at__lte=at, then=Value("withdrawn")),
            When(Exists(later), then=Value("superseded")),
            When(Exists(links.filter(aged)), then=Value("fresh")),
            When(Exists(links), then=Value("stale")),
            default=Value("loose"),
            output_field=CharField(),
        )
    )


def with_controls(rows: QuerySet[Evidence], user: User, at: datetime) -> QuerySet[Evidence]:
    """With `shows`: the links in force to controls that the reader may see."""
    seen = EvidenceLink.objects.in_force(at).filter(control__in=Control.objects.visible_to(user))
    return rows.prefetch_related(
        Prefetch("links", seen.select_related("control").order_by("control__name"), to_attr="shows")
    )


def held(at: datetime) -> Q:
    """The condition that a legal hold in force covers a piece."""
    holds = LegalHold.objects.in_force(at)
    named = Q(pk__in=holds.exclude(evidence=None).values("evidence"))
    theirs = Q(solution__in=holds.exclude(solution=None).values("solution"))
    if holds.filter(evidence=None, solution=None).exists():
        return Q(pk__isnull=False)
    return named | theirs


@dataclass(frozen=True)
class Locker:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[Evidence]
    every: QuerySet[Evidence]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    scope: Within
    order: str
    at: datetime
    control: Control | None

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        control = control_of(query.get("control", ""), user, moment.at)
        choices = choices_of(control)
        asked = Asked.of(query, choices)
        every = as_of(Evidence.objects.visible_to(user), moment)
        if scope is not None:
            every = every.filter(solution=None if scope == "none" else scope)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user, moment.at))
        order = query.get("order", "")
        return cls(
            rows=rows.select_related("solution", "captured_by"),
            every=every,
            asked=asked,
            choices=choices,
            scope=scope,
            order=order if order in ORDERS else "-captured",
            at=moment.at,
            control=control,
        )

    def counts(self) -> dict[str, int]:
        """How many of every stand how. One query."""
        rows: Any = self.every.order_by()
        return dict(rows.values_list("stands").annotate(n=Count("pk")))


def control_of(public_id: str, user: User, at: datetime) -> Control | None:
    """Raises BadRequest where that is none that the reader may see."""
    if not public_id:
        return None
    try:
        return get_or_404(Control.objects.visible_to(user).added_by(at), public_id)
    except Http404 as nothing:
        raise BadRequest(
            _("There is no control %(public_id)s that you may see") % {"public_id": repr(public_id[:80])}
        ) from nothing


def choices_of(control: Control | None) -> dict[str, tuple[Words, dict[str, Words]]]:
    about: dict[str, Words] = {control.public_id: control.name} if control else {}
    states: dict[str, Words] = {"standing": _("Standing"), "held": _("Under a legal hold"), **STATES}
    return {
        "state": (_("State"), states),
        "kind": (_("Kind"), dict(Evidence.Kind.choices)),
        "confidentiality": (_("Confidentiality"), dict(Evidence.Confidentiality.choices)),
        "who": (_("Who"), {"me": _("brought by me"), "people": _("brought by people"), "portal": _("by the portal")}),
        "control": (_("Control"), about),
    }


def _matches(name: str, value: str, user: User, at: datetime) -> Q:
    if name == "state":
        return _state(value, at)
    if name in ("kind", "confidentiality"):
        return Q(**{name: value})
    if name == "who":
        return {"me": Q(captured_by=user), "people": ~Q(captured_by=None), "portal": Q(captured_by=None)}[value]
    if name == "control":
        links = EvidenceLink.objects.in_force(at).filter(control=Control.key_of(value))
        return Q(pk__in=links.values("evidence"))
    return _words(value)


def _state(value: str, at: datetime) -> Q:
    if value == "standing":
        return Q(stands__in=STANDING)
    return held(at) if value == "held" else Q(stands=value)


def _words(value: str) -> Q:
    found = Q(title__icontains=value) | Q(note__icontains=value) | Q(file_name__icontains=value)
    found |= Q(captured_by__name__icontains=value) | Q(sha256=value.lower())
    return found | Evidence.called(value)
