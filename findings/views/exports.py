from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from audit.public_id import get_or_404
from findings import exporting
from findings.exporting import CannotExport
from findings.models import Export
from findings.phrasing import number
from findings.tasks import make_export
from organisation.middleware import Request
from organisation.permissions import permitted


@require_http_methods(["GET", "HEAD", "POST"])
@permitted("finding.export")
def export(request: Request) -> HttpResponseBase:
    """What would be taken away (GET), and the act of taking it away (POST)."""
    try:
        made = exporting.drawn_up(request.GET, request.GET.get("form", ""), request.moment, by=request.user)
    except CannotExport as refusal:
        return render(request, "findings/export.html", {"refusal": str(refusal), **_back(request)}, status=422)
    if request.method != "POST" or not made.rows:
        return render(request, "findings/export.html", _context(request, made))
    exporting.ask(made, make_export.delay)
    if made.job is not None:
        return redirect("findings:export_page", made.public_id)
    return sent(made)


def sent(made: Export) -> StreamingHttpResponse:
    """A short export, as it is read."""
    answer = StreamingHttpResponse(exporting.content(made), content_type=exporting.TYPES[Export.Form(made.form)])
    answer["Content-Disposition"] = f'attachment; filename="{exporting.file_name(made)}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _back(request: Request) -> dict[str, Any]:
    query = request.GET.copy()
    query.pop("form", None)
    return {"back": f"{reverse('findings:explorer')}?{query.urlencode(safe=':')}"}


def _context(request: Request, made: Export) -> dict[str, Any]:
    words = ngettext("Export %(n)s finding as %(form)s", "Export %(n)s findings as %(form)s", made.rows)
    told = {"n": number(made.rows), "form": made.get_form_display()}
    return {
        "export": made,
        "title": words % told if made.rows else _("There is nothing to export"),
        "is_short": exporting.is_short(made),
        **_back(request),
    }


@require_safe
@vary_on_headers("HX-Request")
@permitted("finding.export")
def page(request: Request, public_id: str) -> HttpResponse:
    """An export that was asked for: how far it is, what it is, and the file while it is kept."""
    found = get_or_404(Export.objects.visible_to(request.user).select_related("job", "requested_by"), public_id)
    template = "findings/_export_state.html" if request.htmx else "findings/export_page.html"
    return render(request, template, {"export": found, "job": found.job, "about": exporting.about(found)})


@require_safe
@permitted("finding.export")
def file(request: Request, public_id: str) -> HttpResponseBase:
    """The file, for whoever asked for it, while it is kept."""
    found = get_or_404(Export.objects.visible_to(request.user).select_related("requested_by"), public_id)
    return handed_out(found)


def handed_out(found: Export) -> FileResponse:
    """Raises Http404 where it is kept no longer."""
    if not found.file or not exporting.storage().exists(found.file):
        raise Http404(_("The file is not kept any more. Ask for the export again."))
    kept = exporting.storage().open(found.file)
    type_ = exporting.TYPES[Export.Form(found.form)]
    answer = FileResponse(kept, as_attachment=True, filename=exporting.file_name(found), content_type=type_)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
