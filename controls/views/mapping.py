"""One mapping: what it says, what it does to the figures, and everything that was decided on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.public_id import get_or_404
from controls import mapping_sets, proposing
from controls.effect import effect_of
from controls.ends import Choice
from controls.live import observed
from controls.mapping_forms import ChangeForm, OneDecisionForm
from controls.mapping_listing import Row, names_of, rows_of
from controls.models import Mapping, MappingDecision
from controls.models.mapping import MappingQuerySet
from controls.wording import meaning_of, meanings
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import User
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

State = Mapping.State


@dataclass(frozen=True)
class Event:
    """A state that it came into: when, through whom and why; the decision on many that did it."""

    state: State
    at: datetime
    who: str
    because: str
    decision: MappingDecision | None = None


def _visible(request: Request) -> MappingQuerySet:
    rows = Mapping.objects.visible_to(request.user).filter(proposed_at__lte=request.moment.at)
    return rows.with_ends().select_related("replaces", "replaced_by", "approved_in", "ended_in")


@require_safe
@permitted("framework.view")
def mapping(request: Request, public_id: str) -> HttpResponse:
    return _page(request, get_or_404(_visible(request), public_id), OneDecisionForm())


def _page(request: Request, found: Mapping, form: OneDecisionForm) -> HttpResponse:
    at = request.moment.at
    (row,) = rows_of([found], at)
    names = [found.check_named.name] if found.check_named else []
    says = observed(names, request.user, request.moment)
    now = request.moment.is_now
    decides = may(request.user, "mapping.decide") and now and not found.ended_at
    mine = found.proposed_by == request.user.public_id
    context = {
        "row": row,
        "mapping": found,
        "title": _title(row),
        "asks": _name(row.asks),
        "meaning": meaning_of(row.relation, found.pair, request.user.line),
        "says": says[names[0]] if names else None,
        "beside": _beside(found, at),
        "effect": effect_of(found, request.user, request.moment) if row.state == State.APPROVED else None,
        "events": _events(found, at),
        "form": form,
        "mine": mine,
        "approves": decides and row.state == State.PROPOSED and _is_of_others(found, request.user),
        "ends": decides,
        "changes": decides and row.state == State.APPROVED,
        "takes_back": mine and now and row.state == State.PROPOSED and may(request.user, "mapping.propose"),
        "relations": Mapping.Relation.choices,
    }
    return render(request, "controls/mapping.html", context, status=422 if form.is_bound else 200)


def _is_of_others(found: Mapping, user: User) -> bool:
    return Mapping.objects.filter(pk=found.pk).proposed_by_others(user).exists()


def _title(row: Row) -> str:
    told = {
        "shows": _name(row.shows),
        "asks": _name(row.asks),
        "type": str(row.relation.label).lower(),
        "state": str(row.state.label).lower(),
    }
    return _("%(shows)s and %(asks)s: %(type)s, %(state)s") % told


def _name(end: Choice) -> str:
    """A control is named by a sentence."""
    return _("“%(name)s”") % {"name": end.name} if end.kind == "control" else end.name


def _beside(found: Mapping, at: datetime) -> int:
    """How many other mappings in force show the same requirement, or the same control."""
    rows = Mapping.objects.in_force(at).exclude(pk=found.pk)
    if found.requirement_id:
        return rows.filter(requirement=found.requirement_id).count()
    return rows.of_controls().filter(control=found.control_id).count()


def _events(found: Mapping, at: datetime) -> list[Event]:
    """Up to the moment, the last first."""
    made = [Event(State.PROPOSED, found.proposed_at, found.proposed_by, found.rationale)]
    if found.approved_at:
        made.append(
            Event(State.APPROVED, found.approved_at, found.approved_by, found.approved_because, found.approved_in)
        )
    if found.ended_at:
        state = State(found.state)
        made.append(Event(state, found.ended_at, found.ended_by, found.ended_because, found.ended_in))
    names = names_of(one.who for one in made)
    return [
        Event(one.state, one.at, names[one.who], one.because, one.decision) for one in reversed(made) if one.at <= at
    ]


@require_POST
@permitted("mapping.decide")
def decide(request: Request, public_id: str) -> HttpResponse:
    """Approve it, or reject or withdraw it."""
    found = get_or_404(_visible(request), public_id)
    form = OneDecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    said = form.cleaned_data
    words = _("%(id)s has ended; its history stays.")
    if said["action"] == "approve":
        words = _("%(id)s is approved: it counts from now on.")
    if mapping_sets.decide(Mapping.objects.filter(pk=found.pk), by=request.user, **said):
        messages.success(request, words % {"id": found.public_id})
    else:
        messages.info(request, _("%(id)s was left as it was.") % {"id": found.public_id})
    return redirect("controls:mapping", found.public_id)


@permitted("mapping.decide")
def change(request: Request, public_id: str) -> HttpResponse:
    """Another type or rationale: ends this mapping and proposes another one."""
    found = get_or_404(_visible(request), public_id)
    (row,) = rows_of([found], request.moment.at)
    kept = {"relation": found.relation, "rationale": found.rationale}
    form = ChangeForm(request.POST or None, initial=kept, meanings=meanings(request.user.line))
    page = FormPage(
        heading=_("Change how %(shows)s has to do with %(asks)s")
        % {"shows": _name(row.shows), "asks": _name(row.asks)},
        lead=_(
            "%(id)s ends now and counts no longer; another mapping is proposed in its place, and somebody else decides "
            "on it. What was past stays as it was."
        )
        % {"id": found.public_id},
        verb=_("End it and propose the change"),
        back=reverse("controls:mapping", args=[found.public_id]),
        back_label=found.public_id,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = proposing.change(found, by=request.user, **form.cleaned_data)
    except proposing.Refused as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is proposed in its place.") % {"id": made.public_id})
    return redirect("controls:mapping", made.public_id)


@permitted("mapping.propose")
def take_back(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_visible(request), public_id)
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=_("Take back %(id)s") % {"id": found.public_id},
        lead=_("Nobody decides on it any more. It stays readable, with your reason."),
        verb=_("Take the proposal back"),
        back=reverse("controls:mapping", args=[found.public_id]),
        back_label=found.public_id,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        proposing.take_back(found, because=form.cleaned_data["reason"], by=request.user)
    except proposing.Refused as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is taken back.") % {"id": found.public_id})
    return redirect(page.back)
