"""The categories of risks, and changing them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.models import StaleRow
from audit.public_id import get_or_404
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage
from risks import categories as verbs
from risks.figures import open_by
from risks.models import Category
from risks.steering_forms import CategoryForm
from risks.views.tabs import tabs


@require_safe
@permitted("appetite.view")
def categories(request: Request) -> HttpResponse:
    at = request.moment.at
    every = list(Category.objects.filter(added_at__lte=at))
    in_use = [one for one in every if one.retired_at is None or one.retired_at > at]
    counts = open_by(request.user, "category") if request.moment.is_now else {}
    n = len(in_use)
    context = {
        "title": ngettext("Risks are sorted into %(n)d category", "Risks are sorted into %(n)d categories", n)
        % {"n": n}
        if n
        else _("Risks are not sorted into categories yet"),
        "tabs": tabs(request, "categories"),
        "in_use": [(one, counts.get(one.pk, 0)) for one in in_use],
        "retired": [(one, counts.get(one.pk, 0)) for one in every if one not in in_use],
        "manages": may(request.user, "appetite.manage") and request.moment.is_now,
    }
    return render(request, "risks/categories.html", context)


@permitted("appetite.manage")
def add(request: Request) -> HttpResponse:
    form = CategoryForm(request.POST or None)
    page = _page(_("Add a category"), _("Add the category"), lead=_("What kind of harm a risk is about."))
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = verbs.add(name=form.cleaned_data["name"], description=form.cleaned_data["description"], by=request.user)
    except NotAllowed as no:
        form.add_error("name", str(no))
        return page.show(request, form)
    messages.success(request, _("%(name)s is added.") % {"name": made})
    return redirect(page.back)


@permitted("appetite.manage")
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Category.objects.in_use(), public_id)
    form = CategoryForm(request.POST or None, category=found)
    page = _page(_("Change %(name)s") % {"name": found}, _("Save the changes"))
    if not form.is_valid():
        return page.show(request, form)
    told = {name: form.cleaned_data[name] for name in ("name", "description")}
    try:
        verbs.change(found, read=form.cleaned_data["version"] or 0, by=request.user, **told)
    except NotAllowed as no:
        form.add_error("name", str(no))
        return page.show(request, form)
    except StaleRow:
        return _changed_meanwhile(request, page, get_or_404(Category.objects.in_use(), public_id))
    messages.success(request, _("%(name)s is changed.") % {"name": found})
    return redirect(page.back)


def _changed_meanwhile(request: Request, page: FormPage, theirs: Category) -> HttpResponse:
    form = CategoryForm({**request.POST.dict(), "version": theirs.version}, category=theirs)
    form.is_valid()
    labels = {name: form.fields[name].label for name in ("name", "description")}
    differing = [
        (label, getattr(theirs, name), form.cleaned_data.get(name, ""))
        for name, label in labels.items()
        if getattr(theirs, name) != form.cleaned_data.get(name, "")
    ]
    return page.show(request, form, differing=differing)


@permitted("appetite.manage")
def retire(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Category.objects.in_use(), public_id)
    lead = _("No new risk is sorted there. Those that are stay, with their appetite. It can be re-opened.")
    page = _page(_("Retire %(name)s") % {"name": found}, _("Retire the category"), lead=lead, danger=True)
    return _decided(request, found, page, verbs.retire, _("%(name)s is retired."))


@permitted("appetite.manage")
def reopen(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Category.objects.filter(~Q(retired_at=None)), public_id)
    page = _page(_("Re-open %(name)s") % {"name": found}, _("Re-open the category"))
    return _decided(request, found, page, verbs.reopen, _("%(name)s is in use again."))


def _decided(request: Request, found: Category, page: FormPage, verb: Any, words: str) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    try:
        verb(found, because=form.cleaned_data["reason"], read=found.version, by=request.user)
    except StaleRow:
        form.add_error(None, _("Somebody changed it this moment. Look at it again."))
        return page.show(request, form)
    messages.success(request, words % {"name": found})
    return redirect(page.back)


def _page(heading: str, verb: str, **more: Any) -> FormPage:
    return FormPage(heading=heading, verb=verb, back=reverse("risks:categories"), back_label=_("Categories"), **more)
