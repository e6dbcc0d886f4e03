"""What of this floor can be discussed and watched."""

from __future__ import annotations

from django.http import Http404
from django.urls import reverse

from assurance import teaming
from assurance.models import Engagement
from audit.public_id import get_or_404
from desk.subjects import Subject
from evidence.sources import Source
from organisation.models import Role, User
from organisation.permissions import may


def source_of(public_id: str) -> Source | None:
    """An engagement, as evidence is asked for it by its team."""
    try:
        found = Engagement.objects.filter(pk=Engagement.key_of(public_id)).first()
    except Http404:
        return None
    if found is None:
        return None
    team = () if found.is_closed else teaming.of(found)
    return Source(
        kind="engagement",
        public_id=found.public_id,
        title=found.title,
        url=reverse("assurance:engagement", args=[found.public_id]),
        team=frozenset(one.person.pk for one in team if one.declared_at),
    )


def engagement(user: User, public_id: str) -> Subject | None:
    """Its team talks about it, and nobody else reads that: what is said there may be of drafts."""
    if not may(user, "engagement.work"):
        return None
    found = get_or_404(Engagement.objects.worked_on_by(user), public_id)
    return Subject(
        kind="engagement",
        public_id=found.public_id,
        title=found.title,
        url=reverse("assurance:engagement", args=[found.public_id]),
        owners=tuple(one.person for one in teaming.of(found)),
        writers=frozenset({Role.THIRD.value, Role.EXTERNAL.value}),
    )
