"""Who watches over the locker: legal holds, and whether everything is as it was captured."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from evidence import holding, verifying
from evidence.evidence_forms import BecauseForm, HoldForm
from evidence.evidence_list import held
from evidence.models import Evidence, LegalHold
from evidence.tasks import verify_locker_later
from evidence.views.tabs import tabs
from organisation.middleware import Request
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.refusals import Refused


@require_safe
@permitted("evidence.hold")
def holds(request: Request) -> HttpResponse:
    at = request.moment.at
    rows = LegalHold.objects.filter(set_at__lte=at).select_related("evidence", "solution", "set_by", "released_by")
    page = page_of(rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    n = LegalHold.objects.in_force(at).count()
    covers = Evidence.objects.filter(held(at), captured_at__lte=at).count() if n else 0
    title = ngettext("%(n)d legal hold in force", "%(n)d legal holds in force", n) % {"n": n}
    context = {
        "page": page,
        "rows": [(one, one.released_at is None or one.released_at > at) for one in page.rows],
        "title": title if n else _("No legal hold in force"),
        "covers": covers,
        "acts": request.moment.is_now,
        "tabs": tabs(request, "holds"),
    }
    return render(request, "evidence/holds.html", context)


@permitted("evidence.hold")
def hold_add(request: Request) -> HttpResponse:
    """On a solution's evidence, or on all of it."""
    page = FormPage(
        heading=_("Set a legal hold"),
        verb=_("Hold it"),
        back=reverse("evidence:holds"),
        back_label=_("Legal holds"),
        lead=_("What it covers is kept until it is released, what is captured later included."),
    )
    form = HoldForm(request.POST or None, person=request.user)
    return _acted(request, page, form, lambda said: holding.hold(by=request.user, **said))


@permitted("evidence.hold")
def hold_release(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(LegalHold.objects.select_related("evidence", "solution"), public_id)
    page = FormPage(
        heading=_("Release %(id)s") % {"id": found.public_id},
        verb=_("Release it"),
        back=reverse("evidence:holds"),
        back_label=_("Legal holds"),
        lead=_("What no other hold covers is destroyed once its time is over."),
        danger=True,
    )
    form = BecauseForm(request.POST or None)
    return _acted(request, page, form, lambda said: holding.release(found, by=request.user, **said))


def _acted(request: Request, page: FormPage, form: Any, act: Any) -> HttpResponse:
    if not request.moment.is_now:
        messages.error(request, _("Nobody acts in the past: go back to now."))
        return redirect(page.back)
    if not form.is_valid():
        return page.show(request, form)
    try:
        act(form.cleaned_data)
    except Refused as no:
        form.add_error(no.field if no.field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("Done. It is on the record."))
    return redirect(page.back)


@require_safe
@permitted("evidence.verify")
def verify(request: Request) -> HttpResponse:
    """What was found last, by name."""
    last = verifying.last_verified(request.moment.at)
    detail: dict[str, Any] = last.detail if last else {}
    context = {
        "last": last,
        "detail": detail,
        "more": detail.get("found", 0) - len(detail.get("differences", [])),
        "title": _verified(detail),
        "acts": request.moment.is_now,
        "tabs": tabs(request, "verify"),
    }
    return render(request, "evidence/verify.html", context)


def _verified(detail: dict[str, Any]) -> str:
    """The answer."""
    if not detail:
        return _("The locker was never verified")
    if detail["holds"]:
        n = detail["pieces"]
        return ngettext("%(n)d piece is as it was captured", "%(n)d pieces are as captured", n) % {"n": n}
    n = detail["found"]
    return ngettext("%(n)d difference from what was captured", "%(n)d differences from what was captured", n) % {"n": n}


@require_POST
@permitted("evidence.verify")
def verify_now(request: Request) -> HttpResponse:
    """At once where that takes a few seconds; else by a job."""
    if not verifying.is_quick():
        return redirect("desk:job", verify_locker_later(request.user).public_id)
    found = verifying.verify_and_tell(request.user)
    if found.holds:
        messages.success(request, _("Every row and every file is as it was captured."))
    else:
        messages.error(request, _("Something differs: it is named below."))
    return redirect("evidence:verify")
