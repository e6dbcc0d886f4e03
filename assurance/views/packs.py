"""Packs: asked for, watched while they are made, and taken away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assurance.models import Engagement, Pack
from assurance.pack import freezing, handing_out, steps
from assurance.pack_forms import PackForm
from assurance.pack_list import narrowed, seen_by
from assurance.tasks import make_pack
from assurance.views.tabs import tabs
from audit.keyset import page_of
from audit.models import TrailEntry
from audit.public_id import get_or_404
from evidence import signing
from organisation.middleware import Request
from organisation.models import NotAllowed, Solution
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

DOWNLOADS_SHOWN = 20


@require_safe
@permitted("pack.view")
def packs(request: Request) -> HttpResponse:
    """Narrowed by the parameters of NARROWS; ?engagement= names the page too."""
    of = _engagement(request)
    rows = narrowed(seen_by(request.user, request.moment), request.GET, request.user)
    total, sealed = rows.count(), rows.sealed().count()
    context = {
        "page": page_of(rows.prefetch_related("solutions"), order=("-id",), cursor=request.GET.get("cursor", "")),
        "title": _title(total, sealed),
        "of": of,
        "tabs": tabs(request, "packs"),
        "asks": may(request.user, "pack.make") and request.moment.is_now,
        "ask_url": _ask_url(of),
    }
    return render(request, "assurance/packs.html", context)


def _ask_url(of: Engagement | None) -> str:
    return reverse("assurance:pack_ask") + (f"?engagement={of.public_id}" if of else "")


def _engagement(request: Request) -> Engagement | None:
    named = request.GET.get("engagement", "")
    return get_or_404(Engagement.objects.visible_to(request.user), named) if named else None


def _title(total: int, sealed: int) -> str:
    if not total:
        return _("No pack was asked for yet")
    words = ngettext("%(n)d pack, %(sealed)d sealed", "%(n)d packs, %(sealed)d sealed", total)
    return words % {"n": total, "sealed": sealed}


@permitted("pack.make")
def ask(request: Request) -> HttpResponse:
    """Of an engagement (?engagement=) as it stands, or of a framework."""
    of = _engagement(request)
    back, said = reverse("assurance:packs"), request.POST if request.method == "POST" else None
    if not request.moment.is_now:
        messages.warning(request, _("Nobody acts in the past: go back to now."))
        return redirect(back)
    if not signing.has_key():
        messages.warning(request, _("No signing key is set, so nothing can be sealed. An administrator sets one."))
        return redirect(back)
    if of is not None:
        lead = _("Scope and period are the engagement's. Drafts and papers that are not reviewed stay outside.")
        page = FormPage(_("Seal a pack of %(title)s") % {"title": of.title}, _("Seal the pack"), back, _("Packs"), lead)
        return _asked(request, page, Form(said))
    lead = _("What is so at a moment or was in a period is frozen, written down and sealed. It takes up to a minute.")
    page = FormPage(_("Seal a pack of a framework"), _("Seal the pack"), back, _("Packs"), lead)
    seen = Solution.objects.visible_to(request.user)
    return _asked(request, page, PackForm(said, solutions=seen))


def _asked(request: Request, page: FormPage, form: Any) -> HttpResponse:
    if request.method != "POST" or not form.is_valid():
        return page.show(request, form)
    try:
        made = _made(request, form)
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is being made.") % {"id": made.public_id})
    return redirect("assurance:pack", made.public_id)


def _made(request: Request, form: Any) -> Pack:
    """Raises NotAllowed."""
    if of := _engagement(request):
        return freezing.of_engagement(of, by=request.user, enqueue=make_pack.delay)
    said = form.cleaned_data
    return freezing.of_framework(
        said["framework"], list(said["solutions"]), about=form.about, by=request.user, enqueue=make_pack.delay
    )


@require_safe
@permitted("pack.view")
def pack(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(seen_by(request.user, request.moment), public_id)
    told = TrailEntry.objects.about("pack", found.public_id).filter(action="pack.downloaded")
    context = {
        "pack": found,
        "job": found.job,
        "solutions": found.solutions.order_by("name"),
        "is_moment": found.about_from == found.about_to,
        "files": found.files.count(),
        "forms": _doors(found),
        "downloads": told.filter(at__lte=request.moment.at).last_first()[:DOWNLOADS_SHOWN],
        "signature": bytes(found.signature or b"").hex(),
    }
    return render(request, "assurance/pack.html", context)


def _doors(found: Pack) -> list[dict[str, str]]:
    words = {
        "archive": _("The pack, as a ZIP archive"),
        "signature": _("Its signature"),
        "key": _("The public key"),
        "report": _("The report alone"),
        "workbook": _("The workbook alone"),
        "oscal": _("OSCAL alone"),
    }
    return [
        {"words": word, "url": reverse("assurance:pack_file", args=[found.public_id, name])}
        for name, word in words.items()
    ]


@require_safe
@permitted("pack.view")
def pack_file(request: Request, public_id: str, what: str) -> HttpResponseBase:
    found = get_or_404(seen_by(request.user, request.moment), public_id)
    if what not in handing_out.FORMS:
        raise Http404(f"A pack has no {what}")
    try:
        return handing_out.handed_out(found, what, by=request.user)
    except NotAllowed as no:
        messages.error(request, str(no))
        return redirect("assurance:pack", found.public_id)


@require_safe
@permitted("pack.view")
def verify(request: Request) -> HttpResponse:
    """How anybody verifies a pack, and by which key and which program."""
    context = {
        "tabs": tabs(request, "verify"),
        "fingerprint": signing.fingerprint() if signing.has_key() else "",
        "verifier_sha256": steps.verifier_sha256(),
    }
    return render(request, "assurance/verify.html", context)


@require_safe
@permitted("pack.view")
def verifier(request: Request) -> HttpResponse:
    return handing_out.verifier()
