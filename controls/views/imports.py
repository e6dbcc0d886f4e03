from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import reselect, reswap, retarget

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls import tasks
from controls.forms import ImportForm
from controls.imports import running
from controls.imports.blank import blank_csv, blank_xlsx
from controls.models import FrameworkVersion, Import, PackVersion, Profile
from organisation.middleware import Request
from organisation.permissions import permitted

SHOWN = 200
ABOUT = {
    "pack": gettext_lazy("Pack"),
    "profile": gettext_lazy("Baseline"),
    "framework": gettext_lazy("Framework"),
    "name": gettext_lazy("Name of a new framework"),
    "version": gettext_lazy("Version"),
    "current": gettext_lazy("Current version"),
    "published_on": gettext_lazy("Published on"),
    "parameters": gettext_lazy("Parameters"),
    "conditions": gettext_lazy("Conditions"),
    "remediations": gettext_lazy("Remediations"),
}
"""What a preview and a request name, in words."""
ASKED = ("framework", "name", "version", "published_on")
PROGRESS = "under-way"
"""The part of an import's page that tells how far a worker is."""
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@permitted("framework.manage")
def imports(request: Request) -> HttpResponse:
    rows = Import.objects.select_related("requested_by")
    page = page_of(rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    ready = rows.filter(state=Import.State.READY).count()
    title = _("Imports")
    if ready:
        title = ngettext("%(n)d import is ready to apply", "%(n)d imports are ready to apply", ready) % {"n": ready}
    return render(request, "controls/imports.html", {"page": page, "title": title})


@permitted("framework.manage")
def add(request: Request) -> HttpResponse:
    posted, files = request.POST or None, request.FILES or None
    refused: set[str] = getattr(request, "refused_files", set())
    form = ImportForm(posted, files, initial={"framework": request.GET.get("framework", "")}, refused=refused)
    if not form.is_valid():
        return render(request, "controls/import_add.html", {"form": form}, status=422 if form.is_bound else 200)
    file = form.cleaned_data["file"]
    made = running.requested(file.read(), name=file.name, asked=form.asked, by=request.user)
    tasks.hand_out(made)
    return redirect("controls:import", made.public_id)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@permitted("framework.manage")
def one(request: Request, public_id: str) -> HttpResponse:
    """What a file would change, or why it is refused.

    While a worker has it, its progress asks here again; after that the answer is the whole page.
    """
    found = get_or_404(Import.objects.select_related("file", "job", "requested_by"), public_id)
    if request.htmx.target == PROGRESS and found.is_under_way:
        return render(request, "controls/_import_progress.html", {"found": found})
    changes = [
        {"title": title, "rows": found.preview[name][:SHOWN], "total": len(found.preview[name]), "name": name}
        for name, title in (("added", _("Added")), ("changed", _("Changed")), ("withdrawn", _("Withdrawn")))
        if found.preview.get(name)
    ]
    context = {
        "found": found,
        "title": _title(found),
        "changes": changes,
        "is_empty": bool(found.preview) and not changes and not found.preview["about"],
        "about": [(ABOUT[name], values) for name, values in found.preview.get("about", {}).items()],
        "asked": [(ABOUT[name], found.asked[name]) for name in ASKED if found.asked.get(name)],
        "result_url": _result_url(found),
    }
    response = render(request, "controls/import.html", context)
    if request.htmx.target == PROGRESS:
        retarget(reselect(reswap(response, "outerHTML"), "#main"), "#main")
    return response


def _title(found: Import) -> str:
    headline = found.preview.get("headline") or found.name
    if found.state == Import.State.REFUSED:
        n = len(found.problems)
        return ngettext("%(name)s is refused: %(n)d problem", "%(name)s is refused: %(n)d problems", n) % {
            "name": found.name,
            "n": n,
        }
    return f"{headline}: {found.get_state_display().lower()}"


def _result_url(found: Import) -> str:
    """The page of what it became."""
    prefix, key = found.result.partition("-")[0], found.result
    if prefix == FrameworkVersion.public_prefix:
        version = get_or_404(FrameworkVersion.objects.select_related("framework"), key)
        return f"{reverse('controls:framework', args=[version.framework.public_id])}?version={key}"
    if prefix == Profile.public_prefix:
        profile = get_or_404(Profile.objects.select_related("version__framework"), key)
        return f"{reverse('controls:framework', args=[profile.version.framework.public_id])}?baseline={profile.key}"
    if prefix == PackVersion.public_prefix:
        return reverse(
            "controls:pack", args=[get_or_404(PackVersion.objects.select_related("pack"), key).pack.public_id]
        )
    return ""


@require_POST
@permitted("framework.manage")
def apply(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Import.objects.all(), public_id)
    if running.ask_to_apply(found, by=request.user):
        found.refresh_from_db()
        tasks.hand_out(found)
    else:
        messages.info(request, _("It is not ready to apply."))
    return redirect("controls:import", public_id)


@require_POST
@permitted("framework.manage")
def drop(request: Request, public_id: str) -> HttpResponse:
    running.drop(get_or_404(Import.objects.all(), public_id), by=request.user)
    return redirect("controls:imports")


@require_safe
@permitted("framework.manage")
def template_csv(request: Request) -> HttpResponse:
    return _download(blank_csv(), "text/csv; charset=utf-8", "framework-template.csv")


@require_safe
@permitted("framework.manage")
def template_xlsx(request: Request) -> HttpResponse:
    return _download(blank_xlsx(), SPREADSHEET, "framework-template.xlsx")


def _download(content: Any, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
