"""One audit finding: what was found, what is said to it, and who moves next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assurance import finding_verbs
from assurance.finding_forms import FindingForm, StepForm
from assurance.finding_list import as_of
from assurance.finding_moves import State, Verb, next_mover, open_verbs, refusal
from assurance.models import AuditFinding, ControlTest, Engagement
from assurance.rights import may_work, work_refusal, worked_on
from assurance.views.findings import LOOKS, shown
from assurance.views.planning import done
from audit.public_id import get_or_404
from evidence.models import Evidence
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.own_work import attempted
from organisation.permissions import permitted
from organisation.views.form_page import FormPage


def visible(request: Request) -> QuerySet[AuditFinding]:
    rows = as_of(AuditFinding.objects.visible_to(request.user), request.user, request.moment)
    return rows.select_related(
        "engagement__added_by", "engagement__closed_by", "owner", "written_by", "solution", "control", "requirement",
        "repeats", "test__control",
    )  # fmt: skip


@require_safe
@permitted("audit_finding.view")
def finding(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    stands = State(found.stands)  # type: ignore[attr-defined]
    at, is_now = request.moment.at, request.moment.is_now
    steps = list(found.steps.filter(at__lte=at).select_related("by").prefetch_related("evidence"))
    opened = Evidence.objects.visible_to(request.user).filter(audit_finding_steps__in=steps)
    seen = set(opened.values_list("pk", flat=True))
    today = timezone.localdate(at, timezone.get_default_timezone())
    engagements = Engagement.objects.visible_to(request.user)
    context: dict[str, Any] = {
        "finding": found,
        "row": shown(found, today),
        "title": _title(found, stands, today),
        "stands": stands,
        "answered": stands not in (State.DRAFT, State.DROPPED, State.ISSUED),
        "steps": [
            (step, LOOKS[State(step.state)], [one for one in step.evidence.all() if one.pk in seen]) for step in steps
        ],
        "buttons": [_button(found, verb) for verb in open_verbs(found, request.user)] if is_now else [],
        "changes": is_now and stands == State.DRAFT and may_work(request.user, found.engagement),
        "next_mover": next_mover(found, stands) if is_now else "",
        "repeats": AuditFinding.objects.visible_to(request.user).filter(repeated_by=found).first(),
        "engagement": engagements.filter(pk=found.engagement_id).first(),
    }
    return render(request, "assurance/finding.html", context)


def _title(found: AuditFinding, stands: State, today: Any) -> str:
    told = {"title": found.title, "state": str(stands.label).lower()}
    if stands == State.AGREED and found.agreed_on and found.agreed_on < today:
        return _("%(title)s: overdue") % told
    return _("%(title)s: %(state)s") % told


def _button(found: AuditFinding, verb: Verb) -> dict[str, Any]:
    url = reverse(f"assurance:finding_{verb.value}", args=[found.public_id])
    return {"url": url, "words": verb.label, "filled": verb in FILLED}


FILLED = frozenset({Verb.ISSUE, Verb.RESPOND, Verb.AGREE, Verb.DONE, Verb.CLOSE})


@permitted("audit_finding.write")
def write(request: Request, public_id: str) -> HttpResponse:
    """A draft for an engagement that one works on; ?test= takes over what the working paper is about."""
    engagement = worked_on(request.user, public_id)
    back = reverse("assurance:engagement", args=[engagement.public_id])
    why_not = work_refusal(request.user, engagement)
    if not request.moment.is_now:
        why_not = _("Nobody acts in the past: go back to now.")
    if why_not:
        attempted(why_not)
        messages.warning(request, why_not)
        return redirect(back)
    lead = _("A draft is your team's alone, administrators included. Who answers for it reads it once it is issued.")
    page = FormPage(_("Write an audit finding"), _("Save the draft"), back, engagement.title, lead)
    form = FindingForm(
        request.POST or None, engagement=engagement, person=request.user, initial=_from_test(request, engagement)
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = finding_verbs.draft(engagement, form.wording, by=request.user)
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is a draft.") % {"id": made.public_id})
    return redirect("assurance:finding", made.public_id)


def _from_test(request: Request, engagement: Engagement) -> dict[str, Any]:
    if not (named := request.GET.get("test", "")):
        return {}
    test = get_or_404(ControlTest.objects.filter(engagement=engagement).select_related("control"), named)
    found = {"test": test, "control": test.control, "solution": test.solution, "condition": test.because}
    return {**found, "criteria": test.control.objective, "owner": test.control.owner}


@permitted("audit_finding.write")
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    engagement = worked_on(request.user, found.engagement.public_id)
    back = reverse("assurance:finding", args=[found.public_id])
    why_not = work_refusal(request.user, engagement)
    if found.state != State.DRAFT:
        why_not = _("It is issued: what it says stays.")
    if why_not or not request.moment.is_now:
        attempted(why_not)
        messages.warning(request, why_not or _("Nobody acts in the past: go back to now."))
        return redirect(back)
    page = FormPage(_("Change the draft %(id)s") % {"id": found.public_id}, _("Save the draft"), back, found.title)
    form = FindingForm(request.POST or None, engagement=engagement, person=request.user, finding=found)
    if not form.is_valid():
        return page.show(request, form)
    read, words = form.cleaned_data["version"] or 0, _("The draft is changed.")
    by = request.user
    return done(request, page, form, lambda: finding_verbs.change(found, form.wording, by=by, read=read), words)


LEADS = {
    Verb.ISSUE: gettext_lazy("From now on what it says stays, and who answers for it and those who oversee read it."),
    Verb.DROP: gettext_lazy("It is never issued; the draft stays in the engagement's file, for its team."),
    Verb.RESPOND: gettext_lazy("The auditors agree to it, or send it back."),
    Verb.AGREE: gettext_lazy("From now on the day holds; the portal reminds of it before and after."),
    Verb.RETURN: gettext_lazy("It goes back to who answers for it, with what it lacks."),
    Verb.DONE: gettext_lazy("An auditor tests it again before it is closed."),
    Verb.CLOSE: gettext_lazy("You tested it again and it holds. It is closed for good."),
    Verb.REOPEN: gettext_lazy("You tested it again and it does not hold. The agreed day stays."),
}


def _moves(action: str, verb: Verb) -> Callable[[Request, str], HttpResponse]:
    """The page on which a person makes a move. A refusal stands on the finding's page, in words."""

    def view(request: Request, public_id: str) -> HttpResponse:
        found = get_or_404(visible(request), public_id)
        back = reverse("assurance:finding", args=[found.public_id])
        why_not = refusal(found, verb, request.user)
        if not request.moment.is_now:
            why_not = _("Nobody acts in the past: go back to now.")
        if why_not:
            attempted(why_not)
            messages.warning(request, why_not)
            return redirect(back)
        danger = verb in (Verb.DROP, Verb.RETURN, Verb.REOPEN)
        page = FormPage(
            f"{verb.label}: {found.title}", str(verb.label), back, found.public_id, str(LEADS[verb]), danger
        )
        form = StepForm(request.POST or None, finding=found, verb=verb, person=request.user)
        if not form.is_valid():
            return page.show(request, form)
        said = form.cleaned_data
        told = {"words": said["words"], "day": said.get("day"), "evidence": said.get("evidence") or ()}
        read, by = said["version"] or 0, request.user
        act = lambda: finding_verbs.move(found, verb, by=by, read=read, **told)  # noqa: E731
        return done(request, page, form, act, _("Done. It is on the record."))

    view.__name__ = view.__qualname__ = f"finding_{verb.value}"
    return permitted(action)(view)


issue = _moves("audit_finding.write", Verb.ISSUE)
drop = _moves("audit_finding.write", Verb.DROP)
respond = _moves("audit_finding.respond", Verb.RESPOND)
agree = _moves("audit_finding.write", Verb.AGREE)
send_back = _moves("audit_finding.write", Verb.RETURN)
say_done = _moves("audit_finding.respond", Verb.DONE)
close = _moves("audit_finding.write", Verb.CLOSE)
reopen = _moves("audit_finding.write", Verb.REOPEN)
