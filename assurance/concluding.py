"""What a test concludes for its period, and that somebody else reviews it."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from assurance import teaming
from assurance.configurations import configurations
from assurance.drawing import DEVIATES, allowed
from assurance.models import ControlTest, Sample, SampleItem, TeamMember
from assurance.population_lines import Ground, checks_of
from assurance.rights import work_refusal
from assurance.testing import Kind, State, locked, locked_in_any_state, move
from audit import clock, trail
from controls import verdicts
from controls.models import Verdict
from controls.periods import unobserved_hours
from organisation.models import User
from organisation.own_work import own_work
from organisation.standing_in import same_hands
from risks.refusals import Refused

Conclusion = ControlTest.Conclusion
REVIEWS = (TeamMember.Part.LEAD, TeamMember.Part.REVIEWER)
SAYS = {
    Conclusion.EFFECTIVE: Verdict.Result.EFFECTIVE,
    Conclusion.PARTLY_EFFECTIVE: Verdict.Result.PARTLY_EFFECTIVE,
    Conclusion.NOT_EFFECTIVE: Verdict.Result.NOT_EFFECTIVE,
}


@dataclass(frozen=True)
class Tally:
    """Of the sample of a test. allowed: deviations with which it still shows what it was drawn for; None: no bound."""

    items: int = 0
    open: int = 0
    deviations: int = 0
    missing: int = 0
    allowed: int | None = None


def sample_of(test: ControlTest) -> Sample | None:
    """Of its latest population. Two queries."""
    population = test.populations.first()
    return Sample.objects.filter(population=population).select_related("population").first() if population else None


def tally(sample: Sample | None) -> Tally:
    if sample is None:
        return Tally()
    found = sample.items.aggregate(
        items=Count("pk"),
        open=Count("pk", filter=Q(result=SampleItem.Result.OPEN)),
        deviations=Count("pk", filter=Q(result__in=DEVIATES)),
        missing=Count("pk", filter=Q(result=SampleItem.Result.MISSING)),
    )
    return Tally(**found, allowed=allowed(sample))


@transaction.atomic
def conclude(test: ControlTest, conclusion: str, because: str, *, by: User, read: int) -> ControlTest:
    """For the engagement's period, once it is over. Raises Refused, and StaleRow where it was saved since."""
    held = locked(test, by=by)
    if why_not := conclude_refusal(held):
        raise Refused(why_not)
    found = tally(sample_of(held))
    _shown(held, conclusion, found)
    if not because.strip():
        raise Refused(_("Say what was found, and why it leads to this."), "because")
    ground = Ground.of(held, now=clock.now())
    checks = checks_of(held.control_id, ground.at)
    is_period = ground.begin < ground.at
    held.conclusion, held.because = conclusion, because
    held.deviations = found.deviations if found.items else None
    held.unobserved_hours = (
        unobserved_hours(checks, ground.solutions, ground.begin, ground.at) if checks and is_period else None
    )
    if checks and not held.control.is_manual:
        held.configuration = configurations(held.control, ground.begin, ground.at)[-1].sha256
    held.prepared_by, held.prepared_at = by, clock.now()
    held.state = State.CONCLUDED
    if held.version != read:
        raise Refused(_("Somebody worked on %(id)s since you opened it: look again.") % {"id": held.public_id})
    move(held, State.CONCLUDED, by=by)
    trail.record(by, "control_test.concluded", held, engagement=held.engagement.public_id)
    return held


def conclude_refusal(test: ControlTest) -> str:
    """What has to be done before anything can be concluded; empty where nothing has."""
    if test.engagement.about_to > clock.now():
        return _("The audited period is not over yet: nobody can say how the control did in it.")
    open_items = tally(sample_of(test)).open
    if open_items:
        return _("Items of the sample are not tested yet: %(n)d.") % {"n": open_items}
    return ""


def _shown(test: ControlTest, conclusion: str, found: Tally) -> None:
    if conclusion == Conclusion.NOT_CONCLUDED:
        return
    if test.kind == Kind.OPERATION and not found.items and not test.evidence.exists():
        words = _("Nothing was tested: draw a sample, or attach the evidence that it rests on.")
        raise Refused(words, "conclusion")
    if conclusion == Conclusion.EFFECTIVE and found.allowed is not None and found.deviations > found.allowed:
        told = {"n": found.deviations, "allowed": found.allowed}
        words = _("%(n)d items deviate, and the sample was drawn to bear %(allowed)d: it does not show “effective”.")
        raise Refused(words % told, "conclusion")


@transaction.atomic
def send_back(test: ControlTest, words: str, *, by: User, read: int) -> ControlTest:
    """To whoever prepared it, with what it lacks. Raises Refused."""
    held = _to_review(test, by, read)
    if not words.strip():
        raise Refused(_("Say what it lacks."), "words")
    held.conclusion, held.because = "", ""
    held.prepared_by, held.prepared_at, held.deviations, held.unobserved_hours = None, None, None, None
    move(held, State.UNDER_WAY, by=by, words=words)
    trail.record(by, "control_test.sent_back", held, engagement=held.engagement.public_id)
    return held


@transaction.atomic
def review(test: ControlTest, words: str = "", *, by: User, read: int) -> ControlTest:
    """By another than prepared it. Of how a control operated, the conclusion goes on its ledger. Raises Refused."""
    held = _to_review(test, by, read)
    held.reviewed_by, held.reviewed_at = by, clock.now()
    if held.kind == Kind.OPERATION and held.conclusion != Conclusion.NOT_CONCLUDED:
        held.verdict = _on_the_ledger(held)
    move(held, State.REVIEWED, by=by, words=words)
    trail.record(by, "control_test.reviewed", held, engagement=held.engagement.public_id)
    return held


def _on_the_ledger(test: ControlTest) -> Verdict:
    assert test.prepared_by
    about = test.engagement
    only = about.solutions.all()
    try:
        return verdicts.record(
            test.control,
            kind=Verdict.Kind.CONCLUSION,
            result=SAYS[Conclusion(test.conclusion)],
            period_from=about.about_from,
            period_to=about.about_to,
            what=test.procedure[:4000],
            because=test.because[:4000],
            solution=test.solution or test.control.solution or (only[0] if len(only) == 1 else None),
            by=test.prepared_by,
            source=("controltest", test.public_id),
        )
    except PermissionDenied as no:
        words = _("%(name)s may not conclude on this control any more: send it back to somebody who may.")
        raise Refused(words % {"name": test.prepared_by.name}) from no
    except verdicts.Refused as no:
        raise Refused(str(no.words)) from no


def review_refusal(test: ControlTest, user: User) -> str:
    """Why this person does not review it now; empty where they may."""
    if test.state != State.CONCLUDED:
        return _("It is not concluded: there is nothing to review.")
    if why_not := work_refusal(user, test.engagement):
        return why_not
    if same_hands(user, test.prepared_by):
        words = _("You prepared it: somebody else on the team reviews it.")
        return own_work(words, user, "control_test.reviewed", test)
    if not any(one.person == user and one.part in REVIEWS for one in teaming.of(test.engagement)):
        names = ", ".join(
            one.person.name
            for one in teaming.of(test.engagement)
            if one.part in REVIEWS and one.person != test.prepared_by
        )
        who = names or _("nobody yet; put a reviewer on the team")
        return _("A lead or a reviewer of its team reviews it: %(names)s.") % {"names": who}
    return ""


def _to_review(test: ControlTest, by: User, read: int) -> ControlTest:
    held = locked_in_any_state(test)
    if why_not := review_refusal(held, by):
        raise Refused(why_not)
    if held.version != read:
        raise Refused(_("Somebody worked on %(id)s since you opened it: look again.") % {"id": held.public_id})
    return held
