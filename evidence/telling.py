"""Who is told of a request for evidence or of an attestation, and in which words."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from desk.models import Notice
from desk.notices import notify
from evidence.models import Attestation, EvidenceRequest
from organisation.models import User

Told = EvidenceRequest | Attestation
REQUEST = "evidence_request"
ATTESTATION = "attestation"
DAYS = (7, 1)
"""Before its day somebody is reminded of what awaits them."""
LATE = "overdue"
LATE_ASKER = "overdue_asker"
EXPIRES = "expires"
KINDS = (
    REQUEST,
    ATTESTATION,
    *(f"{kind}_{when}" for kind in (REQUEST, ATTESTATION) for when in (*DAYS, LATE, LATE_ASKER)),
    *(f"{ATTESTATION}_{EXPIRES}_{days}" for days in DAYS),
)
"""Of notices: all of them say what awaits a person."""


def address(subject: Told) -> str:
    name = "evidence:request" if isinstance(subject, EvidenceRequest) else "evidence:attestation"
    return reverse(name, args=[subject.public_id])


def tell(people: Iterable[User], subject: Told, text: str, *, by: User, kind: str = "") -> None:
    """Whoever did it is not told what they did. It goes by e-mail as each of them chose."""
    others = [one for one in dict.fromkeys(people) if one != by]
    kind = kind or (REQUEST if isinstance(subject, EvidenceRequest) else ATTESTATION)
    notify(others, kind, text, url=address(subject), subject=subject.public_id, by=by)


def remind(person: User, subject: Told, kind: str, text: str) -> bool:
    """Once for this person, kind and subject. Whether it was."""
    if Notice.objects.filter(kind=kind, subject=subject.public_id, person=person).exists():
        return False
    return bool(notify(person, kind, text, url=address(subject), subject=subject.public_id))
