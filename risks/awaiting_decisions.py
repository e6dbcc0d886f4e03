"""What a person must move now on this floor: exceptions, challenges, closures and actions of treatments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from organisation.models import User, Visibility
from organisation.permissions import may
from risks.challenging import subject_id
from risks.levels import reads_as
from risks.models import Authority, Challenge, RiskException, Treatment, TreatmentAction

State = RiskException.State
SOON = timedelta(days=14)


@dataclass(frozen=True)
class Item:
    """kind: exception, challenge, closure or action. level: in words, empty for none. why: what is to be done."""

    kind: str
    public_id: str
    title: str
    url: str
    due: date | None
    level: str
    why: str


def awaiting(user: User, at: datetime) -> list[Item]:
    """The first due first, what has no date last. A fixed number of queries, however many there are."""
    found = [*_exceptions(user, at), *_challenges(user), *_closures(user), *_actions(user, at)]
    return sorted(found, key=lambda one: (one.due or date.max, one.kind, one.public_id))


def exceptions_awaiting(user: User, at: datetime) -> list[RiskException]:
    """Those that this person must accept, concur with, record the decision on, or answer for. Two queries at most."""
    rows = RiskException.objects.open().filter(expires_at__gt=at).exclude(state=State.LIVE)
    rows = rows.select_related("solution", "matrix", "asked_by", "risk").order_by("expires_at", "pk")
    theirs = Q(state=State.CHALLENGED, asked_by=user)
    if may(user, "exception.concur"):
        theirs |= Q(state__in=[State.ACCEPTED, State.ESCALATED])
    reach = _reach(user, at)
    if reach:
        theirs |= Q(state=State.ASKED)
    found = list(rows.filter(theirs))
    return [one for one in found if _is_theirs(one, user, reach)]


def _reach(user: User, at: datetime) -> list[Authority]:
    if not may(user, "exception.accept"):
        return []
    return list(Authority.objects.in_force(at).filter(person=user).select_related("matrix"))


def _is_theirs(exception: RiskException, user: User, reach: list[Authority]) -> bool:
    if exception.state == State.CHALLENGED:
        return True
    if user.pk in (exception.asked_by_id, exception.accepted_by_id):
        return False
    if exception.state != State.ASKED:
        return True
    for one in reach:
        level = reads_as(one.level, one.matrix, exception.matrix)
        if one.solution_id in (None, exception.solution_id) and level is not None and level >= exception.level:
            return True
    return False


def _exceptions(user: User, at: datetime) -> Iterator[Item]:
    why = {
        State.ASKED: _("Accept or refuse it"),
        State.ACCEPTED: _("Concur, challenge or escalate"),
        State.ESCALATED: _("Record what the governing body decides"),
        State.CHALLENGED: _("Answer the challenge"),
    }
    for one in exceptions_awaiting(user, at):
        yield Item(
            kind="exception",
            public_id=one.public_id,
            title=f"{one.get_kind_display()}, {one.solution.name}",
            url=reverse("risks:exception", args=[one.public_id]),
            due=timezone.localdate(one.expires_at),
            level=one.matrix.label(one.level),
            why=why[State(one.state)],
        )


def challenges_awaiting(user: User) -> list[Challenge]:
    """Those that this person must answer or settle; who answered for an exception answers there."""
    rows = Challenge.objects.open().select_related("risk", "treatment", "exception", "assessment__matrix")
    theirs = Q(pk=None)
    if may(user, "challenge.answer"):
        solutions = Visibility.today(user).solutions
        concerns = Q(risk__owner=user) | Q(treatment__owner=user) | Q(risk__solution__in=solutions, exception=None)
        unanswered = Q(answered_by=None) & ~Q(raised_by=user)
        theirs |= unanswered & ((concerns & Q(exception=None)) | (Q(exception__asked_by=user) & _live()))
    if may(user, "challenge.settle"):
        theirs |= Q(answered_by__isnull=False) & ~Q(answered_by=user)
    return list(rows.filter(theirs).order_by("raised_at", "pk"))


def _live() -> Q:
    """A challenged exception that is not in force awaits its answer as an exception."""
    return ~Q(exception__state=State.CHALLENGED)


def _challenges(user: User) -> Iterator[Item]:
    for one in challenges_awaiting(user):
        assessed = one.assessment
        yield Item(
            kind="challenge",
            public_id=one.public_id,
            title=_("%(about)s of %(id)s") % {"about": one.get_about_display(), "id": subject_id(one)},
            url=reverse("risks:challenge", args=[one.public_id]),
            due=None,
            level=assessed.label if assessed else "",
            why=_("Settle it") if one.answered_at else _("Answer it"),
        )


def closures_awaiting(user: User) -> list[Treatment]:
    """Treatments whose closing this person may confirm, in their solutions or of their risks."""
    if not may(user, "treatment.close"):
        return []
    rows = Treatment.objects.open().exclude(closure_proposed_at=None).exclude(owner=user)
    mine = Q(risk__owner=user) | Q(risk__solution__in=Visibility.today(user).solutions)
    found = rows.filter(mine).exclude(closure_proposed_by=user, closure_proposed_by__isnull=False)
    return list(found.select_related("risk").order_by("closure_proposed_at", "pk"))


def _closures(user: User) -> Iterator[Item]:
    for one in closures_awaiting(user):
        yield Item(
            kind="closure",
            public_id=one.public_id,
            title=f"{one.get_strategy_display()}: {one.risk.title}",
            url=reverse("risks:treatment", args=[one.public_id]),
            due=None,
            level="",
            why=_("Confirm that it is done, or send it back"),
        )


def _actions(user: User, at: datetime) -> Iterator[Item]:
    until = timezone.localdate(at + SOON)
    rows = TreatmentAction.objects.open().owned_by(user).filter(due_on__lte=until, treatment__closed_at=None)
    for one in rows.select_related("treatment__risk").order_by("due_on", "pk"):
        yield Item(
            kind="action",
            public_id=one.public_id,
            title=one.what,
            url=reverse("risks:treatment", args=[one.treatment.public_id]),
            due=one.due_on,
            level="",
            why=_("Overdue: do it, or change its day") if one.due_on < timezone.localdate(at) else _("Due soon"),
        )
