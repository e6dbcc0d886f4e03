"""What a person must move now on this floor: exceptions, challenges, closures and actions of treatments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from organisation.models import User, Visibility
from organisation.permissions import may
from organisation.standing_in import done_by_same_hands, for_whom, parts_of, people, same_hands
from risks.challenging import subject_id
from risks.levels import reads_as
from risks.models import Authority, Challenge, RiskException, Treatment, TreatmentAction

State = RiskException.State
SOON = timedelta(days=14)


@dataclass(frozen=True)
class Item:
    """kind: exception, challenge, closure or action. level: in words, empty for none. why: what is to be done.
    of: the name of whom they stand in for with it, empty where it is theirs.
    """

    kind: str
    public_id: str
    title: str
    url: str
    due: date | None
    level: str
    why: str
    of: str = ""


def awaiting(user: User, at: datetime) -> list[Item]:
    """The first due first, what has no date last. A fixed number of queries, however many there are."""
    found = [*_exceptions(user, at), *_challenges(user, at), *_closures(user, at), *_actions(user, at)]
    return sorted(found, key=lambda one: (one.due or date.max, one.kind, one.public_id))


def exceptions_awaiting(user: User, at: datetime) -> list[RiskException]:
    """Those that this person must accept, concur with, record the decision on, or answer for. Two queries at most."""
    rows = RiskException.objects.open().filter(expires_at__gt=at).exclude(state=State.LIVE)
    rows = rows.select_related("solution", "matrix", "asked_by", "risk").order_by("expires_at", "pk")
    theirs = Q(state=State.CHALLENGED, asked_by__in=people(user))
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
    if same_hands(user, exception.asked_by_id, exception.asked_at):
        return False
    if same_hands(user, exception.accepted_by_id, exception.accepted_at):
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
            of=for_whom(user, one.asked_by_id) if one.state == State.CHALLENGED else "",
        )


def challenges_awaiting(user: User) -> list[Challenge]:
    """Those that this person must answer or settle; who answered for an exception answers there."""
    rows = Challenge.objects.open().select_related("risk", "treatment", "exception", "assessment__matrix")
    theirs = Q(pk=None)
    if may(user, "challenge.answer"):
        solutions, hands = Visibility.today(user).solutions, people(user)
        of_risk = Q(risk__owner__in=hands) | Q(risk__solution__in=solutions, exception=None)
        concerns = of_risk | Q(treatment__owner__in=hands)
        unanswered = Q(answered_by=None) & ~done_by_same_hands(user, "raised_by", "raised_at")
        theirs |= unanswered & ((concerns & Q(exception=None)) | (Q(exception__asked_by__in=hands) & _live()))
    if may(user, "challenge.settle"):
        theirs |= Q(answered_by__isnull=False) & ~done_by_same_hands(user, "answered_by", "answered_at")
    return list(rows.filter(theirs).order_by("raised_at", "pk"))


def _live() -> Q:
    """A challenged exception that is not in force awaits its answer as an exception."""
    return ~Q(exception__state=State.CHALLENGED)


def _challenges(user: User, at: datetime) -> Iterator[Item]:
    found = challenges_awaiting(user)
    parts = parts_of(user, at) if found and user.standing_in.delegators else {}
    for one in found:
        assessed = one.assessment
        yield Item(
            kind="challenge",
            public_id=one.public_id,
            title=_("%(about)s of %(id)s") % {"about": one.get_about_display(), "id": subject_id(one)},
            url=reverse("risks:challenge", args=[one.public_id]),
            due=None,
            level=assessed.label if assessed else "",
            why=_("Settle it") if one.answered_at else _("Answer it"),
            of="" if one.answered_at else for_whom(user, *_answerers(one, parts)),
        )


def _answerers(challenge: Challenge, parts: Mapping[int, set[int]]) -> Iterator[int]:
    """Keys of those who may answer it, of these hands."""
    if challenge.exception:
        yield challenge.exception.asked_by_id
        return
    if challenge.treatment:
        yield challenge.treatment.owner_id
    if challenge.risk:
        yield challenge.risk.owner_id
        yield from parts.get(challenge.risk.solution_id, ())


def closures_awaiting(user: User) -> list[Treatment]:
    """Treatments whose closing this person may confirm, in their solutions or of their risks."""
    if not may(user, "treatment.close"):
        return []
    hands = people(user)
    rows = Treatment.objects.open().exclude(closure_proposed_at=None).exclude(owner__in=hands)
    mine = Q(risk__owner__in=hands) | Q(risk__solution__in=Visibility.today(user).solutions)
    own = done_by_same_hands(user, "closure_proposed_by", "closure_proposed_at")
    found = rows.filter(mine).exclude(own, closure_proposed_by__isnull=False)
    return list(found.select_related("risk").order_by("closure_proposed_at", "pk"))


def _closures(user: User, at: datetime) -> Iterator[Item]:
    found = closures_awaiting(user)
    parts = parts_of(user, at) if found and user.standing_in.delegators else {}
    for one in found:
        yield Item(
            kind="closure",
            public_id=one.public_id,
            title=f"{one.get_strategy_display()}: {one.risk.title}",
            url=reverse("risks:treatment", args=[one.public_id]),
            due=None,
            level="",
            why=_("Confirm that it is done, or send it back"),
            of=for_whom(user, one.risk.owner_id, *parts.get(one.risk.solution_id, ())),
        )


def _actions(user: User, at: datetime) -> Iterator[Item]:
    until = timezone.localdate(at + SOON)
    rows = TreatmentAction.objects.open().owned_by(people(user)).filter(due_on__lte=until, treatment__closed_at=None)
    for one in rows.select_related("treatment__risk").order_by("due_on", "pk"):
        yield Item(
            kind="action",
            public_id=one.public_id,
            title=one.what,
            url=reverse("risks:treatment", args=[one.treatment.public_id]),
            due=one.due_on,
            level="",
            why=_("Overdue: do it, or change its day") if one.due_on < timezone.localdate(at) else _("Due soon"),
            of=for_whom(user, one.owner_id),
        )
