from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.vary import vary_on_headers

from audit.keyset import page_of
from audit.public_id import get_or_404
from desk.models import Job
from organisation.middleware import Request
from organisation.permissions import permitted


@permitted("job.view")
def jobs(request: Request) -> HttpResponse:
    seen = Job.objects.visible_to(request.user)
    running = list(seen.unfinished().order_by("-id")[:20])
    waiting = len(running)
    heading = _("Nothing is running")
    if waiting:
        heading = ngettext("%(n)d job is running", "%(n)d jobs are running", waiting) % {"n": waiting}
    page = page_of(seen.finished(), order=("-id",), cursor=request.GET.get("cursor", ""))
    return render(request, "desk/jobs.html", {"heading": heading, "running": running, "page": page})


@vary_on_headers("HX-Request")
@permitted("job.view")
def job(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Job.objects.visible_to(request.user), public_id)
    template = "frame/_progress.html" if request.htmx else "desk/job.html"
    return render(request, template, {"job": found, "url": request.path})
