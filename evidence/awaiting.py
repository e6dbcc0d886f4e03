"""What of evidence awaits a person: requests to answer, answers to check, statements to give or to give anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.models import Attestation, EvidenceRequest
from organisation.models import Solution, User
from organisation.permissions import may
from organisation.standing_in import for_whom, people, same_hands

SOON = timedelta(days=14)
REQUEST, ATTESTATION = "request", "attestation"


@dataclass(frozen=True)
class Item:
    """kind: request or attestation. why: what is to be done. answers: whether it can be answered where it stands.
    of: the name of whom they stand in for with it, empty where it is theirs.
    """

    kind: str
    public_id: str
    title: str
    url: str
    due: date
    why: str
    solution: Solution | None = None
    answers: bool = False
    of: str = ""


def awaiting(user: User, at: datetime) -> list[Item]:
    """The first due first. Five queries, however many there are."""
    found = [*_to_answer(user), *_to_check(user), *_to_attest(user), *_expiring(user, at)]
    return sorted(found, key=lambda one: (one.due, one.kind, one.public_id))


def _to_answer(user: User) -> Iterator[Item]:
    if not may(user, "evidence_request.answer"):
        return
    rows = EvidenceRequest.objects.unanswered().filter(assignee__in=people(user)).select_related("solution", "asked_by")
    for one in rows:
        returned = one.state == EvidenceRequest.State.RETURNED
        why = (
            _("sent back: answer again") if returned else _("evidence asked by %(name)s") % {"name": one.asked_by.name}
        )
        yield _item(one, why, answers=True, of=for_whom(user, one.assignee_id))


def _to_check(user: User) -> Iterator[Item]:
    if not may(user, "evidence_request.settle"):
        return
    rows = EvidenceRequest.objects.filter(state=EvidenceRequest.State.ANSWERED, asked_by__in=people(user))
    for one in rows.select_related("solution"):
        if not same_hands(user, one.assignee_id):
            of = for_whom(user, one.asked_by_id)
            yield _item(one, _("answered: accept it, or send it back"), of=of)


def _item(one: EvidenceRequest, why: str, *, answers: bool = False, of: str = "") -> Item:
    url = reverse("evidence:request", args=[one.public_id])
    return Item(REQUEST, one.public_id, one.title, url, one.due_on, why, one.solution, answers, of)


def _to_attest(user: User) -> Iterator[Item]:
    if not may(user, "attestation.give"):
        return
    rows = Attestation.objects.awaited().filter(asked_of__in=people(user)).select_related("control", "solution")
    for one in rows:
        of = for_whom(user, one.asked_of_id)
        yield _statement(one, one.due_on, _("attest it, or say that it was not so"), of)


def _expiring(user: User, at: datetime) -> Iterator[Item]:
    """What one stated last of a control, where it holds for two more weeks at most."""
    if not may(user, "attestation.give"):
        return
    rows = Attestation.objects.standing(at).latest_of_its_control(at)
    theirs = rows.filter(asked_of__in=people(user), expires_at__lte=at + SOON)
    for one in theirs.select_related("control", "solution"):
        assert one.expires_at
        of = for_whom(user, one.asked_of_id)
        yield _statement(one, timezone.localdate(one.expires_at), _("expires: attest it anew"), of)


def _statement(one: Attestation, due: date, why: str, of: str) -> Item:
    url = reverse("evidence:attestation", args=[one.public_id])
    return Item(ATTESTATION, one.public_id, one.control.name, url, due, why, one.solution, of=of)
