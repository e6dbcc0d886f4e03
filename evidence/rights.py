"""Who may do what with a piece of evidence: why somebody may not, in words, for pages and API alike."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from evidence.models import Evidence
from organisation.models import Role, Solution, User
from organisation.permissions import may

MADE_BY_THE_PORTAL = frozenset({Evidence.Kind.SNAPSHOT.value, Evidence.Kind.TRAIL_HEAD.value})


def ended(evidence: Evidence, at: datetime) -> str:
    """Why nothing can be done with it any more; empty where it stands."""
    if evidence.withdrawn_at and evidence.withdrawn_at <= at:
        return _("%(id)s was withdrawn, and stays so: add a new piece.") % {"id": evidence.public_id}
    later = later_version(evidence, at)
    if later:
        told = {"id": evidence.public_id, "later": later.public_id}
        return _("%(id)s was superseded: go on with %(later)s.") % told
    return ""


def later_version(evidence: Evidence, at: datetime) -> Evidence | None:
    return Evidence.objects.filter(replaces=evidence, captured_at__lte=at).first()


def withdraw_refusal(evidence: Evidence, person: User, at: datetime) -> str:
    if why := ended(evidence, at):
        return why
    if not may(person, "evidence.withdraw"):
        return _("It is for the three lines to withdraw evidence.")
    if is_own(evidence, person) or is_second(person):
        return ""
    return _("It is for %(name)s to withdraw, or for the second line.") % {"name": _whose(evidence)}


def supersede_refusal(evidence: Evidence, person: User, at: datetime) -> str:
    if why := ended(evidence, at):
        return why
    if evidence.kind in MADE_BY_THE_PORTAL or evidence.captured_by is None:
        return _("The portal captured it, and captures the next by itself: add a piece of your own.")
    if not may(person, "evidence.add"):
        return _("It is for the three lines to add evidence.")
    if is_own(evidence, person) or is_second(person) or _works_there(evidence, person):
        return ""
    return _("It is for %(name)s, a colleague in its solution or the second line to bring a new version.") % {
        "name": _whose(evidence)
    }


def link_refusal(evidence: Evidence, person: User, at: datetime) -> str:
    if why := ended(evidence, at):
        return why
    if not may(person, "evidence.add"):
        return _("It is for the three lines to say what evidence shows.")
    if is_own(evidence, person) or is_second(person) or _works_there(evidence, person):
        return ""
    return _("It is for %(name)s, a colleague in its solution or the second line to say what it shows.") % {
        "name": _whose(evidence)
    }


def is_own(evidence: Evidence, person: User) -> bool:
    return evidence.captured_by_id == person.pk


def is_second(person: User) -> bool:
    return Role.SECOND in person.roles_today


def _works_there(evidence: Evidence, person: User) -> bool:
    """A colleague of the first line; an auditor's paper is the auditor's alone."""
    if Role.FIRST not in person.roles_today or evidence.kind == Evidence.Kind.WORKING_PAPER:
        return False
    solution = evidence.solution_id
    return solution is not None and Solution.objects.visible_to(person).filter(pk=solution).exists()


def _whose(evidence: Evidence) -> str:
    return evidence.captured_by.name if evidence.captured_by else _("the portal")
