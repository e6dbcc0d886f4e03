"""Heads of the trail: what is kept outside the database, and whether the trail still fits it."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit.keyset import page_of
from audit.models import TrailEntry
from audit.public_id import get_or_404
from evidence import head_files, signing, trail_heads
from evidence.capturing import storage
from evidence.models import TrailHead
from evidence.tasks import verify_trail_heads
from organisation.middleware import Request
from organisation.permissions import may, permitted


@require_safe
@permitted("trail.heads")
def heads(request: Request) -> HttpResponse:
    rows = TrailHead.objects.filter(taken_at__lte=request.moment.at)
    verified, total = trail_heads.last_verified(), rows.count()
    context = {
        "page": page_of(rows, order=("-id",), cursor=request.GET.get("cursor", "")),
        "total": total,
        "title": _title(total, verified),
        "verified": verified,
        "unnamed": verified.detail["found"] - len(verified.detail["problems"]) if verified else 0,
        "fingerprint": signing.fingerprint() if signing.has_key() else "",
        "mailed_to": ", ".join(settings.TRAIL_HEADS_TO),
        "verifies": request.moment.is_now,
        "sees_trail": may(request.user, "trail.view"),
    }
    return render(request, "evidence/trail_heads.html", context)


def _title(total: int, verified: TrailEntry | None) -> str:
    """The answer: whether the trail fits."""
    if not total:
        return _("No head of the trail is kept yet")
    if verified is None:
        words = ngettext("%(n)d head of the trail, never verified", "%(n)d heads of the trail, never verified", total)
    elif verified.detail["holds"]:
        words = ngettext("The trail fits its signed head", "The trail fits its %(n)d signed heads", total)
    else:
        words = _("The trail does not fit its signed heads")
    return words % {"n": total}


@require_POST
@permitted("trail.heads")
def verify(request: Request) -> HttpResponse:
    """At once where that takes about a second; else by a job."""
    if not trail_heads.is_quick():
        job = trail_heads.ask_for_verification(request.user)
        transaction.on_commit(partial(verify_trail_heads.delay, job.pk), robust=True)
        return redirect("desk:job", job.public_id)
    found = trail_heads.verify_and_tell(request.user)
    if found.holds:
        told = {"n": found.heads}
        messages.success(request, ngettext("%(n)d head holds.", "%(n)d heads hold.", found.heads) % told)
    else:
        messages.error(request, _("The trail does not fit: %(why)s") % {"why": found.problems[0]})
    return redirect("evidence:trail_heads")


@require_safe
@permitted("trail.heads")
def head_file(request: Request, public_id: str) -> HttpResponse:
    """The signed head as it is kept."""
    row = get_or_404(TrailHead.objects.all(), public_id)
    try:
        with storage().open(row.stored_as) as file:
            content = file.read(head_files.MOST)
    except FileNotFoundError as error:
        raise Http404(f"The file of {public_id} is missing from the storage") from error
    return _download(content, "application/json", f"{row.public_id}.json")


@require_safe
@permitted("trail.heads")
def key(request: Request) -> HttpResponse:
    if not signing.has_key():
        raise Http404("No signing key is set")
    return _download(signing.public_pem(), "application/x-pem-file", "portal-signing-key.pem")


def _download(content: bytes, media_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
