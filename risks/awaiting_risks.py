"""What a person must move now in the register: their risks, levels that wait for them, closings they may confirm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from organisation.models import Grant, User
from organisation.permissions import may
from organisation.standing_in import done_by_same_hands, for_whom, people
from risks.awaiting_decisions import SOON, Item
from risks.doors import to_risk
from risks.models import Assessment, Challenge, Matrix, Risk, RiskException, Treatment


def awaiting(user: User, at: datetime) -> list[Item]:
    """Items of kind review, level, closing (of a risk) and above, also of whom they stand in for. The first due first,
    what has no date last.

    A fixed number of queries, however many there are."""
    matrix, parts = Matrix.objects.in_force(at), _Parts.of(user, at)
    found = [
        *_levels(user, parts),
        *_closings(user, parts, matrix),
        *_above(user, at, matrix),
        *_reviews(user, at, matrix),
    ]
    return sorted(found, key=lambda one: (one.due or date.max, one.kind, one.public_id))


@dataclass(frozen=True)
class _Parts:
    """By solution, who of the person and those they stand in for owns it, and who has any part in it."""

    owned: Mapping[int, set[int]]
    any: Mapping[int, set[int]]

    @classmethod
    def of(cls, user: User, at: datetime) -> _Parts:
        """One query."""
        owned: dict[int, set[int]] = defaultdict(set)
        some: dict[int, set[int]] = defaultdict(set)
        rows = Grant.objects.in_force(at).filter(person__in=people(user))
        for solution, person, kind in rows.values_list("solution", "person", "kind"):
            some[solution].add(person)
            if kind == Grant.Kind.OWNER:
                owned[solution].add(person)
        return cls(owned, some)


def _item(kind: str, risk: Risk, why: str, level: str, due: date | None = None, of: str = "") -> Item:
    return Item(kind, risk.public_id, risk.title, to_risk(risk), due, level, why, of)


def _current(risk: Risk, matrix: Matrix | None) -> str:
    return matrix.label(risk.current) if matrix and risk.current is not None else ""


def _levels(user: User, parts: _Parts) -> Iterator[Item]:
    """Proposed, and theirs to confirm."""
    if not may(user, "risk.assess"):
        return
    theirs = Q(risk__owner__in=people(user)) | Q(risk__solution__in=list(parts.owned))
    rows = Assessment.objects.waiting().filter(theirs, risk__closed_at=None)
    for one in rows.select_related("risk", "matrix", "proposed_by").order_by("pk"):
        told = {"who": one.proposed_by.name, "kind": one.get_kind_display().lower()}
        why = _("Confirm or decline the %(kind)s level that %(who)s proposes") % told
        of = for_whom(user, one.risk.owner_id, *parts.owned.get(one.risk.solution_id, ()))
        if not (of and one.proposed_by == user):
            yield _item("level", one.risk, why, one.label, of=of)


def _closings_awaiting(user: User, parts: _Parts) -> Iterator[Risk]:
    """Those that this person may confirm, but for what an open challenge keeps open. One query."""
    mine = Q(owner__in=people(user)) | Q(solution__in=list(parts.any))
    rows = Risk.objects.open().filter(mine, closure_proposed_at__isnull=False)
    own = done_by_same_hands(user, "closure_proposed_by", "closure_proposed_at")
    others = rows.exclude(own, closure_proposed_by__isnull=False)
    challenged = Challenge.objects.open().filter(risk__isnull=False).values("risk")
    yield from others.exclude(pk__in=challenged).order_by("closure_proposed_at", "pk")


def _closings(user: User, parts: _Parts, matrix: Matrix | None) -> Iterator[Item]:
    if may(user, "risk.close"):
        why = _("Confirm that it can be closed, or send it back")
        for one in _closings_awaiting(user, parts):
            of = for_whom(user, one.owner_id, *parts.any.get(one.solution_id, ()))
            yield _item("closing", one, why, _current(one, matrix), of=of)


def _above(user: User, at: datetime, matrix: Matrix | None) -> Iterator[Item]:
    """Their own, above what is borne, with neither an open treatment nor an exception in force."""
    treated = Treatment.objects.open().values("risk")
    accepted = RiskException.objects.live(at).filter(risk__isnull=False).values("risk")
    rows = Risk.objects.open().owned_by(people(user)).filter(standing=Risk.Standing.ABOVE_TOLERANCE)
    untreated = rows.exclude(pk__in=treated).exclude(pk__in=accepted)
    for one in untreated.order_by("-current", "pk"):
        why = _("Above tolerance: treat it, or ask for an exception")
        yield _item("above", one, why, _current(one, matrix), of=for_whom(user, one.owner_id))


def _reviews(user: User, at: datetime, matrix: Matrix | None) -> Iterator[Item]:
    today = timezone.localdate(at)
    rows = Risk.objects.open().owned_by(people(user)).filter(review_on__lte=timezone.localdate(at + SOON))
    for one in rows.order_by("review_on", "pk"):
        why = _("Review it") if one.review_on and one.review_on >= today else _("Overdue: review it")
        yield _item("review", one, why, _current(one, matrix), one.review_on, for_whom(user, one.owner_id))
