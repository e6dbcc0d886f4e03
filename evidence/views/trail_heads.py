"""Heads of the trail: what is kept outside the database, and whether the trail still fits it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit.keyset import page_of
from audit.models import TrailEntry
from audit.public_id import get_or_404
from evidence import signing, trail_heads
from evidence.head_handing_out import handed_out, public_key
from evidence.models import TrailHead
from evidence.tasks import verify_trail_heads_later
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
        return redirect("desk:job", verify_trail_heads_later(request.user).public_id)
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
    return handed_out(get_or_404(TrailHead.objects.all(), public_id))


@require_safe
@permitted("trail.heads")
def key(request: Request) -> HttpResponse:
    return public_key()
