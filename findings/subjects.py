"""What of this floor can be discussed and watched."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from audit.moment import Moment
from audit.public_id import get_or_404
from desk.panels import owners_of
from desk.subjects import Subject
from findings.models import Check
from findings.timeline import finding_or_404, holding
from organisation.models import Solution, User
from organisation.permissions import may


def finding(user: User, public_id: str) -> Subject | None:
    """Its owners are those of the solutions that it belongs to today."""
    if not may(user, "finding.view"):
        return None
    found = finding_or_404(public_id, user)
    held = holding(found, user, Moment.now())
    solutions = held.solutions if held else []
    told = {"check": found.check_ran.key, "resource": found.resource}
    return Subject(
        kind="finding",
        public_id=found.public_id,
        title=_("%(check)s on %(resource)s") % told if found.resource else found.check_ran.key,
        url=reverse("findings:finding", args=[found.public_id]),
        owners=owners_of(solutions),
        solution=Solution.objects.visible_to(user).filter(pk__in=solutions).first(),
    )


def check(user: User, public_id: str) -> Subject | None:
    if not may(user, "finding.view"):
        return None
    found = get_or_404(Check.objects.all(), public_id)
    return Subject(
        kind="check",
        public_id=found.public_id,
        title=f"{found.key} {found.title}".strip(),
        url=reverse("findings:check", args=[found.public_id]),
    )
