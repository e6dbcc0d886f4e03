"""Groups of the identity provider: what each of them stands for here."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from organisation.forms import GroupMappingForm, ReasonForm
from organisation.middleware import Request
from organisation.models import GroupMapping
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage


@permitted("person.view")
def groups(request: Request) -> HttpResponse:
    at = request.moment.at
    mappings = list(GroupMapping.objects.in_force(at).listed())
    n = len({mapping.group for mapping in mappings})
    counted = ngettext("%(n)d group", "%(n)d groups", n) % {"n": n}
    context = {
        "mappings": mappings,
        "ended": GroupMapping.objects.ended(at).listed(),
        "heading": _("%(groups)s of the identity provider open the portal") % {"groups": counted},
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "claim": settings.OIDC_GROUPS_CLAIM,
        "may_manage": may(request.user, "person.manage") and request.moment.is_now,
    }
    return render(request, "organisation/groups.html", context)


@permitted("person.manage")
def add(request: Request) -> HttpResponse:
    form = GroupMappingForm(request.POST or None)
    page = _page(
        _("Say what a group stands for"),
        _("Add it"),
        _(
            "It holds for each of its people from their next log-in on. Who is in a group that you map for yourself"
            " gets nothing by it: nobody gives a role to themselves."
        ),
    )
    if not form.is_valid():
        return page.show(request, form)
    mapping = GroupMapping.add(by=request.user, **form.mapped)
    messages.success(
        request,
        _("“%(group)s” stands for: %(what)s.")
        % {
            "group": mapping.group,
            "what": mapping.stands_for,
        },
    )
    return redirect(page.back)


@permitted("person.manage")
def end(request: Request, pk: int) -> HttpResponse:
    mapping = get_object_or_404(GroupMapping.objects.not_ended(clock.now()).listed(), pk=pk)
    said = {"group": mapping.group, "what": mapping.stands_for}
    lead = _(
        "Who has it by this group alone keeps it until their next log-in. End it on their page to take it at once."
    )
    heading = _("“%(group)s” stands for “%(what)s” no longer") % said
    page = _page(heading, _("End it now"), lead, danger=True)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    mapping.end(by=request.user, **form.cleaned_data)
    messages.success(request, _("Ended. The history stays."))
    return redirect(page.back)


def _page(heading: str, verb: str, lead: str, *, danger: bool = False) -> FormPage:
    back = reverse("organisation:groups")
    return FormPage(heading=heading, verb=verb, lead=lead, back=back, back_label=_("Groups"), danger=danger)
