"""Decisions on everything that a filter matches: what they would change, what they changed, and taking them back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit import clock
from audit.keyset import page_of
from audit.public_id import get_or_404
from controls import deciding, refusals
from controls.deciding import Outlook, outlook
from controls.listing import Asked
from controls.mapping_forms import APPROVE, AllForm
from controls.mapping_listing import in_words, mapping_choices
from controls.mapping_listing import mappings as asked_mappings
from controls.mapping_sets import keep_attempts
from controls.models import Mapping, MappingDecision, MappingSet
from controls.tasks import carry_out_decision
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage


@permitted("mapping.decide")
def decide(request: Request) -> HttpResponse:
    """Decide on everything that the address matches now: first what it would change, then the act."""
    asked = Asked.of(request.GET, mapping_choices(request.user, request.GET))
    told = outlook(asked_mappings(asked, request.user, clock.now()), request.user)
    form = AllForm(request.POST or None, outlook=told)
    if form.is_valid():
        said = form.cleaned_data
        made = deciding.decide(
            told.keys, said["action"], because=said["because"], relation=said["relation"], asked=asked.values,
            by=request.user, hand_out=carry_out_decision.delay,
        )  # fmt: skip
        _say(request, made)
        return redirect("controls:mapping_decision", made.public_id)
    if form.is_bound and told.own and not told.open_to and request.POST.get("action") == APPROVE:
        keep_attempts(Mapping.objects.filter(pk__in=told.keys), request.user)
    back = f"{reverse('controls:mappings')}?{request.GET.urlencode()}".rstrip("?")
    title = ngettext("Decide on %(n)s mapping", "Decide on all %(n)s mappings that match", told.total)
    context = {
        "title": title % {"n": f"{told.total:,}"},
        "asked": asked,
        "outlook": told,
        "form": form,
        "back": back,
        "relations": Mapping.Relation.choices,
        "wait": told.total > deciding.AT_ONCE,
    }
    return render(request, "controls/mapping_decide.html", context, status=422 if form.is_bound else 200)


def _say(request: Request, made: MappingDecision) -> None:
    if made.changed is None:
        messages.info(request, _("A worker carries it out; you may leave."))
        return
    if made.action == MappingDecision.Action.APPROVE:
        words = ngettext("%(n)s mapping is approved.", "%(n)s mappings are approved.", made.changed)
    else:
        words = ngettext(
            "%(n)s mapping has ended; its history stays.", "%(n)s mappings have ended; their history stays.",
            made.changed,
        )  # fmt: skip
    messages.success(request, words % {"n": f"{made.changed:,}"})
    if made.left:
        words = ngettext("%(n)s was left as it was.", "%(n)s were left as they were.", made.left)
        messages.info(request, words % {"n": f"{made.left:,}"})


@permitted("mapping.decide")
def adopt(request: Request, public_id: str) -> HttpResponse:
    """A published set is decided on as everything that is proposed of it."""
    found = get_or_404(MappingSet.objects.all(), public_id)
    return redirect(f"{reverse('controls:mappings_decide')}?set={found.public_id}&state=proposed")


@require_safe
@permitted("framework.view")
def decisions(request: Request) -> HttpResponse:
    rows = MappingDecision.objects.filter(decided_at__lte=request.moment.at).select_related("decided_by", "reverses")
    total = rows.count()
    page = page_of(rows.defer("chosen"), order=("-id",), cursor=request.GET.get("cursor", ""))
    choices = mapping_choices(request.user, request.GET)
    context = {
        "page": page,
        "rows": [{"decision": one, "asked": in_words(one.asked, choices)} for one in page.rows],
        "total": total,
        "title": ngettext("%(n)d decision on many mappings", "%(n)d decisions on many mappings", total) % {"n": total},
    }
    return render(request, "controls/mapping_decisions.html", context)


def _visible(request: Request) -> QuerySet[MappingDecision]:
    rows = MappingDecision.objects.filter(decided_at__lte=request.moment.at)
    return rows.select_related("decided_by", "reverses", "job")


@require_safe
@permitted("framework.view")
def decision(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_visible(request), public_id)
    still = deciding.still_approved(found).count()
    decides = may(request.user, "mapping.decide") and request.moment.is_now
    context = {
        "decision": found,
        "title": _decision_title(found),
        "asked": in_words(found.asked, mapping_choices(request.user, request.GET)),
        "still": still,
        "reverses": decides and bool(still) and found.action == MappingDecision.Action.APPROVE,
        "reversals": found.reversals.filter(decided_at__lte=request.moment.at).select_related("decided_by"),
        "sees_job": found.job if found.job and found.decided_by_id == request.user.pk else None,
    }
    return render(request, "controls/mapping_decision.html", context)


def _decision_title(found: MappingDecision) -> str:
    if found.changed is None:
        return _("%(id)s: under way") % {"id": found.public_id}
    told = {"n": f"{found.changed:,}", "id": found.public_id}
    if found.action == MappingDecision.Action.APPROVE:
        words = ngettext("%(id)s approved %(n)s mapping", "%(id)s approved %(n)s mappings", found.changed)
    else:
        words = ngettext("%(id)s ended %(n)s mapping", "%(id)s ended %(n)s mappings", found.changed)
    return words % told


@permitted("mapping.decide")
def reverse_decision(request: Request, public_id: str) -> HttpResponse:
    """The way back: withdraw what a decision approved, as one act."""
    found = get_or_404(_visible(request), public_id)
    told = outlook(deciding.still_approved(found), request.user)
    form = ReasonForm(request.POST or None)
    n = f"{told.total:,}"
    page = FormPage(
        heading=ngettext("Withdraw the mapping that %(id)s approved", "Withdraw %(n)s that %(id)s approved", told.total)
        % {"id": found.public_id, "n": n},
        lead=_loses(told),
        verb=_("Withdraw them"),
        back=reverse("controls:mapping_decision", args=[found.public_id]),
        back_label=found.public_id,
        danger=True,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = deciding.reverse_decision(
            found, because=form.cleaned_data["reason"], by=request.user, hand_out=carry_out_decision.delay
        )
    except refusals.Refused as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    _say(request, made)
    return redirect("controls:mapping_decision", made.public_id)


def _loses(told: Outlook) -> str:
    words = _("They count no longer from now on; what was past stays as it was.")
    if not told.last_checks:
        return words
    lost = ngettext(
        "%(n)s requirement loses its only check.", "%(n)s requirements lose their only checks.", told.last_checks
    )
    return f"{words} {lost % {'n': f'{told.last_checks:,}'}}"
