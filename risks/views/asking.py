"""Asking for an exception: from a risk, a check in a solution, a finding, or from nothing."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from audit.public_id import get_or_404
from findings.models import Check, Finding, FindingSpan, Resource
from organisation.middleware import Request
from organisation.models import Solution, Visibility
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.asking import ask as ask_for
from risks.asking import level_asked
from risks.authorities import who_may_accept
from risks.exception_forms import AskForm, Subject
from risks.models import Risk
from risks.population import Bounds, Population, failing_resources
from risks.refusals import Refused


def own(request: Request) -> QuerySet[Solution]:
    """The solutions that this person has part in."""
    solutions = Visibility.today(request.user).solutions
    return Solution.objects.in_use(clock.now()).filter(pk__in=solutions).order_by("name")


@permitted("exception.ask")
def ask(request: Request) -> HttpResponse:
    """?risk=, ?finding=, ?check= and ?solution= say what it is about."""
    subject = subject_of(request)
    if subject is None:
        return choose(request)
    form = AskForm(request.POST or None, subject=subject)
    page = FormPage(
        heading=_("Ask for an exception: %(what)s") % {"what": what(subject)},
        verb=_("Ask for it"),
        back=back_of(subject),
        back_label=subject.risk.public_id if subject.risk else _("Exceptions"),
        lead=lead(subject),
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = ask_for(form.asking, by=request.user)
    except Refused as no:
        field = "expires_on" if no.field == "expires_at" else no.field
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("Asked for as %(id)s.") % {"id": made.public_id})
    return redirect("risks:exception", made.public_id)


def subject_of(request: Request) -> Subject | None:
    """None where the address does not say what it is about. Raises Http404."""
    query = request.GET
    risk, checks, chosen = None, list[Check](), list[Resource]()
    solution = get_or_404(own(request), query["solution"]) if query.get("solution") else None
    if query.get("risk"):
        risk = get_or_404(Risk.objects.visible_to(request.user).select_related("solution"), query["risk"])
        solution = risk.solution
        links = risk.finding_links.in_force(clock.now()).values("check_ran")
        checks = list(Check.objects.filter(pk__in=links))
    if query.get("finding"):
        spans = FindingSpan.objects.at(request.moment).visible_to(request.user)
        finding = get_or_404(Finding.objects.filter(pk__in=spans.values("finding")), query["finding"])
        span = spans.get(finding=finding)
        solution = solution or own(request).filter(pk__in=span.solutions).first()
        checks, chosen = [finding.check_ran], [finding.resource] if finding.resource else []
    for one in query.getlist("check"):
        checks.append(get_or_404(Check.objects.all(), one))
    if solution is None or not (checks or risk):
        return None
    bounds = Bounds(solution, checks, query.getlist("account"))
    checks = _that_fail(bounds) if risk else checks
    return Subject(solution, risk, checks, failing_resources(bounds), len(Population.of(bounds)), chosen)


def _that_fail(bounds: Bounds) -> list[Check]:
    return [one for one in bounds.checks if len(Population.of(Bounds(bounds.solution, [one])))]


def what(subject: Subject) -> str:
    if subject.risk:
        return f"{subject.risk.public_id} {subject.risk.title}"
    return f"{', '.join(one.key for one in subject.checks)}, {subject.solution.name}"


def back_of(subject: Subject) -> str:
    return reverse("risks:exceptions")


def lead(subject: Subject) -> str:
    """Its level, and who may accept that."""
    from risks.asking import Asking

    at = clock.now()
    asking = Asking("", subject.solution, "", at, risk=subject.risk, checks=subject.checks)
    covered = Population.of(Bounds(subject.solution, subject.checks))
    n = ngettext("%(n)d finding fails now.", "%(n)d findings fail now.", len(covered)) % {"n": len(covered)}
    try:
        matrix, level = level_asked(asking, covered, at)
    except Refused as no:
        return f"{n} {no}" if covered else str(no)
    names = ", ".join(one.name for one in who_may_accept(subject.solution, level, matrix, at))
    told = {"level": matrix.label(level), "names": names or _("nobody yet")}
    words = _("Its level is %(level)s. With the authority to accept that: %(names)s, but never who asks.")
    return f"{n} {words % told}" if subject.checks else words % told


def choose(request: Request) -> HttpResponse:
    """What it is about, where the address does not say so: the risks and failing checks of one's solutions."""
    solutions = list(own(request))
    chosen = request.GET.get("solution", "")
    solution = next((one for one in solutions if one.public_id == chosen), solutions[0] if solutions else None)
    risks: list[Risk] = []
    checks: list[Check] = []
    if solution:
        risks = list(Risk.objects.open().filter(solution=solution).order_by("-current", "pk")[:100])
        failing = FindingSpan.objects.at(request.moment).active().failing().of_solution(solution.pk)
        keys = failing.order_by().values("check_ran").distinct()
        checks = list(Check.objects.filter(pk__in=keys).order_by("-severity", "key")[:200])
    context = {"solutions": solutions, "solution": solution, "risks": risks, "checks": checks}
    return render(request, "risks/exception_choose.html", context)
