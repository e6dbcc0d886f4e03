"""Bringing the register back in: upload, dry run, apply as one change, take it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import reselect, reswap, retarget

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls.tables import as_csv
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks import tasks
from risks.exchange import running
from risks.exchange_forms import RegisterImportForm
from risks.models import RegisterImport
from risks.models.register_import import RegisterImportQuerySet

SHOWN = 200
PROGRESS = "under-way"
"""The part of an import's page that tells how far a worker is."""
State = RegisterImport.State


def _seen(request: Request) -> RegisterImportQuerySet:
    rows = RegisterImport.objects.visible_to(request.user)
    return rows.select_related("file", "job", "requested_by", "reverses", "reversed_by")


@require_safe
@permitted("risk.import")
def imports(request: Request) -> HttpResponse:
    seen = RegisterImport.objects.visible_to(request.user).select_related("requested_by", "reverses")
    rows = seen.defer("preview", "done", "problems")
    page = page_of(rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    ready = seen.filter(state=State.READY, requested_by=request.user).count()
    title = _("Imports of the register")
    if ready:
        title = ngettext("%(n)d import is ready to apply", "%(n)d imports are ready to apply", ready) % {"n": ready}
    context = {"page": page, "title": title}
    return render(request, "risks/imports.html", context)


@permitted("risk.import")
def add(request: Request) -> HttpResponse:
    refused: set[str] = getattr(request, "refused_files", set())
    form = RegisterImportForm(request.POST or None, request.FILES or None, refused=refused)
    if not form.is_valid():
        return render(request, "risks/import_add.html", {"form": form}, status=422 if form.is_bound else 200)
    file, because = form.cleaned_data["file"], form.cleaned_data["because"]
    made = running.requested(file.read(), name=file.name, because=because, by=request.user)
    tasks.hand_out(made)
    return redirect("risks:import", made.public_id)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@permitted("risk.import")
def one(request: Request, public_id: str) -> HttpResponse:
    """What a file would change, or why it is refused.

    While a worker has it, its progress asks here again; after that the answer is the whole page.
    """
    found = get_or_404(_seen(request), public_id)
    if request.htmx.target == PROGRESS and found.is_under_way:
        return render(request, "risks/_import_progress.html", {"found": found})
    preview, own = found.preview, found.requested_by == request.user
    parts = [("added", _("Adds")), ("changed", _("Changes"))]
    context = {
        "found": found,
        "title": _title(found),
        "parts": [
            {"name": name, "title": title, "rows": preview[name][:SHOWN], "total": len(preview[name])}
            for name, title in parts
            if preview.get(name)
        ],
        "is_empty": bool(preview) and not preview["added"] and not preview["changed"],
        "problems": found.problems[:SHOWN],
        "risks": [one["risk"] for one in sorted(found.done, key=lambda one: one["row"])[:SHOWN]],
        "may_drop": own and found.state in (State.READY, State.REFUSED),
        "may_apply": own and found.state == State.READY and request.moment.is_now,
        "may_take_back": found.can_be_taken_back and bool(found.done) and request.moment.is_now,
    }
    response = render(request, "risks/import.html", context)
    if request.htmx.target == PROGRESS:
        retarget(reselect(reswap(response, "outerHTML"), "#main"), "#main")
    return response


def _title(found: RegisterImport) -> str:
    if found.reverses:
        return _("%(id)s takes back %(other)s") % {"id": found.public_id, "other": found.reverses.public_id}
    told: dict[str, object] = {"id": found.public_id, "state": found.get_state_display().lower()}
    if found.state == State.REFUSED:
        n = len(found.problems)
        return ngettext("%(id)s is refused: %(n)d problem", "%(id)s is refused: %(n)d problems", n) % {**told, "n": n}
    if found.preview:
        told |= {"added": len(found.preview["added"]), "changed": len(found.preview["changed"])}
        return _("%(id)s adds %(added)d, changes %(changed)d: %(state)s") % told
    return f"{found.public_id}: {told['state']}"


@require_safe
@permitted("risk.import")
def problems(request: Request, public_id: str) -> HttpResponse:
    """Every problem of a file, as a file."""
    found = get_or_404(_seen(request), public_id)
    rows = [(one["place"], one["reason"]) for one in found.problems]
    return as_csv(f"{found.public_id}-problems", (_("Place"), _("Reason")), rows)


@require_POST
@permitted("risk.import")
def apply(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_seen(request), public_id)
    try:
        running.ask_to_apply(found, by=request.user)
    except NotAllowed as no:
        messages.info(request, str(no))
    else:
        tasks.hand_out(found)
    return redirect("risks:import", public_id)


@require_POST
@permitted("risk.import")
def drop(request: Request, public_id: str) -> HttpResponse:
    try:
        running.drop(get_or_404(_seen(request), public_id), by=request.user)
    except NotAllowed as no:
        messages.info(request, str(no))
        return redirect("risks:import", public_id)
    return redirect("risks:imports")


@permitted("risk.import")
def take_back(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_seen(request), public_id)
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=_("Take back %(id)s") % {"id": found.public_id},
        lead=_(
            "Fields go back to what they were where nobody changed them since, earlier levels are stated again, and "
            "risks that it added are closed. Nothing is deleted, and what is left as it is will be named."
        ),
        verb=_("Take it back"),
        back=reverse("risks:import", args=[found.public_id]),
        back_label=found.public_id,
        danger=True,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = running.ask_to_take_back(found, because=form.cleaned_data["reason"], by=request.user)
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    tasks.hand_out(made)
    return redirect("risks:import", made.public_id)
