"""An engagement of the demo, by the ordinary verbs: in fieldwork, with its team, and one audit finding issued.

The moves are made at the moment of the clock; nothing is backdated.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assurance import demo_papers, engaging, finding_verbs, teaming
from assurance.engaging import Plan
from assurance.finding_moves import Verb
from assurance.finding_verbs import Wording
from assurance.models import AuditFinding, Engagement
from audit import clock
from controls.models import FrameworkVersion
from organisation.models import Grant, Role, Solution, User
from organisation.models.dated import begins, ends

TITLE = "Access and logging audit"
PERIOD = timedelta(days=90)
AHEAD = timedelta(days=7)
"""Of the period, at its planning: what is tested is tested when it is over."""


@transaction.atomic
def seed() -> int:
    """How many acts it did; 0 where it is done, or what it is about is not there yet."""
    at = clock.now()
    auditors = list(User.objects.active().with_role(Role.THIRD, at).order_by("pk"))
    owned = Grant.objects.owners(at).filter(solution__retired_at=None).order_by("person__pk").first()
    version = FrameworkVersion.objects.filter(valid_from__lte=at, valid_to=None).order_by("pk").first()
    held = Engagement.objects.filter(title=TITLE).first()
    if held is not None:
        return demo_papers.go_on(held)
    if not auditors or owned is None or version is None:
        return 0
    lead, owner = auditors[0], owned.person
    solutions = Solution.objects.filter(grants__in=Grant.objects.owners(at).filter(person=owner)).distinct()
    today = timezone.localdate(at, timezone.get_default_timezone())
    plan = Plan(
        title=TITLE,
        objective="Whether access ends in time and what is done stays on record, for the audit committee.",
        framework=version,
        solutions=list(solutions),
        about_from=begins(today + AHEAD - PERIOD),
        about_to=ends(today + AHEAD),
    )
    made = engaging.plan(plan, by=lead)
    for person in auditors[1:3]:
        teaming.put_on(made, person, "auditor", by=lead)
        teaming.declare(made, "I own nothing of it and advised nobody on it.", by=person)
    teaming.declare(made, "I own nothing of what is audited and never worked on it.", by=lead)
    begun = engaging.begin(made, by=lead, read=made.version)
    tester = auditors[1] if len(auditors) > 1 else lead
    return 4 + _finding(begun, solutions[0], lead, owner) + demo_papers.plan(begun, lead, tester)


def _finding(engagement: Engagement, solution: Solution, lead: User, owner: User) -> int:
    said = Wording(
        title="Leavers keep their access",
        rating=AuditFinding.Rating.HIGH,
        condition="3 of 25 leavers of the period could still log in a week after their last day.",
        criteria="Access ends on the last day of work, as the access policy has it.",
        cause="Human resources tells the team by e-mail, and nobody reads it at weekends.",
        effect="Somebody who left may read and change customers' data.",
        recommendation="End access from the leavers' list by itself, each night.",
        owner=owner,
        solution=solution,
    )
    draft = finding_verbs.draft(engagement, said, by=lead)
    finding_verbs.move(draft, Verb.ISSUE, by=lead)
    return 2
