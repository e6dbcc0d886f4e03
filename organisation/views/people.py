"""People: who may log in, on which line they stand, and why."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit import clock
from audit.keyset import page_of
from audit.public_id import get_or_404
from organisation import invitations
from organisation.forms import PersonForm, PreferencesForm, ReasonForm, RoleForm
from organisation.groups import given_again
from organisation.middleware import Request
from organisation.models import NotAllowed, Role, User
from organisation.models.delegation import LINES
from organisation.panels import panels
from organisation.permissions import may, permitted
from organisation.second_factor import factors_of
from organisation.sessions import sessions_of
from organisation.single_sign_on.provider import is_linked
from organisation.views.delegations import of_person
from organisation.views.form_page import FormPage


@permitted("person.view")
def people(request: Request) -> HttpResponse:
    at, words, role = request.moment.at, request.GET.get("q", ""), request.GET.get("role", "")
    state = request.GET.get("state", "")
    active, without = User.objects.active(), User.objects.without_role(at)
    chosen = User.objects.listed_as(state, role, words, at)
    counts = {"active": active.count(), "without": without.count(), "closed": User.objects.closed().count()}
    heading = ngettext("%(n)d person", "%(n)d people", counts["active"]) % {"n": counts["active"]}
    if counts["without"]:
        heading += ", " + _("%(n)d without a role") % {"n": counts["without"]}
    context = {
        "page": page_of(
            chosen.listed(at).with_delegates(at), order=("name", "id"), cursor=request.GET.get("cursor", "")
        ),
        "total": chosen.count(),
        "counts": counts,
        "heading": heading,
        "state": state,
        "roles": [(one.value, one.label) for one in Role],
        "role": role,
        "role_label": Role(role).label if role in Role.values else "",
        "q": words,
        "may_manage": may(request.user, "person.manage"),
    }
    return render(request, "organisation/people.html", context)


@permitted("person.view")
def person(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(User.objects.all(), public_id)
    manages = may(request.user, "person.manage")
    at = request.moment.at
    context = {
        "person": found,
        "held": list(found.role_assignments.in_force(at).order_by("pk")),
        "roles": found.role_assignments.order_by("-valid_from", "-id"),
        "grants": found.grants.select_related("solution").order_by("-valid_from", "-id"),
        "standing_in": of_person(found),
        "now": clock.now(),
        "may_be_stood_in_for": manages and found.is_active and found.roles_today & set(LINES),
        "may_manage": manages and found != request.user,
        "is_linked": manages and is_linked(found),
        "provider": settings.OIDC_NAME,
        "factors": factors_of(found) if manages else [],
        "sessions": sessions_of(found) if manages else [],
        "may_see_trail": may(request.user, "trail.view"),
    }
    return render(request, "organisation/person.html", context)


@permitted("person.manage")
def add(request: Request) -> HttpResponse:
    form = PersonForm(request.POST or None)
    page = FormPage(
        heading=_("Add a person"),
        lead=_("They get an e-mail with a link to set a password. It works once, for three days."),
        verb=_("Add and invite"),
        back=reverse("organisation:people"),
        back_label=_("People"),
    )
    if not form.is_valid():
        return page.show(request, form)
    made, link = invitations.add(portal=request.build_absolute_uri("/"), by=request.user, **form.cleaned_data)
    return _invited(request, made, link)


@require_POST
@permitted("person.manage")
def invite_again(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(User.objects.active(), public_id)
    link = invitations.invite(found, portal=request.build_absolute_uri("/"), by=request.user)
    return _invited(request, found, link)


def _invited(request: Request, found: User, link: str) -> HttpResponse:
    """The link stands on this one answer, for where no mail leaves; nothing keeps it."""
    return render(request, "organisation/invited.html", {"person": found, "link": link})


@permitted("person.manage")
def give_role(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(User.objects.active(), public_id)
    held = list(found.role_assignments.not_ended(request.moment.at).order_by("pk"))
    form = RoleForm(request.POST or None, held=held)
    page = _page(found, _("Give %(name)s a role") % {"name": found}, _("Give the role"))
    if form.is_valid():
        try:
            given = found.give_role(by=request.user, **form.cleaned_data)
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            said = {"name": found, "role": given.get_role_display()}
            messages.success(request, _("%(name)s: %(role)s from now on.") % said)
            return redirect(page.back)
    return page.show(request, form)


@permitted("person.manage")
def end_role(request: Request, public_id: str, pk: int) -> HttpResponse:
    found = get_or_404(User.objects.all(), public_id)
    role = get_object_or_404(found.role_assignments.not_ended(request.moment.at), pk=pk)
    said = {"role": role.get_role_display(), "name": found}
    heading = _("End the role “%(role)s” of %(name)s") % said
    page = _page(found, heading, _("End the role now"), given_again(role.granted_by), danger=True)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            role.end(by=request.user, **form.cleaned_data)
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Ended. The history stays."))
            return redirect(page.back)
    return page.show(request, form)


@permitted("person.manage")
def deactivate(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(User.objects.active(), public_id)
    lead = _("They can no longer log in. Their role and their part in solutions end now; what they did stays.")
    page = _page(found, _("Close the log-in of %(name)s") % {"name": found}, _("Close it now"), lead, danger=True)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            found.deactivate(by=request.user, **form.cleaned_data)
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s can no longer log in.") % {"name": found})
            return redirect(page.back)
    return page.show(request, form)


@permitted("person.manage")
def reactivate(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(User.objects.closed(), public_id)
    lead = _("They have no role until you give them one.")
    page = _page(found, _("Open the log-in of %(name)s again") % {"name": found}, _("Open it"), lead)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        found.reactivate(by=request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s can log in again.") % {"name": found})
        return redirect(page.back)
    return page.show(request, form)


@permitted("preference.change")
def preferences(request: Request) -> HttpResponse:
    reader = request.user
    now = {"name": reader.name, "time_zone": reader.time_zone, "language": reader.language}
    form = PreferencesForm(request.POST or None, initial=now)
    if form.is_valid():
        request.user.prefer(**form.cleaned_data)
        messages.success(request, _("Your preferences are saved."))
        return redirect("organisation:preferences")
    status = 422 if form.is_bound else 200
    context = {"form": form, "panels": panels("preferences", request, request.user)}
    return render(request, "organisation/preferences.html", context, status=status)


def _page(found: User, heading: str, verb: str, lead: str = "", *, danger: bool = False) -> FormPage:
    back = reverse("organisation:person", args=[found.public_id])
    return FormPage(heading=heading, verb=verb, lead=lead, back=back, back_label=found.name, danger=danger)
