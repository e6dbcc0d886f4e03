"""What level a risk has: stated by who answers for it, proposed by others, and confirmed or declined.

Who may is in risks.rights; each verb raises NotAllowed with its words.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.moment import Moment
from audit.words import kept
from desk.notices import notify
from organisation.models import NotAllowed, User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands
from risks import proposing, rights, standing
from risks.doors import to_risk
from risks.models import Assessment, Matrix, Risk
from risks.models.assessment import AssessmentQuerySet
from risks.registering import locked

Kind = Assessment.Kind


@transaction.atomic
def state(risk: Risk, kind: str, *, likelihood: int, impact: int, because: str, by: User) -> Assessment:
    """It counts at once where `by` answers for the risk; else it waits for who does. The last proposal is the one.

    The second line proposes, by an import; it never states.
    """
    held = locked(risk)
    rights.refuse(rights.closed_refusal(held), rights.said(because))
    why_not = rights.change_refusal(held, by, "risk.assess")
    if why_not and not _imports(by):
        rights.refuse(why_not)
    at = clock.now()
    matrix = Matrix.objects.in_force(at)
    if matrix is None:
        raise NotAllowed(_("There is no matrix yet: levels are stated on one, which the second line adopts."))
    if not (0 <= likelihood < len(matrix.likelihoods) and 0 <= impact < len(matrix.impacts)):
        raise NotAllowed(_("The matrix in force has no such cell."))
    answers = not why_not and rights.answers(by, held)
    _replace_waiting(held, kind, by)
    made = Assessment.objects.create(
        risk=held, kind=Kind(kind), matrix=matrix, likelihood=likelihood, impact=impact,
        level=matrix.level_of(likelihood, impact), because=because, proposal=_proposed(held, kind, by),
        proposed_by=by, proposed_at=at,
        confirmed_by=by if answers else None, confirmed_at=at if answers else None,
    )  # fmt: skip
    trail.record(by, "risk.level_stated" if answers else "risk.level_proposed", held, because=because, **_told(made))
    if answers:
        standing.refresh([held.pk])
    else:
        words = kept("%(who)s proposes a level for %(id)s, “%(title)s”: confirm or decline it")
        text = words % {"who": by.name, "id": held.public_id, "title": held.title}
        people = [one for one in rights.answering(held) if one != by]
        notify(people, "risk_level", text, url=to_risk(held), subject=held.public_id, by=by)
    return made


def take(risk: Risk, *, likelihood: int | None, impact: int | None, by: User) -> Assessment:
    """The portal's proposal as one's own statement. likelihood, impact: of the proposal that the person saw."""
    proposal = proposing.proposals([risk], by, Moment.now())[risk.pk]
    if likelihood is None or impact is None or (proposal.likelihood, proposal.impact) != (likelihood, impact):
        raise NotAllowed(_("The proposal is another one now, since what it rests on changed. Look again."))
    because = _("As the portal proposed. %(reasons)s") % {"reasons": " ".join(one.words for one in proposal.reasons)}
    cell = {"likelihood": likelihood, "impact": impact}
    return state(risk, Kind.CURRENT.value, because=because[:2000], by=by, **cell)


def _imports(person: User) -> bool:
    """Whether they may bring in what others state, and no more."""
    return may(person, "risk.import") and not may(person, "risk.assess")


def _replace_waiting(risk: Risk, kind: str, by: User) -> None:
    for earlier in waiting(risk).filter(kind=kind).select_for_update(of=("self",)):
        _decline(earlier, kept("Replaced by a later one."), by)


def _proposed(risk: Risk, kind: str, by: User) -> dict[str, object]:
    """What the portal proposed at that moment, for who compares later. Nothing for the other kinds."""
    if kind != Kind.CURRENT:
        return {}
    return proposing.proposals([risk], by, Moment.now())[risk.pk].told


@transaction.atomic
def confirm(assessment: Assessment, *, by: User) -> Assessment:
    """It counts from now on."""
    risk = locked(assessment.risk)
    found = _open(assessment)
    rights.refuse(rights.confirm_refusal(risk, by), _own_refusal(found, risk, by))
    found.confirmed_by, found.confirmed_at = by, clock.now()
    found.save(update_fields=["confirmed_by", "confirmed_at"])
    trail.record(by, "risk.level_confirmed", risk, proposed_by=found.proposed_by.public_id, **_told(found))
    standing.refresh([risk.pk])
    _tell_proposer(found, risk, kept("%(who)s confirmed the level that you proposed for %(id)s, “%(title)s”"), by)
    return found


def _own_refusal(found: Assessment, risk: Risk, by: User) -> str:
    """Who proposed it does not confirm it in the place of another."""
    if by.acting_for is None or not same_hands(by, found.proposed_by, found.proposed_at):
        return ""
    words = _("You proposed it: somebody else who answers for the risk confirms.")
    return own_work(words, by, "risk.level_confirmed", risk)


@transaction.atomic
def decline(assessment: Assessment, *, because: str, by: User) -> Assessment:
    """It never counts. Who proposed it may take it back, too."""
    risk = locked(assessment.risk)
    found = _open(assessment)
    if not by_right(by, [found.proposed_by]):
        rights.refuse(rights.confirm_refusal(risk, by))
    rights.refuse(rights.said(because))
    _decline(found, because, by)
    trail.record(by, "risk.level_declined", risk, because=because, **_told(found))
    _tell_proposer(found, risk, kept("%(who)s declined the level that you proposed for %(id)s, “%(title)s”"), by)
    return found


def waiting(risk: Risk) -> AssessmentQuerySet:
    """Levels that were proposed and are neither confirmed nor declined."""
    return Assessment.objects.waiting().filter(risk=risk).select_related("matrix", "proposed_by")


def _open(assessment: Assessment) -> Assessment:
    rows = Assessment.objects.select_for_update(of=("self",)).select_related("matrix", "proposed_by")
    found = rows.get(pk=assessment.pk)
    if found.confirmed_at or found.declined_at:
        raise NotAllowed(_("It is decided on already. Propose another level where it is not right."))
    return found


def _decline(assessment: Assessment, because: str, by: User) -> None:
    assessment.declined_by, assessment.declined_at, assessment.declined_because = by, clock.now(), because
    assessment.save(update_fields=["declined_by", "declined_at", "declined_because"])


def _told(one: Assessment) -> dict[str, object]:
    return {
        "assessment": one.public_id,
        "kind": one.kind,
        "level": one.label,
        "likelihood": one.matrix.likelihoods[one.likelihood],
        "impact": one.matrix.impacts[one.impact],
        "matrix": one.matrix.public_id,
    }


def _tell_proposer(assessment: Assessment, risk: Risk, words: str, by: User) -> None:
    if assessment.proposed_by != by:
        text = words % {"who": by.name, "id": risk.public_id, "title": risk.title}
        notify(assessment.proposed_by, "risk_level", text, url=to_risk(risk), subject=risk.public_id, by=by)
