"""One exception: its whole story in order, what it covers, and who moves next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.own_work import attempted
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks import bearing, challenging, excepting
from risks.excepting import accepters, open_verbs, refusal
from risks.exception_forms import BecauseForm, DecisionForm, MayBecauseForm
from risks.exception_list import as_of
from risks.exception_moves import Verb
from risks.models import RiskException
from risks.population import population
from risks.views.exceptions import LOOKS

State = RiskException.State


def visible(request: Request) -> QuerySet[RiskException]:
    rows = as_of(RiskException.objects.visible_to(request.user), request.moment)
    return rows.select_related("solution", "risk__owner", "matrix", "asked_by", "accepted_by", "concurred_by")


@require_safe
@permitted("exception.view")
def exception(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    at, user = request.moment.at, request.user
    stands = State(found.stands)  # type: ignore[attr-defined]
    steps = list(found.steps.filter(at__lte=at).select_related("by"))
    verbs = open_verbs(found, user, at) if request.moment.is_now else []
    challenges = found.challenges.raised(at).select_related("raised_by", "answered_by", "settled_by")
    covers = population(found) if request.moment.is_now and stands not in ENDED else None
    context: dict[str, Any] = {
        "exception": found,
        "title": f"{found.public_id}, {found.get_kind_display().lower()}: {stands.label.lower()}",
        "stands": stands,
        "look": LOOKS[stands],
        "level": found.matrix.label(found.level),
        "tone": found.matrix.tone(found.level),
        "checks": (checks := list(found.checks.all())),
        "check_ids": [one.public_id for one in checks],
        "resources": found.resources.all()[:200],
        "steps": [(step, LOOKS[State(step.state)]) for step in steps],
        "challenges": challenges,
        "covers": None if covers is None else len(covers),
        "risen": excepting.risen(found, at, covers.worst) if covers else "",
        "written_back": bearing.written_back(found) if found.began_at and found.began_at <= at else None,
        "accepted": found.accepted_by if found.accepted_at and found.accepted_at <= at else None,
        "began": found.began_at if found.began_at and found.began_at <= at else None,
        "ended": found.ended_at if found.ended_at and found.ended_at <= at else None,
        "buttons": [_button(found, verb) for verb in verbs if verb in DOORS]
        + ([_button(found, Verb.CHALLENGE)] if _challenges_live(request, found) else []),
        "next_mover": next_mover(found, stands, at) if request.moment.is_now else "",
    }
    return render(request, "risks/exception.html", context)


Move = Callable[[Request, str], HttpResponse]
ENDED = frozenset({State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.REOPENED})


def _challenges_live(request: Request, found: RiskException) -> bool:
    is_second = "second" in request.user.roles_today
    unanswered = found.challenges.open().filter(answered_by=None).exists()
    return found.state == State.LIVE and is_second and request.moment.is_now and not unanswered


def next_mover(found: RiskException, stands: State, at: Any) -> str:
    """Who must move next, in a sentence; empty where nobody must."""
    if stands == State.ASKED:
        names = ", ".join(one.name for one in accepters(found, at))
        if not names:
            return _(
                "Nobody has the authority to accept this level here. The second line records whom the governing body "
                "gives it."
            )
        return _("One of these accepts or refuses it: %(names)s.") % {"names": names}
    if stands == State.ACCEPTED:
        return _("The second line concurs, challenges or escalates: somebody who neither asked nor accepted.")
    if stands == State.ESCALATED:
        return _("The governing body decides; the second line records what it decided.")
    if stands == State.CHALLENGED:
        return _("%(name)s answers the challenge.") % {"name": found.asked_by.name}
    if stands == State.LIVE:
        return _("Nobody, until it expires: it ends by itself then, and what fails reads “fail” again.")
    return ""


DOORS: dict[Verb, tuple[str, str | Promise]] = {
    Verb.ACCEPT: ("exception_accept", gettext_lazy("Accept it")),
    Verb.REFUSE: ("exception_refuse", gettext_lazy("Refuse it")),
    Verb.CONCUR: ("exception_concur", gettext_lazy("Concur")),
    Verb.CHALLENGE: ("exception_challenge", gettext_lazy("Challenge it")),
    Verb.ANSWER: ("exception_answer", gettext_lazy("Answer the challenge")),
    Verb.ESCALATE: ("exception_escalate", gettext_lazy("Escalate it")),
    Verb.GRANT: ("exception_decide", gettext_lazy("Record the decision")),
    Verb.WITHDRAW: ("exception_withdraw", gettext_lazy("Withdraw it")),
    Verb.END: ("exception_end", gettext_lazy("End it early")),
}
FILLED = frozenset({Verb.ACCEPT, Verb.CONCUR, Verb.ANSWER, Verb.GRANT})
"""The one filled button: what is to be done next."""


def _button(found: RiskException, verb: Verb) -> dict[str, Any]:
    name, words = DOORS[verb]
    return {"url": reverse(f"risks:{name}", args=[found.public_id]), "words": words, "filled": verb in FILLED}


LEADS: dict[Verb, str | Promise] = {
    Verb.ACCEPT: gettext_lazy("You bear it until it expires, with the authority that you were given for its level."),
    Verb.REFUSE: gettext_lazy("It goes back with your reason; what fails stays a fail."),
    Verb.CONCUR: gettext_lazy("From now on what it covers reads “fail, accepted”. It is never a pass."),
    Verb.CHALLENGE: gettext_lazy("It goes back with what you hold against it. One in force stays so until you uphold."),
    Verb.ANSWER: gettext_lazy("Your answer stays on the record; the second line reads it before it concurs."),
    Verb.ESCALATE: gettext_lazy("The governing body decides. Say what it has to decide on."),
    Verb.GRANT: gettext_lazy("Granted, it is in force from now on; refused, it ends."),
    Verb.WITHDRAW: gettext_lazy("It ends, and stays on the record."),
    Verb.END: gettext_lazy("It ends now; what fails within it reads “fail” again."),
}


def _moves(action: str, verb: Verb) -> Move:
    """The page on which a person makes a move. A refusal stands on the exception's page, in words."""

    def view(request: Request, public_id: str) -> HttpResponse:
        found = get_or_404(visible(request), public_id)
        back = reverse("risks:exception", args=[found.public_id])
        if why_not := _refused(found, verb, request):
            attempted(why_not)
            messages.error(request, why_not)
            return redirect(back)
        kind = DecisionForm if verb == Verb.GRANT else MayBecauseForm if verb in OPTIONAL else BecauseForm
        form = kind(request.POST or None, initial={"version": found.version})
        words = str(DOORS[verb][1])
        page = FormPage(
            heading=f"{words}: {found.public_id}", verb=words, back=back, back_label=found.public_id,
            lead=str(LEADS[verb]), danger=verb in (Verb.REFUSE, Verb.END, Verb.WITHDRAW),
        )  # fmt: skip
        if not form.is_valid():
            return page.show(request, form)
        try:
            _do(found, verb, request, form.cleaned_data)
        except NotAllowed as no:
            field = getattr(no, "field", "")
            form.add_error(field if field in form.fields else None, str(no))
            return page.show(request, form)
        messages.success(request, _("Done. It is on the record."))
        return redirect(back)

    view.__name__ = view.__qualname__ = DOORS[verb][0]
    return permitted(action)(view)


OPTIONAL = frozenset({Verb.ACCEPT, Verb.CONCUR})


def _refused(found: RiskException, verb: Verb, request: Request) -> str:
    if not request.moment.is_now:
        return _("Nobody acts in the past: go back to now.")
    if verb == Verb.CHALLENGE and found.state == State.LIVE:
        return ""
    return refusal(found, verb, request.user, request.moment.at)


def _do(found: RiskException, verb: Verb, request: Request, said: dict[str, Any]) -> None:
    by, because, read = request.user, said["because"], said["version"]
    if verb == Verb.CHALLENGE:
        challenging.challenge_exception(found, because=because, by=by, read=read)
    elif verb == Verb.ANSWER:
        challenge = found.challenges.open().filter(answered_by=None).first()
        if challenge:
            challenging.answer(challenge, text=because, by=by)
    elif verb == Verb.GRANT:
        granted, reference = said["granted"] == "yes", said["reference"]
        excepting.decide(found, granted=granted, reference=reference, because=because, by=by, read=read)
    else:
        excepting.move(found, verb, by=by, because=because, read=read)


accept = _moves("exception.accept", Verb.ACCEPT)
refuse = _moves("exception.accept", Verb.REFUSE)
concur = _moves("exception.concur", Verb.CONCUR)
challenge = _moves("risk.challenge", Verb.CHALLENGE)
answer = _moves("challenge.answer", Verb.ANSWER)
escalate = _moves("exception.concur", Verb.ESCALATE)
decide = _moves("exception.concur", Verb.GRANT)
withdraw = _moves("exception.ask", Verb.WITHDRAW)
end = _moves("exception.ask", Verb.END)
