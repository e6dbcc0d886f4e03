from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.keyset import page_of
from organisation.middleware import Request
from organisation.models import Account
from organisation.permissions import permitted


@permitted("account.view")
def accounts(request: Request) -> HttpResponse:
    """Every account that a connection reported, and whose it is."""
    at, words, state = request.moment.at, request.GET.get("q", ""), request.GET.get("state", "")
    everything, unclaimed = Account.objects.count(), Account.objects.unclaimed(at)
    chosen = Account.objects.all().listed_as(state, at).named_like(words)
    without = unclaimed.count()
    heading = ngettext("%(n)d account", "%(n)d accounts", everything) % {"n": everything}
    if without:
        heading += ", " + _("%(n)d in no solution") % {"n": without}
    context = {
        "page": page_of(chosen.listed(at), order=("name", "id"), cursor=request.GET.get("cursor", "")),
        "total": chosen.count(),
        "unclaimed": without,
        "everything": everything,
        "heading": heading,
        "state": state,
        "q": words,
    }
    return render(request, "organisation/accounts.html", context)
