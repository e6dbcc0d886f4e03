"""Working on a test: planned, frozen, drawn, issued, tested, concluded and reviewed, each on a page of its own."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from assurance import concluding, drawing, populations, testing
from assurance.models import ControlTest, Sample, SampleItem
from assurance.paper_forms import (
    ChangeTestForm,
    ConcludeForm,
    DrawForm,
    FreezeForm,
    IssueForm,
    PlanTestsForm,
    ResultForm,
    ReviewForm,
    WordsForm,
)
from assurance.populations import Wanted, needs_explaining
from assurance.rights import work_refusal, worked_on
from assurance.testing import refusal
from audit.public_id import get_or_404
from evidence.models import Evidence
from evidence.request_forms import PiecesForm
from evidence.uploading import takes_files
from organisation.middleware import Request
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.views.treatments import filled_in


def theirs(request: Request, public_id: str) -> ControlTest:
    """A test of an engagement on whose team the reader is. Raises Http404."""
    rows = ControlTest.objects.worked_on_by(request.user).select_related(
        "engagement__added_by", "control__solution", "control__owner", "solution"
    )
    return get_or_404(rows, public_id)


def page_of(found: ControlTest, heading: str, verb: str, lead: str = "", *, danger: bool = False) -> FormPage:
    back = reverse("assurance:paper", args=[found.public_id])
    return FormPage(f"{heading}: {found.control.name}", verb, back, found.public_id, lead, danger)


@permitted("engagement.work")
def plan(request: Request, public_id: str) -> HttpResponse:
    engagement = worked_on(request.user, public_id)
    page = FormPage(
        _("Plan tests"),
        _("Plan them"),
        reverse("assurance:tests", args=[engagement.public_id]),
        engagement.title,
        _("A test of each kind for each control that you choose. What is planned already stays as it is."),
    )
    form = PlanTestsForm(request.POST or None, engagement=engagement)

    def do(said: dict[str, Any]) -> object:
        chosen = {name: said[name] for name in ("kinds", "solution", "assigned_to")}
        return testing.plan(engagement, list(said["controls"]), by=request.user, **chosen)

    return filled_in(request, page, form, do, why_not=work_refusal(request.user, engagement))


@permitted("engagement.work")
def change(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    page = page_of(found, _("Change the test"), _("Save the changes"))
    form = ChangeTestForm(request.POST or None, test=found)

    def do(said: dict[str, Any]) -> object:
        told = {"procedure": said["procedure"], "assigned_to": said["assigned_to"], "read": said["version"] or 0}
        return testing.change(found, by=request.user, **told)

    return filled_in(request, page, form, do, why_not=refusal(found, request.user))


@permitted("engagement.work")
def freeze(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    lead = _("The list goes into the locker with its hash. What is drawn is drawn from it, whatever happens later.")
    page = page_of(found, _("Freeze a population"), _("Freeze it"), lead)
    form = FreezeForm(request.POST or None, request.FILES or None, test=found)

    def do(said: dict[str, Any]) -> object:
        files = {name: said[name].read() for name in ("listed", "other") if said[name]}
        return populations.freeze(found, Wanted(said["source"], said["against"], **files), by=request.user)

    return filled_in(request, page, form, do, why_not=refusal(found, request.user))


@permitted("engagement.work")
def explain(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    population = found.populations.first()
    why_not = refusal(found, request.user)
    if population is None or not needs_explaining(population):
        why_not = why_not or _("Nothing of its population needs to be explained.")
    page = page_of(found, _("Explain the difference"), _("Explain it"), _("It is said once, and stays with the list."))

    def do(said: dict[str, Any]) -> object:
        assert population
        return populations.explain(population, said["words"], by=request.user)

    return filled_in(request, page, WordsForm(request.POST or None), do, why_not=why_not)


@permitted("engagement.work")
def draw(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    population = found.populations.first()
    why_not = refusal(found, request.user)
    if population is None:
        why_not = why_not or _("Freeze its population first.")
    elif Sample.objects.filter(population=population).exists():
        why_not = why_not or _("A sample of it is drawn already; for another one, freeze the population anew.")
    elif needs_explaining(population):
        why_not = why_not or _("Explain first where the population and what it was held against differ.")
    n = f"{population.size:,}" if population else ""
    lead = _("Of %(n)s items. The size follows from what you ask for; the seed is made now and kept.") % {"n": n}
    page = page_of(found, _("Draw a sample"), _("Draw it"), lead)
    form = DrawForm(request.POST or None)

    def do(_said: dict[str, Any]) -> object:
        assert population
        return drawing.draw(population, form.design, by=request.user)

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("engagement.work")
def issue(request: Request, public_id: str) -> HttpResponse:
    """Who is asked answers from My items."""
    found = theirs(request, public_id)
    sample = concluding.sample_of(found)
    why_not = refusal(found, request.user)
    if sample is None:
        why_not = why_not or _("Draw a sample first.")
    elif sample.issued_at:
        why_not = why_not or _("It is issued already.")
    lead = _("One request for each item. From now on those who are asked know which items were drawn.")
    page = page_of(found, _("Ask for the items’ evidence"), _("Ask for it"), lead)
    form = IssueForm(request.POST or None, test=found, person=request.user)

    def do(said: dict[str, Any]) -> object:
        assert sample
        return drawing.issue(sample, by=request.user, **said)

    return filled_in(request, page, form, do, why_not=why_not)


@takes_files
@permitted("engagement.work")
def result(request: Request, public_id: str, number: int) -> HttpResponse:
    """What was found of one item of its sample."""
    found = theirs(request, public_id)
    sample = concluding.sample_of(found)
    item = sample.items.filter(number=number).first() if sample else None
    if item is None:
        return redirect("assurance:paper", found.public_id)
    lead = _("%(label)s. Where its evidence is missing it deviates: nothing takes its place.") % {"label": item.label}
    page = page_of(found, _("Item %(number)d") % {"number": number}, _("Keep the result"), lead)
    initial = {"note": item.note, "evidence": [one.pk for one in item.evidence.all()]}
    if item.result != SampleItem.Result.OPEN:
        initial["result"] = item.result
    form = ResultForm(
        request.POST or None,
        request.FILES or None,
        pieces=testing.pieces_for(found, request.user),
        refused=getattr(request, "refused_files", ()),
        initial=initial,
    )

    def do(said: dict[str, Any]) -> object:
        with transaction.atomic():
            pieces = _with_file(found, said, request)
            return drawing.keep_result(item, said["result"], note=said["note"], evidence=pieces, by=request.user)

    return filled_in(request, page, form, do, why_not=refusal(found, request.user))


@takes_files
@permitted("engagement.work")
def add_evidence(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    lead = _(
        "What the conclusion rests on. A file that you bring is a working paper, and the team’s alone until review."
    )
    page = page_of(found, _("Attach evidence"), _("Attach it"), lead)
    form = PiecesForm(
        request.POST or None,
        request.FILES or None,
        pieces=testing.pieces_for(found, request.user),
        refused=getattr(request, "refused_files", ()),
    )

    def do(said: dict[str, Any]) -> object:
        with transaction.atomic():
            return testing.attach(found, _with_file(found, said, request), by=request.user)

    return filled_in(request, page, form, do, why_not=refusal(found, request.user))


def _with_file(found: ControlTest, said: dict[str, Any], request: Request) -> list[Evidence]:
    """The pieces that were chosen, and the file that was brought."""
    pieces = list(said["evidence"])
    if said["file"]:
        pieces.append(testing.brought(found, said["file"], said["file_title"], by=request.user))
    return pieces


@permitted("engagement.work")
def conclude(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    lead = _("For the whole audited period. Somebody else on the team reviews it.")
    page = page_of(found, _("Conclude"), _("Conclude"), lead)
    form = ConcludeForm(request.POST or None, initial={"version": found.version})
    why_not = refusal(found, request.user) or concluding.conclude_refusal(found)

    def do(said: dict[str, Any]) -> object:
        read, by = said["version"] or 0, request.user
        return concluding.conclude(found, said["conclusion"], said["because"], by=by, read=read)

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("engagement.work")
def review(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    lead = _("From now on it stays as it is, and those who oversee the engagement read it.")
    page = page_of(found, _("Accept the conclusion"), _("Accept it"), lead)
    form = ReviewForm(request.POST or None, initial={"version": found.version})

    def do(said: dict[str, Any]) -> object:
        return concluding.review(found, said["words"], by=request.user, read=said["version"] or 0)

    return filled_in(request, page, form, do, why_not=concluding.review_refusal(found, request.user))


@permitted("engagement.work")
def send_back(request: Request, public_id: str) -> HttpResponse:
    found = theirs(request, public_id)
    lead = _("It goes back to whoever prepared it, with what it lacks. Its conclusion is taken away.")
    page = page_of(found, _("Send it back"), _("Send it back"), lead, danger=True)
    form = WordsForm(request.POST or None, initial={"version": found.version})

    def do(said: dict[str, Any]) -> object:
        return concluding.send_back(found, said["words"], by=request.user, read=said["version"] or 0)

    return filled_in(request, page, form, do, why_not=concluding.review_refusal(found, request.user))
