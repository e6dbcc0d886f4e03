"""The second line holds something against a level, a treatment, a closure or an exception; the first line answers.

A challenge goes back with its reason and stays on the record. Whoever answers does not settle it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept, of_the_organisation
from organisation.models import User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands
from risks.closing import send_back
from risks.excepting import move
from risks.exception_moves import Verb
from risks.models import Assessment, Challenge, Risk, RiskException, Treatment
from risks.refusals import Refused
from risks.telling import of_solution, tell

About = Challenge.About
Outcome = Challenge.Outcome
Closable = Risk | Treatment


def challenge_level(assessment: Assessment, *, because: str, by: User) -> Challenge:
    """Its level, whether or not it is confirmed. Raises Refused."""
    if assessment.declined_at:
        raise Refused(_("That level was declined: it counts nowhere."))
    return _raise(About.LEVEL, because, by, risk=assessment.risk, assessment=assessment)


def challenge_treatment(treatment: Treatment, *, because: str, by: User) -> Challenge:
    if treatment.closed_at:
        raise Refused(_("It is closed: challenge its closure instead."))
    return _raise(About.TREATMENT, because, by, risk=treatment.risk, treatment=treatment)


def challenge_closure(subject: Closable, *, because: str, by: User) -> Challenge:
    """Of a risk or a treatment: proposed or done."""
    if subject.closure_proposed_at is None:
        raise Refused(
            _("Nobody proposes to close %(id)s: there is no closure to challenge.") % {"id": subject.public_id}
        )
    if isinstance(subject, Treatment):
        return _raise(About.CLOSURE, because, by, risk=subject.risk, treatment=subject)
    return _raise(About.CLOSURE, because, by, risk=subject)


def challenge_treated(treatment: Treatment, *, because: str, by: User) -> Challenge:
    """How a risk is treated; where its closing is proposed or done, that."""
    verb = challenge_treatment if treatment.closure_proposed_at is None else challenge_closure
    return verb(treatment, because=because, by=by)


@transaction.atomic
def challenge_exception(exception: RiskException, *, because: str, by: User, read: int | None = None) -> Challenge:
    """One in force stays so until the challenge is upheld; any other goes back to who asked."""
    if exception.ended_at:
        raise Refused(_("%(id)s has ended: there is nothing to challenge.") % {"id": exception.public_id})
    if exception.state != RiskException.State.LIVE:
        exception = move(exception, Verb.CHALLENGE, by=by, because=because, read=read)
    return _raise(About.EXCEPTION, because, by, risk=exception.risk, exception=exception)


@transaction.atomic
def _raise(
    about: Challenge.About,
    because: str,
    by: User,
    *,
    risk: Risk | None,
    assessment: Assessment | None = None,
    treatment: Treatment | None = None,
    exception: RiskException | None = None,
) -> Challenge:
    if not may(by, "risk.challenge"):
        raise Refused(_("Only the second line challenges; the first line answers."))
    if not because.strip():
        raise Refused(_("Say what you hold against it: the first line answers that."), "because")
    named = {"assessment": assessment, "treatment": treatment, "exception": exception}
    same = Challenge.objects.open().filter(about=about, risk=risk, **named)
    if same.filter(answered_by=None).exists():
        raise Refused(_("A challenge of it awaits its answer already."))
    made = Challenge.objects.create(
        about=about, risk=risk, because=because, raised_by=by, raised_at=clock.now(), **named
    )
    trail.record(by, "challenge.raised", made, because=because, about=about, of=subject_id(made))
    with of_the_organisation():
        words = _("%(who)s challenges the %(about)s of %(id)s")
        told = {"who": by.name, "about": made.get_about_display().lower(), "id": subject_id(made)}
        text = words % told if about != About.EXCEPTION else _("%(who)s challenges exception %(id)s") % told
    tell(answerers(made), "challenge_raised", made, text, by=by, mail=True)
    return made


def subject_id(challenge: Challenge) -> str:
    """The public id of what it is about."""
    found = challenge.exception or challenge.treatment or challenge.risk
    return found.public_id if found else ""


def answerers(challenge: Challenge) -> list[User]:
    """Who has to answer: those who answer for what is challenged."""
    people: list[User] = []
    if challenge.exception:
        return [challenge.exception.asked_by]
    if challenge.treatment:
        people.append(challenge.treatment.owner)
    if challenge.risk:
        people += [challenge.risk.owner, *of_solution(challenge.risk)]
    return [one for one in dict.fromkeys(people) if one != challenge.raised_by]


def answer_refusal(challenge: Challenge, person: User) -> str:
    """Why this person may not answer it; empty where they may."""
    if challenge.settled_at:
        return _("It is settled.")
    if challenge.answered_at:
        return _("It is answered: the second line settles it.")
    if not may(person, "challenge.answer"):
        return _("The first line answers challenges.")
    if same_hands(person, challenge.raised_by, challenge.raised_at):
        return own_work(_("Nobody answers what they raised."), person, "challenge.answered", challenge)
    if challenge.exception:
        asker = challenge.exception.asked_by
        return "" if by_right(person, [asker]) else _("%(names)s asked, and answers.") % {"names": asker.name}
    if not _has_part(challenge, person):
        names = ", ".join(one.name for one in answerers(challenge))
        return _("It is for one of these to answer: %(names)s.") % {"names": names}
    return ""


def _has_part(challenge: Challenge, person: User) -> bool:
    return by_right(person, answerers(challenge), part_in=challenge.risk.solution if challenge.risk else None)


@transaction.atomic
def answer(challenge: Challenge, *, text: str, by: User) -> Challenge:
    """Raises Refused."""
    held = locked(challenge)
    if why_not := answer_refusal(held, by):
        raise Refused(why_not)
    if not text.strip():
        raise Refused(_("Write what you answer: it stays on the record."), "answer")
    held.answer, held.answered_by, held.answered_at = text, by, clock.now()
    held.save()
    if held.exception and held.exception.state == RiskException.State.CHALLENGED:
        move(held.exception, Verb.ANSWER, by=by, because=text)
    trail.record(by, "challenge.answered", held, answer=text)
    words = kept("%(who)s answered your challenge %(id)s") % {"who": by.name, "id": held.public_id}
    tell([held.raised_by], "challenge_answered", held, words, by=by, mail=True)
    return held


def settle_refusal(challenge: Challenge, person: User) -> str:
    """Why this person may not settle it; empty where they may."""
    if challenge.settled_at:
        return _("It is settled.")
    if not may(person, "challenge.settle"):
        return _("The second line settles challenges.")
    if same_hands(person, challenge.answered_by, challenge.answered_at):
        words = _("You answered it: somebody else of the second line settles it.")
        return own_work(words, person, "challenge.settled", challenge)
    if challenge.answered_at is None and person != challenge.raised_by:
        return _("It awaits an answer first; until then only %(name)s may withdraw it.") % {
            "name": challenge.raised_by.name
        }
    return ""


def outcomes(challenge: Challenge, person: User) -> list[Challenge.Outcome]:
    """What this person may settle it with. Only who raised it withdraws it, and only an answered one is decided on."""
    if settle_refusal(challenge, person):
        return []
    decided = [Outcome.UPHELD, Outcome.SATISFIED] if challenge.answered_at else []
    return [*decided, *([Outcome.WITHDRAWN] if person == challenge.raised_by else [])]


@transaction.atomic
def settle(challenge: Challenge, *, outcome: str, because: str, by: User) -> Challenge:
    """Raises Refused."""
    held = locked(challenge)
    if why_not := settle_refusal(held, by):
        raise Refused(why_not)
    if outcome not in outcomes(held, by):
        words = _("That is not open: an answered challenge is upheld or satisfied, and who raised it may withdraw it.")
        raise Refused(words, "outcome")
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    unanswered = held.answered_at is None
    held.outcome, held.settled_because = Outcome(outcome), because
    held.settled_by, held.settled_at = by, clock.now()
    held.save()
    trail.record(by, "challenge.settled", held, outcome=outcome, because=because)
    _follow(held, because, by, unanswered)
    return held


def _follow(challenge: Challenge, because: str, by: User, unanswered: bool) -> None:
    """What it brings about: an upheld one sends back, reopens or ends what it was about."""
    exception = challenge.exception
    if exception and exception.ended_at is None and exception.expires_at <= clock.now():
        move(exception, Verb.EXPIRE, by=None, because=kept("It was agreed until then"))
    elif exception and exception.ended_at is None:
        if challenge.outcome == Outcome.UPHELD:
            move(exception, Verb.UPHOLD, by=by, because=because)
        elif unanswered and exception.state == RiskException.State.CHALLENGED:
            move(exception, Verb.DROP, by=by, because=because)
    if challenge.about == About.CLOSURE and challenge.outcome == Outcome.UPHELD:
        closed: Closable | None = challenge.treatment or challenge.risk
        if closed:
            send_back(closed, because=because, by=by)
    with of_the_organisation():
        words = _("%(id)s, a challenge of %(of)s: %(outcome)s") % {
            "id": challenge.public_id, "of": subject_id(challenge), "outcome": challenge.get_outcome_display().lower(),
        }  # fmt: skip
    tell([*answerers(challenge), challenge.raised_by], "challenge_settled", challenge, words, by=by, mail=True)


def locked(challenge: Challenge) -> Challenge:
    related = (
        "risk__owner",
        "risk__solution",
        "treatment__owner",
        "exception__asked_by",
        "raised_by",
        "answered_by",
        "assessment",
    )
    return Challenge.objects.select_for_update(of=("self",)).select_related(*related).get(pk=challenge.pk)


def blocks_closing(subject: Closable) -> str:
    """Why a risk or a treatment may not be closed now; empty where no open challenge stands against it."""
    about = {"treatment": subject} if isinstance(subject, Treatment) else {"risk": subject}
    rows = Challenge.objects.open().filter(**about).order_by("pk")
    ids = ", ".join(one.public_id for one in rows)
    return (
        _("Open challenges stand against it: %(ids)s. Answer them, and let the second line settle them.") % {"ids": ids}
        if ids
        else ""
    )


def level_challenged(risk: Risk, at: datetime) -> Challenge | None:
    """The latest challenge of one of its levels that still stands: open, or upheld with no newer level confirmed."""
    standing = Q(settled_at=None) | Q(settled_at__gt=at) | Q(outcome=Outcome.UPHELD)
    rows = Challenge.objects.raised(at).filter(standing, risk=risk, about=About.LEVEL).select_related("assessment")
    for one in rows.order_by("-raised_at", "-pk"):
        assert one.assessment is not None
        newer = Assessment.objects.confirmed(at).filter(
            risk=risk, kind=one.assessment.kind, confirmed_at__gt=one.raised_at
        )
        if not newer.exists():
            return one
    return None
