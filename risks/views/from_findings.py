"""From a finding group to a risk: made of it, or joined by it. The first click is where the group stands."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.public_id import get_or_404
from controls.addresses import door_of
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from risks import from_findings, registering
from risks.doors import to_risk
from risks.from_findings import Source
from risks.models import Matrix, Risk
from risks.panels import drawn
from risks.risk_forms import RiskForm


@permitted("risk.change")
def from_group(request: Request, key: str) -> HttpResponse:
    """ "Make it a risk": the form, drafted from the check. A post adds the risk and links the group."""
    found = from_findings.source(key, request.user, request.moment)
    if not found.failing:
        return _fails_no_more(request, found)
    form = RiskForm(request.POST or None, person=request.user, initial=from_findings.draft(found, request.user))
    if form.is_valid():
        try:
            with transaction.atomic():
                made = from_findings.make(found, form.said, by=request.user)
        except NotAllowed as no:
            form.add_error(None, str(no))
        else:
            words = _("%(id)s is on the register; what fails is linked to it. Say next how high it is.")
            messages.success(request, words % {"id": made.public_id})
            return redirect(to_risk(made))
    return _show(request, found, "make", {"form": form}, status=422 if form.is_bound else 200)


@permitted("risk.change")
def to_join(request: Request, key: str) -> HttpResponse:
    """ "Add to a risk": the solution's open ones, found by their words."""
    found = from_findings.source(key, request.user, request.moment)
    if not found.failing:
        return _fails_no_more(request, found)
    words = request.GET.get("q", "").strip()
    matrix = Matrix.objects.in_force(request.moment.at)
    offered = [drawn(one, matrix) for one in from_findings.offered(found, request.user, words)]
    return _show(request, found, "join", {"offered": offered, "words": words})


@require_POST
@permitted("risk.change")
def join(request: Request, key: str, public_id: str) -> HttpResponse:
    """From now on the group shows this risk too."""
    found = from_findings.source(key, request.user, request.moment)
    risk = get_or_404(Risk.objects.visible_to(request.user), public_id)
    try:
        with transaction.atomic():
            registering.link_findings(risk, found.check, found.key.account, by=request.user)
    except NotAllowed as no:
        messages.warning(request, str(no))
        return redirect("risks:to_join", key)
    told = {"id": risk.public_id, "check": found.check.key, "where": found.where}
    messages.success(request, _("What fails %(check)s in %(where)s shows %(id)s from now on.") % told)
    return redirect(to_risk(risk))


def _fails_no_more(request: Request, found: Source) -> HttpResponse:
    messages.warning(request, from_findings.over(found))
    return redirect("findings:check", found.check.public_id)


def _show(request: Request, found: Source, current: str, more: dict[str, object], status: int = 200) -> HttpResponse:
    pages = (("make", _("Make it a risk"), "risks:from_group"), ("join", _("Add to a risk"), "risks:to_join"))
    context = {
        "found": found,
        "tabs": [
            {"label": label, "url": reverse(name, args=[str(found.key)]), "current": one == current}
            for one, label, name in pages
        ],
        "fails_url": door_of(request.GET, reverse("findings:check", args=[found.check.public_id]), "", ""),
        **more,
    }
    return render(request, f"risks/from_group_{current}.html", context, status=status)
