"""Adding a risk by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from organisation.middleware import Request
from organisation.models import NotAllowed, Solution, User
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage
from risks import registering
from risks.doors import to_register, to_risk
from risks.models import Category
from risks.risk_forms import RiskForm

WORDS = ("title", "cause", "event", "consequence", "link", "review_on")
ROWS = {"solution": Solution, "category": Category, "owner": User}


@permitted("risk.add")
def add(request: Request) -> HttpResponse:
    """What the address says stands in the form already."""
    form = RiskForm(request.POST or None, person=request.user, initial=_initial(request.GET, request.user))
    if may(request.user, "risk.change"):
        lead = _("It is one of your solutions'. How high it is, you say next.")
    else:
        lead = _("You raise it for an owner of the first line, who states how high it is and treats it.")
    page = FormPage(_("Add a risk"), _("Add the risk"), to_register(), _("Risks"), lead)
    if not form.is_valid():
        return page.show(request, form)
    try:
        with transaction.atomic():
            made = registering.add(by=request.user, **form.said)
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is on the register.") % {"id": made.public_id})
    return redirect(to_risk(made))


def _initial(query: QueryDict, user: User) -> dict[str, Any]:
    """An id that is none is left out: the field then asks for it."""
    found: dict[str, Any] = {name: query[name][:2000] for name in WORDS if name in query}
    for name, model in ROWS.items():
        if key := model.key_in(query.get(name, "")):
            found[name] = key
    if may(user, "risk.change"):
        found.setdefault("owner", user.pk)
    return found
