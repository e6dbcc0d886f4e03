"""What people do to the register: add a risk, change it, link what keeps it down or shows it, close and reopen it.

Who may is in risks.rights; each verb raises NotAllowed with its words.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from controls.models import Control
from desk.notices import notify
from findings.models import Check, Finding
from organisation.models import NotAllowed, Solution, User
from risks import rights, standing
from risks.closing import send_back
from risks.doors import to_risk
from risks.models import WRITTEN, Matrix, Risk, RiskControl, RiskFindings

LEADING = ("solution", "category")
"""Where these change, another appetite may count."""


@transaction.atomic
def add(*, by: User, **said: Any) -> Risk:
    """said: each of WRITTEN. By the first line of its solution, or by the second line for its owner."""
    rights.refuse(rights.add_refusal(by, said["solution"]), rights.owner_refusal(said["owner"]))
    _plausible(said)
    made = Risk.objects.create(added_by=by.public_id, **said)
    trail.record(by, "risk.added", made, **made.told)
    standing.refresh([made.pk])
    _tell([made.owner], "risk_added", made, kept("%(id)s, “%(title)s”, is yours"), by)
    return made


@transaction.atomic
def change(risk: Risk, *, read: int, by: User, because: str = "", **said: Any) -> Risk:
    """said: any of WRITTEN. read: the version that the person saw. Raises NotAllowed, StaleRow."""
    held = locked(risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held))
    if (solution := said.get("solution", held.solution)) != held.solution and not rights.has_part(by, solution):
        told = {"solution": solution.name}
        raise NotAllowed(_("You have no part in %(solution)s: somebody of it can take the risk over.") % told)
    if said.get("owner", held.owner) != held.owner:
        rights.refuse(rights.owner_refusal(said["owner"]))
    _plausible({name: value for name, value in said.items() if value != getattr(held, name)})
    owner = held.owner
    changed = _written(held, read, said)
    if changed:
        trail.record(by, "risk.changed", held, changed=changed, because=because)
    if changed.keys() & set(LEADING):
        standing.refresh([held.pk])
    if held.owner != owner:
        _tell([held.owner], "risk_added", held, kept("%(id)s, “%(title)s”, is yours"), by)
    return held


@transaction.atomic
def reviewed(risk: Risk, *, next_on: date, because: str, by: User) -> Risk:
    """Somebody looked at it and it is as it is; the next look is due on that day."""
    held = locked(risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held), rights.said(because))
    if next_on <= timezone.localdate(clock.now()):
        raise NotAllowed(_("The next review lies ahead: choose a day after today."))
    changed = _written(held, held.version, {"review_on": next_on})
    trail.record(by, "risk.reviewed", held, changed=changed, because=because)
    return held


def _plausible(said: dict[str, Any]) -> None:
    """What no form is needed for to see. said: what is new."""
    for name in ("title", "cause", "event", "consequence"):
        if name in said and not said[name].strip():
            raise NotAllowed(_("A risk has a title, a cause, an event and a consequence: none of them is empty."))
    at = clock.now()
    if "category" in said and said["category"].retired_at:
        raise NotAllowed(_("“%(name)s” is retired: choose another category.") % {"name": said["category"].name})
    if "solution" in said and not Solution.objects.in_use(at).filter(pk=said["solution"].pk).exists():
        raise NotAllowed(_("%(solution)s is retired: choose another one.") % {"solution": said["solution"].name})


def _written(risk: Risk, read: int, said: dict[str, Any]) -> dict[str, list[Any]]:
    """Write and answer what changed, as the trail keeps it. Raises StaleRow."""
    before = risk.told
    for name, value in said.items():
        assert name in WRITTEN, name
        setattr(risk, name, value)
    after = risk.told
    risk.save_version(read=read)
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def locked(risk: Risk) -> Risk:
    """As it is now, for this transaction."""
    rows = Risk.objects.select_for_update(of=("self",))
    return rows.select_related("solution", "category", "owner", "closure_proposed_by").get(pk=risk.pk)


def linkable(risk: Risk, person: User) -> QuerySet[Control]:
    """In use, of its solution, inherited there or of every solution, and not linked yet."""
    at = clock.now()
    inherited = risk.solution.inherited_controls.in_force(at)
    concern = Q(solution=None) | Q(solution=risk.solution) | Q(inheritances__in=inherited)
    linked = risk.control_links.in_force(at).values("control")
    seen = Control.objects.visible_to(person).added_by(at).filter(concern, retired_at=None)
    return seen.exclude(pk__in=linked).distinct().order_by("name")


@transaction.atomic
def link_control(
    risk: Risk,
    control: Control,
    *,
    likelihood_at_most: int | None = None,
    impact_at_most: int | None = None,
    because: str,
    by: User,
) -> RiskControl:
    """From now on it keeps the risk down, and how far while it passes; a link of the same control is replaced."""
    held = locked(risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held), rights.said(because))
    at = clock.now()
    matrix = Matrix.objects.in_force(at)
    if matrix is None:
        raise NotAllowed(_("There is no matrix yet on which to say how far: the second line adopts one."))
    if control.is_retired(at):
        raise NotAllowed(
            _("%(control)s is retired and keeps nothing down. Link one in use.") % {"control": control.name}
        )
    if (likelihood_at_most or 0) >= len(matrix.likelihoods) or (impact_at_most or 0) >= len(matrix.impacts):
        raise NotAllowed(_("The matrix in force does not reach that far."))
    for earlier in held.control_links.in_force(at).filter(control=control):
        earlier.close(at)
    made = RiskControl.objects.create(
        risk=held, control=control, matrix=matrix, likelihood_at_most=likelihood_at_most,
        impact_at_most=impact_at_most, because=because, linked_by=by.public_id, valid_from=at,
    )  # fmt: skip
    trail.record(
        by, "risk.control_linked", held, control=control.public_id, because=because, matrix=matrix.public_id,
        likelihood_at_most=likelihood_at_most, impact_at_most=impact_at_most,
    )  # fmt: skip
    return made


def control_link(risk: Risk, control: str) -> RiskControl:
    """In force, of the control with this public id. Raises Http404."""
    links = risk.control_links.in_force(clock.now()).select_related("control", "risk")
    return get_object_or_404(links, control=Control.key_of(control))


@transaction.atomic
def unlink_control(link: RiskControl, *, because: str, by: User) -> None:
    held = locked(link.risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held), rights.said(because), _ended(link))
    link.close(clock.now())
    trail.record(by, "risk.control_unlinked", held, control=link.control.public_id, because=because)


@transaction.atomic
def link_findings(
    risk: Risk, check: Check, account: str = "", finding: Finding | None = None, *, by: User
) -> RiskFindings:
    """From now on these show the risk. Answers the link that there is, where there is one already."""
    held = locked(risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held))
    if finding and finding.check_ran_id != check.pk:
        raise NotAllowed(_("%(id)s is a finding of another check.") % {"id": finding.public_id})
    at = clock.now()
    wanted = {"check_ran": check, "account": account, "finding": finding}
    if there := held.finding_links.in_force(at).filter(**wanted).first():
        return there
    made = RiskFindings.objects.create(risk=held, linked_by=by.public_id, valid_from=at, **wanted)
    trail.record(by, "risk.findings_linked", held, **_told(made))
    return made


def findings_link(risk: Risk, check: Check, account: str, finding: str = "") -> RiskFindings:
    """In force, of just these. finding: the public id of one, or empty. Raises Http404."""
    links = risk.finding_links.in_force(clock.now()).select_related("check_ran", "finding", "risk")
    one = Finding.key_of(finding) if finding else None
    return get_object_or_404(links, check_ran=check, account=account, finding=one)


@transaction.atomic
def unlink_findings(link: RiskFindings, *, because: str, by: User) -> None:
    held = locked(link.risk)
    rights.refuse(rights.change_refusal(held, by), rights.closed_refusal(held), rights.said(because), _ended(link))
    link.close(clock.now())
    trail.record(by, "risk.findings_unlinked", held, because=because, **_told(link))


def _told(link: RiskFindings) -> dict[str, str]:
    finding = {"finding": link.finding.public_id} if link.finding else {}
    return {"check": link.check_ran.public_id, "account": link.account, **finding}


def _ended(link: RiskControl | RiskFindings) -> str:
    return _("This link has ended already.") if link.valid_to else ""


@transaction.atomic
def propose_closing(risk: Risk, *, because: str, by: User) -> Risk:
    held = locked(risk)
    rights.refuse(rights.propose_closing_refusal(held, by), rights.said(because))
    held.closure_proposed_at, held.closure_proposed_by, held.closure_because = clock.now(), by, because
    held.save_version(read=held.version)
    trail.record(by, "risk.closure_proposed", held, because=because)
    _tell(rights.answering(held), "risk_closing", held, kept("Confirm that %(id)s, “%(title)s”, can be closed"), by)
    return held


@transaction.atomic
def confirm_closing(risk: Risk, *, by: User) -> Risk:
    """Nobody confirms what they proposed; the database refuses it too."""
    held = locked(risk)
    rights.refuse(rights.confirm_closing_refusal(held, by))
    held.closed_at, held.closed_by = clock.now(), by
    held.save_version(read=held.version)
    trail.record(by, "risk.closed", held, because=held.closure_because)
    _tell([held.owner, held.closure_proposed_by], "risk_closed", held, kept("%(id)s, “%(title)s”, is closed"), by)
    return held


@transaction.atomic
def reject_closing(risk: Risk, *, because: str, by: User) -> Risk:
    """It stays open. Who proposed it may think better of it, too."""
    held = locked(risk)
    rights.refuse(rights.reject_closing_refusal(held, by), rights.said(because))
    send_back(held, because=because, by=by)
    _tell([held.owner, held.closure_proposed_by], "risk_closing", held, kept("%(id)s, “%(title)s”, stays open"), by)
    return locked(held)


@transaction.atomic
def reopen(risk: Risk, *, because: str, by: User) -> Risk:
    held = locked(risk)
    rights.refuse(rights.reopen_refusal(held, by), rights.said(because))
    send_back(held, because=because, by=by)
    standing.refresh([held.pk])
    people = [held.owner, held.closed_by, held.closure_proposed_by]
    _tell(people, "risk_reopened", held, kept("%(id)s, “%(title)s”, is open again"), by)
    return locked(held)


def _tell(people: Iterable[User | None], kind: str, risk: Risk, words: str, by: User) -> None:
    """Whoever did it is not told what they did."""
    others = [one for one in dict.fromkeys(people) if one and one != by]
    text = words % {"id": risk.public_id, "title": risk.title}
    notify(others, kind, text, url=to_risk(risk), subject=risk.public_id, by=by)
