"""What the desk adds to pages of the floor below, and what can be discussed there."""

from __future__ import annotations

from django.urls import reverse

from audit import clock
from audit.public_id import get_or_404
from desk.forms import MailForm
from desk.subjects import Subject
from organisation.middleware import Request
from organisation.models import Grant, Solution, User
from organisation.panels import Panel
from organisation.permissions import may


def mail_of(request: Request, person: User) -> Panel:
    return Panel("desk/_mail.html", MailForm(person=person))


def discussion_of_solution(request: Request, solution: Solution) -> Panel | None:
    if not may(request.user, "comment.view"):
        return None
    return Panel("desk/_solution_panel.html", solution)


def solution(user: User, public_id: str) -> Subject | None:
    if not may(user, "solution.view"):
        return None
    found = get_or_404(Solution.objects.visible_to(user), public_id)
    return Subject(
        kind="solution",
        public_id=found.public_id,
        title=found.name,
        url=reverse("organisation:solution", args=[found.public_id]),
        owners=owners_of([found.pk]),
        solution=found,
    )


def owners_of(solutions: list[int]) -> tuple[User, ...]:
    """Who owns these solutions today. One query."""
    grants = Grant.objects.owners(clock.now()).filter(solution__in=solutions).select_related("person")
    return tuple({grant.person: True for grant in grants})
