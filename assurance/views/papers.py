"""The working papers of an engagement, as a list and one by one."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assurance.concluding import Tally, conclude_refusal, review_refusal, tally
from assurance.configurations import in_period
from assurance.drawing import DEVIATES, requests_of
from assurance.models import ControlTest, Engagement, Population, Sample, SampleItem
from assurance.paper_list import CHOICES, ORDERS, Papers, as_of
from assurance.populations import needs_explaining
from assurance.rights import may_work
from assurance.testing import OPEN, Kind, State, refusal
from assurance.views.engagement import visible as visible_engagements
from audit.keyset import page_of
from audit.public_id import get_or_404
from evidence.models import Evidence
from organisation.middleware import Request
from organisation.permissions import permitted

LOOKS = {
    State.PLANNED: "waiting",
    State.UNDER_WAY: "unknown",
    State.CONCLUDED: "unknown",
    State.REVIEWED: "done",
}
CONCLUDES = {
    ControlTest.Conclusion.EFFECTIVE: "pass",
    ControlTest.Conclusion.PARTLY_EFFECTIVE: "accepted",
    ControlTest.Conclusion.NOT_EFFECTIVE: "fail",
    ControlTest.Conclusion.NOT_CONCLUDED: "unknown",
}
RESULTS = {
    SampleItem.Result.OPEN: "waiting",
    SampleItem.Result.NO_DEVIATION: "pass",
    SampleItem.Result.DEVIATION: "fail",
    SampleItem.Result.MISSING: "fail",
}


@require_safe
@permitted("engagement.view")
def tests(request: Request, public_id: str) -> HttpResponse:
    engagement = get_or_404(visible_engagements(request), public_id)
    found = Papers.of(request.GET, engagement, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    n = found.every.count()
    subject = ngettext("%(n)s test", "%(n)s tests", n) % {"n": f"{n:,}"} if n else _("No test")
    context = {
        "engagement": engagement,
        "subject": subject,
        "page": page,
        "rows": [_row(one) for one in page.rows],
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in CHOICES.items()
        ],
        "plans": request.moment.is_now and may_work(request.user, engagement),
        "why_empty": _why_empty(found),
    }
    return render(request, "assurance/papers.html", context)


def _row(one: Any) -> dict[str, Any]:
    state = State(one.stands)
    concluded = state not in OPEN and one.conclusion
    return {
        "test": one,
        "state": state.label,
        "look": LOOKS[state],
        "conclusion": one.get_conclusion_display() if concluded else "",
        "concludes": CONCLUDES[one.conclusion] if concluded else "",
    }


def _why_empty(found: Papers) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No test matches"), "why": _("Remove a filter, or look for another control.")}
    why = _("Each control in scope gets a test of its design and one of how it operated; what is reviewed stands here.")
    return {"title": _("No test that you may see"), "why": why}


def visible(request: Request) -> QuerySet[ControlTest]:
    rows = as_of(ControlTest.objects.visible_to(request.user), request.user, request.moment)
    return rows.select_related(
        "engagement__added_by", "engagement__framework", "control__solution", "control__owner", "solution",
        "assigned_to", "prepared_by", "reviewed_by", "added_by", "verdict",
    )  # fmt: skip


@require_safe
@permitted("engagement.view")
def test(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    at, is_now = request.moment.at, request.moment.is_now
    row = _row(found)
    populations = list(found.populations.filter(frozen_at__lte=at).select_related("evidence", "frozen_by"))
    population = populations[0] if populations else None
    sample = _sample(request, population)
    items = sample.items.select_related("tested_by") if sample else None
    page = page_of(items, order=("number", "id"), cursor=request.GET.get("cursor", "")) if items else None
    counted = tally(sample)
    why_not = (
        refusal(found, request.user) if is_now else _("You look at another moment: nothing is changed in the past.")
    )
    on_team = Engagement.objects.worked_on_by(request.user).filter(pk=found.engagement_id).exists()
    steps = list(found.steps.filter(at__lte=at).select_related("by"))
    context: dict[str, Any] = {
        "test": found,
        "row": row,
        "title": f"{found.control.name}: {str(found.get_kind_display()).lower()}",
        "concluded": bool(row["conclusion"]),
        "configurations": in_period(found, at),
        "population": population,
        "earlier": populations[1:],
        "explains": population is not None and needs_explaining(population),
        "sample": sample,
        "shares": _shares(sample),
        "tally": counted,
        "page": page,
        "items": _items(request, sample, page.rows if page else []),
        "evidence": list(Evidence.objects.visible_to(request.user).filter(tests=found).order_by("pk")),
        "steps": [(step, LOOKS[State(step.state)]) for step in steps],
        "buttons": _buttons(request, found, population, sample) if not why_not else _review(request, found),
        "why_not": why_not if on_team else "",
        "works": not why_not,
        "next": _next(found, population, sample, counted),
    }
    return render(request, "assurance/paper.html", context)


def _sample(request: Request, population: Population | None) -> Sample | None:
    if population is None:
        return None
    seen = Sample.objects.visible_to(request.user).filter(population=population, drawn_at__lte=request.moment.at)
    return seen.select_related("population__test__engagement", "drawn_by", "issued_by").first()


def _shares(sample: Sample | None) -> dict[str, float]:
    """What it was drawn to show, in per cent."""
    names = ("confidence", "tolerable", "expected")
    return {name: float(getattr(sample, name, None) or 0) * 100 for name in names}


def _items(request: Request, sample: Sample | None, rows: list[SampleItem]) -> list[dict[str, Any]]:
    """Each with its result, its evidence as far as the reader sees it, and the request that was made for it."""
    if sample is None:
        return []
    prefetch_related_objects(rows, Prefetch("evidence", Evidence.objects.visible_to(request.user)))
    requests = requests_of(sample.population.test, rows, request.user)
    return [
        {
            "item": one,
            "look": RESULTS[SampleItem.Result(one.result)],
            "deviates": one.result in DEVIATES,
            "request": requests.get(one.key),
        }
        for one in rows
    ]


def _buttons(
    request: Request, found: ControlTest, population: Population | None, sample: Sample | None
) -> list[dict[str, Any]]:
    """What whoever works on it may do now; the next step is the filled one."""
    named = [
        ("paper_freeze", _("Freeze a population"), found.kind == Kind.OPERATION),
        ("paper_explain", _("Explain the difference"), population is not None and needs_explaining(population)),
        (
            "paper_draw",
            _("Draw a sample"),
            population is not None and sample is None and not needs_explaining(population),
        ),
        ("paper_issue", _("Ask for the items’ evidence"), sample is not None and sample.issued_at is None),
        ("paper_attach", _("Attach evidence"), True),
        ("paper_conclude", _("Conclude"), not conclude_refusal(found)),
        ("paper_change", _("Change the procedure"), True),
    ]
    return [
        {"url": reverse(f"assurance:{name}", args=[found.public_id]), "words": words, "filled": False}
        for name, words, open_now in named
        if open_now
    ]


def _review(request: Request, found: ControlTest) -> list[dict[str, Any]]:
    if not request.moment.is_now or review_refusal(found, request.user):
        return []
    named = (("paper_review", _("Accept it")), ("paper_return", _("Send it back")))
    return [
        {"url": reverse(f"assurance:{name}", args=[found.public_id]), "words": words, "filled": name == "paper_review"}
        for name, words in named
    ]


def _next(found: ControlTest, population: Population | None, sample: Sample | None, counted: Tally) -> str:
    """What is to be done next, in a sentence; empty where nothing is."""
    state = State(found.state)
    if state == State.REVIEWED:
        return ""
    if state == State.CONCLUDED:
        assert found.prepared_by
        return _("Somebody else than %(name)s reviews it.") % {"name": found.prepared_by.name}
    if found.kind == Kind.OPERATION and population is None:
        return _("Freeze the population: every item that the test is about, before any is chosen.")
    if population is not None and needs_explaining(population):
        return _("Explain where the population and what it was held against differ.")
    if population is not None and sample is None:
        return _("Draw the sample: its size is computed, its seed is kept.")
    if counted.open:
        words = ngettext("Test the item that is left: %(n)d.", "Test the items that are left: %(n)d.", counted.open)
        return words % {"n": counted.open}
    return conclude_refusal(found) or _("Conclude what it shows for the period.")
