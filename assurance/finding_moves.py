"""The way of an audit finding, and who may take each step of it. Why somebody may not, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assurance.models import AuditFinding, Engagement
from assurance.rights import ties_refusal, work_refusal
from organisation.models import Role, User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands

State = AuditFinding.State


class Verb(TextChoices):
    ISSUE = "issue", gettext_lazy("Issue it")
    DROP = "drop", gettext_lazy("Drop it")
    RESPOND = "respond", gettext_lazy("Respond")
    AGREE = "agree", gettext_lazy("Agree")
    RETURN = "return", gettext_lazy("Send the response back")
    DONE = "done", gettext_lazy("Say it is done")
    CLOSE = "close", gettext_lazy("Close it")
    REOPEN = "reopen", gettext_lazy("Send it back")


class Who(StrEnum):
    TEAM = "team"  # of the engagement, while it is not closed
    OWNER = "owner"
    AUDITOR = "auditor"  # follows it up, also after the engagement is closed


@dataclass(frozen=True)
class Move:
    """needs_words: whether it takes words to do it."""

    to: AuditFinding.State
    who: Who
    action: str
    needs_words: bool = True


MOVES = {
    (State.DRAFT, Verb.ISSUE): Move(State.ISSUED, Who.TEAM, "audit_finding.issued", False),
    (State.DRAFT, Verb.DROP): Move(State.DROPPED, Who.TEAM, "audit_finding.dropped"),
    (State.ISSUED, Verb.RESPOND): Move(State.RESPONDED, Who.OWNER, "audit_finding.responded"),
    (State.RESPONDED, Verb.AGREE): Move(State.AGREED, Who.AUDITOR, "audit_finding.agreed", False),
    (State.RESPONDED, Verb.RETURN): Move(State.ISSUED, Who.AUDITOR, "audit_finding.response_returned"),
    (State.AGREED, Verb.DONE): Move(State.DONE, Who.OWNER, "audit_finding.done"),
    (State.DONE, Verb.CLOSE): Move(State.CLOSED, Who.AUDITOR, "audit_finding.closed"),
    (State.DONE, Verb.REOPEN): Move(State.AGREED, Who.AUDITOR, "audit_finding.retest_failed"),
}


def refusal(finding: AuditFinding, verb: Verb, user: User) -> str:
    """Why this person may not do that now, and what would be allowed; empty where they may."""
    move = MOVES.get((State(finding.state), verb))
    if move is None:
        words = _("%(id)s is in the state “%(state)s”: “%(verb)s” is not open now.")
        return words % {
            "id": finding.public_id,
            "state": finding.get_state_display().lower(),
            "verb": str(verb.label).lower(),
        }
    if move.who == Who.TEAM:
        return work_refusal(user, finding.engagement)
    if move.who == Who.OWNER:
        return _not_the_owner(finding, user)
    return follow_refusal(finding, user)


def _not_the_owner(finding: AuditFinding, user: User) -> str:
    if may(user, "audit_finding.respond") and by_right(user, [finding.owner]):
        return ""
    return _("It is for %(name)s to do, who answers for it.") % {"name": finding.owner.name}


def follow_refusal(finding: AuditFinding, user: User) -> str:
    """Of judging what its owner says: internal audit or the team, independent of what was audited."""
    if not may(user, "audit_finding.write"):
        return _("An auditor judges it: internal audit, or the team that found it.")
    if same_hands(user, finding.owner):
        words = _("You answer for it: another auditor judges it.")
        return own_work(words, user, "audit_finding.judged", finding)
    on_team = Engagement.objects.worked_on_by(user).filter(pk=finding.engagement_id).exists()
    if not on_team and Role.THIRD.value not in user.roles_today:
        return _("You are not on the team that found it: internal audit follows it up.")
    return ties_refusal(user, finding.engagement, "audit_finding.judged", finding)


def open_verbs(finding: AuditFinding, user: User) -> list[Verb]:
    """What this person may do with it now."""
    possible = [verb for state, verb in MOVES if state == finding.state]
    return [verb for verb in possible if not refusal(finding, verb, user)]


def next_mover(finding: AuditFinding, stands: AuditFinding.State) -> str:
    """Who must move next, in a sentence; empty where nobody must."""
    told = {"name": finding.owner.name}
    return {
        State.DRAFT: _("The team issues it, or drops it."),
        State.ISSUED: _("%(name)s responds, and says by when.") % told,
        State.RESPONDED: _("An auditor agrees, or sends the response back."),
        State.AGREED: _("%(name)s does what was agreed, and shows it.") % told,
        State.DONE: _("An auditor tests it again."),
    }.get(stands, "")
