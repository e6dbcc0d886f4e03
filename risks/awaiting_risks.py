"""What a person must move now in the register: their risks, levels that wait for them, closings they may confirm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from organisation.models import Grant, User
from organisation.permissions import may
from risks.awaiting_decisions import SOON, Item
from risks.doors import to_risk
from risks.models import Assessment, Challenge, Matrix, Risk


def awaiting(user: User, at: datetime) -> list[Item]:
    """Items of kind review, level, closing (of a risk) and above. The first due first, what has no date last.

    A fixed number of queries, however many there are."""
    matrix = Matrix.objects.in_force(at)
    owned = set(Grant.objects.owners(at).filter(person=user).values_list("solution_id", flat=True))
    found = [
        *_levels(user, owned),
        *_closings(user, owned, at, matrix),
        *_above(user, matrix),
        *_reviews(user, at, matrix),
    ]
    return sorted(found, key=lambda one: (one.due or date.max, one.kind, one.public_id))


def _item(kind: str, risk: Risk, why: str, level: str, due: date | None = None) -> Item:
    return Item(kind, risk.public_id, risk.title, to_risk(risk), due, level, why)


def _current(risk: Risk, matrix: Matrix | None) -> str:
    return matrix.label(risk.current) if matrix and risk.current is not None else ""


def _answers(user: User, owned: set[int], prefix: str = "") -> Q:
    """Of risks whose levels this person answers for."""
    return Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}solution__in": owned})


def _levels(user: User, owned: set[int]) -> Iterator[Item]:
    """Proposed, and theirs to confirm."""
    if not may(user, "risk.assess"):
        return
    rows = Assessment.objects.waiting().filter(_answers(user, owned, "risk__"), risk__closed_at=None)
    for one in rows.select_related("risk", "matrix", "proposed_by").order_by("pk"):
        told = {"who": one.proposed_by.name, "kind": one.get_kind_display().lower()}
        why = _("Confirm or decline the %(kind)s level that %(who)s proposes") % told
        yield _item("level", one.risk, why, one.label)


def closings_awaiting(user: User, owned: set[int], at: datetime) -> Iterator[Risk]:
    """Those that this person may confirm, but for what an open challenge keeps open. One query."""
    mine = _answers(user, owned) | Q(solution__in=user.grants.in_force(at).values("solution"))
    rows = Risk.objects.open().filter(mine, closure_proposed_at__isnull=False)
    others = rows.exclude(closure_proposed_by=user, closure_proposed_by__isnull=False)
    challenged = Challenge.objects.open().filter(risk__isnull=False).values("risk")
    yield from others.exclude(pk__in=challenged).order_by("closure_proposed_at", "pk")


def _closings(user: User, owned: set[int], at: datetime, matrix: Matrix | None) -> Iterator[Item]:
    if may(user, "risk.close"):
        for one in closings_awaiting(user, owned, at):
            yield _item("closing", one, _("Confirm that it can be closed, or send it back"), _current(one, matrix))


def _above(user: User, matrix: Matrix | None) -> Iterator[Item]:
    """Their own, above what is borne, treated or not. As it is kept for now."""
    rows = Risk.objects.open().owned_by(user).filter(standing=Risk.Standing.ABOVE_TOLERANCE)
    for one in rows.order_by("-current", "pk"):
        yield _item("above", one, _("Above tolerance: treat it, or ask for an exception"), _current(one, matrix))


def _reviews(user: User, at: datetime, matrix: Matrix | None) -> Iterator[Item]:
    today = timezone.localdate(at)
    rows = Risk.objects.open().owned_by(user).filter(review_on__lte=timezone.localdate(at + SOON))
    for one in rows.order_by("review_on", "pk"):
        why = _("Review it") if one.review_on and one.review_on >= today else _("Overdue: review it")
        yield _item("review", one, why, _current(one, matrix), one.review_on)
