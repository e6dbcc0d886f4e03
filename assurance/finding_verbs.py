"""Audit findings: written as drafts, issued, answered, agreed, done and tested again.

What a draft says stands in no trail: it is the team's alone until it is issued. Each later move appends a step and an
entry of the trail in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assurance.finding_moves import MOVES, State, Verb, refusal
from assurance.models import AuditFinding, AuditFindingStep, ControlTest, Engagement, TeamMember
from assurance.rights import in_scope, require_work
from audit import clock, trail
from audit.words import in_the_organisations_language
from controls.models import Control, Requirement
from desk.notices import notify
from evidence.models import Evidence
from organisation.models import Role, Solution, User
from risks.refusals import Refused

WRITTEN = (
    "title", "rating", "condition", "criteria", "cause", "effect", "recommendation", "owner", "control",
    "requirement", "solution", "test", "repeats",
)  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """test: the working paper that showed it. repeats: the finding of an earlier engagement that is found again."""

    title: str
    rating: str
    condition: str
    criteria: str
    owner: User
    cause: str = ""
    effect: str = ""
    recommendation: str = ""
    control: Control | None = None
    requirement: Requirement | None = None
    solution: Solution | None = None
    test: ControlTest | None = None
    repeats: AuditFinding | None = None


def to_name(engagement: Engagement, person: User) -> dict[str, QuerySet[Any]]:
    """By field: the rows that a draft of this engagement may name."""
    at = clock.now()
    return {
        "owner": User.objects.active().with_role(Role.FIRST, at),
        "solution": engagement.solutions.all(),
        "control": in_scope(engagement, at),
        "requirement": Requirement.objects.filter(framework=engagement.framework.framework_id),
        "test": engagement.tests.all(),
        "repeats": AuditFinding.objects.visible_to(person).issued().exclude(engagement=engagement),
    }


def pieces_for(finding: AuditFinding, person: User) -> QuerySet[Evidence]:
    """What may show that it is done, or is not."""
    return Evidence.objects.visible_to(person).standing(clock.now()).filter(solution=finding.solution_id)


@transaction.atomic
def draft(engagement: Engagement, said: Wording, *, by: User) -> AuditFinding:
    """Seen by the team alone. Raises Refused."""
    require_work(by, engagement)
    _makes_sense(engagement, said)
    made = AuditFinding.objects.create(
        engagement=engagement, written_by=by, written_at=clock.now(), **{name: getattr(said, name) for name in WRITTEN}
    )
    trail.record(by, "audit_finding.drafted", made, engagement=engagement.public_id)
    return made


@transaction.atomic
def change(finding: AuditFinding, said: Wording, *, by: User, read: int) -> AuditFinding:
    """While it is a draft. Raises Refused, and StaleRow where somebody else saved it since."""
    held = locked(finding)
    require_work(by, held.engagement)
    if held.state != State.DRAFT:
        raise Refused(_("It is issued: what it says stays. Write another one, or say more in a step."))
    _makes_sense(held.engagement, said)
    fields = [name for name in WRITTEN if getattr(held, name) != getattr(said, name)]
    for name in fields:
        setattr(held, name, getattr(said, name))
    held.save_version(read=read)
    trail.record(by, "audit_finding.redrafted", held, engagement=held.engagement.public_id, fields=fields)
    return held


@transaction.atomic
def move(
    finding: AuditFinding,
    verb: Verb,
    *,
    by: User,
    words: str = "",
    day: date | None = None,
    evidence: Collection[Evidence] = (),
    read: int | None = None,
) -> AuditFinding:
    """Make a move. day: proposed with a response, or agreed. read: the version seen. Raises Refused."""
    held = locked(finding)
    if read is not None and held.version != read:
        raise Refused(_("Somebody moved %(id)s on since you opened it; look again.") % {"id": held.public_id})
    if why_not := refusal(held, verb, by):
        raise Refused(why_not)
    made = MOVES[State(held.state), verb]
    if made.needs_words and not words.strip():
        raise Refused(_("Say it in words: it goes on the record."), "words")
    _dates(held, verb, day)
    if verb == Verb.RESPOND:
        held.response = words
    at = clock.now()
    held.state = made.to
    held.issued_at = held.issued_at or (at if made.to == State.ISSUED else None)
    held.closed_at = at if made.to == State.CLOSED else None
    held.save_version(read=held.version)
    step = AuditFindingStep.objects.create(finding=held, state=held.state, by=by, at=at, words=words)
    step.evidence.set(evidence)
    trail.record(by, made.action, held, **_told(held, verb, words, evidence))
    _tell(held, verb, by)
    return held


def _dates(held: AuditFinding, verb: Verb, day: date | None) -> None:
    if verb not in (Verb.RESPOND, Verb.AGREE):
        return
    wanted = day or (held.agreed_on if verb == Verb.AGREE else None)
    if wanted is None:
        raise Refused(_("Say by which day it will be done."), "day")
    if wanted < timezone.localdate(clock.now(), timezone.get_default_timezone()):
        raise Refused(_("This day is over."), "day")
    held.agreed_on = wanted


def _told(held: AuditFinding, verb: Verb, words: str, evidence: Collection[Evidence]) -> dict[str, Any]:
    told: dict[str, Any] = {"engagement": held.engagement.public_id}
    if verb == Verb.DROP:
        return told  # why a draft was dropped is the team's too
    if words.strip():
        told["because"] = words
    if verb == Verb.ISSUE:
        told |= {"title": held.title, "rating": held.rating, "owner": held.owner.public_id}
        told["repeats"] = held.repeats.public_id if held.repeats else None
    if verb in (Verb.RESPOND, Verb.AGREE):
        told["on"] = str(held.agreed_on)
    if evidence:
        told["evidence"] = [one.public_id for one in evidence]
    return told


@in_the_organisations_language
def _tell(held: AuditFinding, verb: Verb, by: User) -> None:
    """Whose move it is now."""
    told = {"who": by.name, "id": held.public_id, "title": held.title}
    owner = {
        Verb.ISSUE: _("%(who)s issued %(id)s, %(title)s: respond, and say by when"),
        Verb.RETURN: _("%(who)s sent your response to %(id)s, %(title)s, back"),
        Verb.AGREE: _("%(who)s agreed to your response to %(id)s, %(title)s"),
        Verb.CLOSE: _("%(who)s tested %(id)s, %(title)s, again and closed it"),
        Verb.REOPEN: _("%(who)s tested %(id)s, %(title)s, again: it is not done yet"),
    }
    auditors = {
        Verb.RESPOND: _("%(who)s responded to %(id)s, %(title)s: agree or send it back"),
        Verb.DONE: _("%(who)s says that %(id)s, %(title)s, is done: test it again"),
    }
    url = reverse("assurance:finding", args=[held.public_id])
    if verb in owner:
        notify(held.owner, f"audit_finding_{verb}", owner[verb] % told, url=url, subject=held.public_id, by=by)
    if verb in auditors:
        people = following(held)
        notify(people, f"audit_finding_{verb}", auditors[verb] % told, url=url, subject=held.public_id)


def following(finding: AuditFinding) -> list[User]:
    """Who hears of what its owner says: the team, or who wrote it and who closed the engagement."""
    team = TeamMember.objects.of(finding.engagement, clock.now()).select_related("person")
    people: list[User | None] = [one.person for one in team]
    people = people or [finding.written_by, finding.engagement.closed_by]
    return [one for one in dict.fromkeys(people) if one and one.is_active]


def locked(finding: AuditFinding) -> AuditFinding:
    rows = AuditFinding.objects.select_for_update(of=("self",))
    return rows.select_related("engagement__added_by", "engagement__closed_by", "owner", "written_by", "repeats").get(
        pk=finding.pk
    )


def _makes_sense(engagement: Engagement, said: Wording) -> None:
    at = clock.now()
    if not User.objects.active().with_role(Role.FIRST, at).filter(pk=said.owner.pk).exists():
        words = _("%(name)s is not of the first line: findings are answered there.")
        raise Refused(words % {"name": said.owner.name}, "owner")
    if said.solution and not engagement.solutions.filter(pk=said.solution.pk).exists():
        raise Refused(_("%(name)s is not in its scope.") % {"name": said.solution.name}, "solution")
    if said.test and said.test.engagement_id != engagement.pk:
        raise Refused(_("That test is of another engagement."), "test")
    if said.repeats and said.repeats.engagement_id == engagement.pk:
        raise Refused(_("It repeats a finding of an earlier engagement, not of this one."), "repeats")
