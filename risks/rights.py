"""Whose a risk is: why a person may not do something with it, in words, and who could."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from audit import clock
from organisation.models import Grant, NotAllowed, Role, Solution, User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands
from risks.models import Challenge, Risk

Refusal = str
"""Why not, and what would be allowed; empty where it is allowed."""


def refuse(*reasons: Refusal) -> None:
    """Raise NotAllowed with the first that stands."""
    for why_not in reasons:
        if why_not:
            raise NotAllowed(why_not)


def said(because: str) -> Refusal:
    return "" if because.strip() else _("Say why: it goes on the record.")


def has_part(person: User, solution: Solution) -> bool:
    """Whether a grant of the solution is theirs today, or of whom they stand in for. One query where it is theirs."""
    return by_right(person, part_in=solution)


def answers(person: User, risk: Risk) -> bool:
    """Whether they answer for its levels: as its owner, as one of the solution's, or standing in for one of these."""
    return by_right(person, [risk.owner], part_in=risk.solution, as_owner=True)


def answering(risk: Risk) -> list[User]:
    """Those who answer for its levels, its owner first. One query."""
    grants = Grant.objects.owners(clock.now()).filter(solution=risk.solution_id, person__is_active=True)
    owners = [one.person for one in grants.select_related("person").order_by("person__name", "pk")]
    return list(dict.fromkeys([risk.owner, *owners]))


def names(people: Iterable[User]) -> str:
    return ", ".join(one.name for one in people)


def add_refusal(person: User, solution: Solution) -> Refusal:
    if not may(person, "risk.add"):
        return _("The first and the second line add risks. Tell its owner what you saw.")
    if may(person, "risk.change") and has_part(person, solution):
        return ""
    if Role.SECOND.value in person.roles_today:
        return ""
    told = {"solution": solution.name}
    return _("You have no part in %(solution)s: its owners and members add its risks, or the second line.") % told


def owner_refusal(owner: User) -> Refusal:
    if User.objects.active().with_role(Role.FIRST, clock.now()).filter(pk=owner.pk).exists():
        return ""
    return _("%(owner)s is not of the first line: risks are owned there. Choose somebody of it.") % {
        "owner": owner.name
    }


def change_refusal(risk: Risk, person: User, action: str = "risk.change") -> Refusal:
    """Of changing what is written of it, and of anything that asks for as much. One query at most."""
    if not may(person, action):
        return _("The first line keeps its risks; the second line may challenge them, the third reads them.")
    if by_right(person, [risk.owner], part_in=risk.solution):
        return ""
    told = {"solution": risk.solution.name, "owner": risk.owner.name}
    return _("You have no part in %(solution)s: its owners, its members and %(owner)s can.") % told


def closed_refusal(risk: Risk) -> Refusal:
    return _("%(id)s is closed: reopen it first.") % {"id": risk.public_id} if risk.closed_at else ""


def challenge_refusal(risk: Risk) -> Refusal:
    """Open challenges keep a risk open. One query."""
    ids = ", ".join(one.public_id for one in Challenge.objects.open().filter(risk=risk).order_by("pk"))
    if not ids:
        return ""
    words = _("It cannot be closed while %(ids)s is open: answer that, and let the second line settle it.")
    return words % {"ids": ids}


def propose_closing_refusal(risk: Risk, person: User) -> Refusal:
    if risk.closed_at:
        return _("It is closed already.")
    if risk.closure_proposed_at:
        return _("Its closing is proposed already: somebody else confirms it or sends it back.")
    return change_refusal(risk, person, "risk.close") or challenge_refusal(risk)


def confirm_closing_refusal(risk: Risk, person: User) -> Refusal:
    if risk.closed_at:
        return _("It is closed already.")
    if risk.closure_proposed_at is None:
        return _("Nobody proposes to close it.")
    if same_hands(person, risk.closure_proposed_by, risk.closure_proposed_at):
        others = names(one for one in answering(risk) if not same_hands(person, one))
        who = others or _("somebody else who has part in %(solution)s") % {"solution": risk.solution.name}
        words = _("You proposed it, or stand in for who did, so another person confirms: %(who)s.") % {"who": who}
        if person == risk.closure_proposed_by:
            words = _("You proposed it, so another person confirms: %(who)s.") % {"who": who}
        return own_work(words, person, "risk.closed", risk)
    return change_refusal(risk, person, "risk.close") or challenge_refusal(risk)


def reject_closing_refusal(risk: Risk, person: User) -> Refusal:
    if risk.closed_at:
        return _("It is closed already. It can be reopened.")
    if risk.closure_proposed_at is None:
        return _("Nobody proposes to close it.")
    own = by_right(person, [risk.closure_proposed_by])
    return "" if own else change_refusal(risk, person, "risk.close")


def reopen_refusal(risk: Risk, person: User) -> Refusal:
    return change_refusal(risk, person, "risk.close") if risk.closed_at else _("It is open.")


def assess_refusal(risk: Risk, person: User) -> Refusal:
    """Of stating a level. Those who do not answer for the risk propose it."""
    return closed_refusal(risk) or change_refusal(risk, person, "risk.assess")


def confirm_refusal(risk: Risk, person: User) -> Refusal:
    """Of confirming or declining a level that somebody proposed."""
    if why_not := closed_refusal(risk):
        return why_not
    if may(person, "risk.assess") and answers(person, risk):
        return ""
    return _("Who answers for it confirms its levels: %(who)s.") % {"who": names(answering(risk))}
