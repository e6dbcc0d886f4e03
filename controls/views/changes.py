"""Writing the library of controls: added, changed, retired, re-opened, inherited."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock
from audit.models import StaleRow, TrailEntry
from audit.public_id import get_or_404
from controls.acts import label_of, shown
from controls.control_forms import ControlForm, InheritForm
from controls.models import Control, Inheritance
from controls.models.control import WRITTEN
from controls.refusals import Refused
from controls.views.control import controls
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from organisation.views.form_page import FormPage


@permitted("control.manage")
def add(request: Request) -> HttpResponse:
    form = ControlForm(request.POST or None)
    page = FormPage(
        heading=_("Add a control"),
        lead=_("What the organisation does, again and again, so that requirements are met and risks stay small."),
        verb=_("Add the control"),
        back=reverse("controls:library"),
        back_label=_("Controls"),
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = Control.add(by=request.user, **form.said)
    except Refused as no:
        form.add_error(no.field or None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(name)s is added. Say which requirements it serves.") % {"name": made})
    return redirect("controls:control", made.public_id)


@permitted("control.manage")
@transaction.atomic
def change(request: Request, public_id: str) -> HttpResponse:
    found = _in_use(request, public_id)
    form = ControlForm(request.POST or None, control=found)
    page = _page(found, _("Change %(name)s") % {"name": found.name}, _("Save the changes"))
    if not form.is_valid():
        return page.show(request, form)
    try:
        with transaction.atomic():
            found.change(read=form.cleaned_data["version"] or 0, by=request.user, **form.said)
    except Refused as no:
        form.add_error(no.field or None, str(no))
        return page.show(request, form)
    except StaleRow:
        return _changed_meanwhile(request, page, _in_use(request, public_id))
    messages.success(request, _("%(name)s is changed.") % {"name": found.name})
    return redirect(page.back)


def _changed_meanwhile(request: Request, page: FormPage, theirs: Control) -> HttpResponse:
    """The form once more, with what the other person saved beside it; nothing was overwritten."""
    mine = {**request.POST.dict(), "version": theirs.version}
    form = ControlForm(mine, control=theirs)
    form.is_valid()
    wanted = Control(**{name: form.cleaned_data.get(name) for name in WRITTEN if form.cleaned_data.get(name)})
    before, after = theirs.told, wanted.told
    differing = [
        (label_of(name), shown(name, before[name], _names(theirs)), shown(name, after[name], _names(wanted)))
        for name in WRITTEN
        if before[name] != after[name]
    ]
    last = TrailEntry.objects.about("control", theirs.public_id).last_first().first()
    return page.show(request, form, differing=differing, last=last)


def _names(control: Control) -> dict[str, str]:
    named: list[Any] = [one for one in (control.owner, control.solution) if one]
    return {one.public_id: one.name for one in named}


@permitted("control.manage")
def retire(request: Request, public_id: str) -> HttpResponse:
    found = _in_use(request, public_id)
    form = ReasonForm(request.POST or None)
    lead = _("From now on it shows nothing and nobody has to test it. Its history stays, and it can be re-opened.")
    page = _page(found, _("Retire %(name)s") % {"name": found.name}, _("Retire the control"), lead=lead, danger=True)
    if not form.is_valid():
        return page.show(request, form)
    found.retire(because=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("%(name)s is retired.") % {"name": found.name})
    return redirect(page.back)


@permitted("control.manage")
def reopen(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(controls(request), public_id)
    if not found.retired_at:
        raise Http404(f"{public_id} is not retired")
    form = ReasonForm(request.POST or None)
    lead = _("From now on it counts again, with its mappings and inheritances. While it was retired it showed nothing.")
    page = _page(found, _("Re-open %(name)s") % {"name": found.name}, _("Re-open the control"), lead=lead)
    if not form.is_valid():
        return page.show(request, form)
    found.reopen(because=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("%(name)s is in use again.") % {"name": found.name})
    return redirect(page.back)


@permitted("control.inherit")
def inherit(request: Request, public_id: str) -> HttpResponse:
    found = _in_use(request, public_id)
    if not found.is_common:
        raise Http404(f"{public_id} is not common: nobody can inherit it")
    form = InheritForm(request.POST or None, control=found)
    lead = _("From now on it stands where %(solution)s stands. What %(solution)s has found stays its own to see.")
    page = _page(
        found,
        _("Let a solution inherit %(name)s") % {"name": found.name},
        _("Let it inherit"),
        lead=lead % {"solution": found.solution},
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = Inheritance.agree(found, by=request.user, **form.cleaned_data)
    except NotAllowed as no:
        form.add_error("solution", str(no))
        return page.show(request, form)
    messages.success(request, _("%(solution)s inherits it.") % {"solution": made.solution})
    return redirect(page.back)


@permitted("control.inherit")
def end_inheritance(request: Request, public_id: str, pk: int) -> HttpResponse:
    found = get_or_404(controls(request), public_id)
    open_ones = found.inheritances.not_ended(clock.now()).select_related("control", "solution")
    held = get_object_or_404(open_ones, pk=pk)
    form = ReasonForm(request.POST or None)
    words = _("End the inheritance by %(solution)s") % {"solution": held.solution}
    lead = _("From now on the control does not concern it. Figures of the past stay as they were.")
    page = _page(found, words, _("End it now"), lead=lead, danger=True)
    if not form.is_valid():
        return page.show(request, form)
    held.end(because=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("Ended. The history stays."))
    return redirect(page.back)


def _in_use(request: Request, public_id: str) -> Control:
    """One that can still be changed. Raises Http404."""
    return get_or_404(controls(request).filter(retired_at=None), public_id)


def _page(control: Control, heading: str, verb: str, **more: Any) -> FormPage:
    back = reverse("controls:control", args=[control.public_id])
    return FormPage(heading=heading, verb=verb, back=back, back_label=control.name, **more)
