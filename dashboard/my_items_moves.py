"""My items: what a person does about a risk, and asking for an exception, without leaving the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import clock
from audit.moment import Moment
from audit.public_id import get_or_404
from dashboard.items import group_items
from dashboard.my_items import solutions_of
from desk.discussion import write
from desk.subjects import seen_or_404
from organisation.days import DayField
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.models.dated import ends
from organisation.permissions import permitted, require
from risks import assessing, registering
from risks.asking import Asking, ask
from risks.doors import to_risk
from risks.groups import Group, GroupKey
from risks.models import Assessment, Matrix, Risk, RiskException
from risks.refusals import Refused
from risks.risk_forms import DAY, ReviewForm

KINDS = [
    (one.value, one.label)
    for one in RiskException.Kind
    if one not in (RiskException.Kind.DISPENSATION, RiskException.Kind.NOT_APPLICABLE)
]
"""Those that need no more than a reason; the others are asked for on their own page."""


class ExceptionForm(forms.Form):
    """An exception for all that fails of a group now; its ceiling is how many these are."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS)
    reason = forms.CharField(label=gettext_lazy("Why it is borne"), max_length=4000, widget=forms.Textarea({"rows": 2}))
    compensating = forms.CharField(label=gettext_lazy("What keeps the risk down"), max_length=4000, required=False)
    until = DayField(label=gettext_lazy("Until"), widget=DAY)


class LevelHereForm(forms.Form):
    """A current level on the matrix in force."""

    likelihood = forms.TypedChoiceField(label=gettext_lazy("Likelihood"), coerce=int)
    impact = forms.TypedChoiceField(label=gettext_lazy("Impact"), coerce=int)
    because = forms.CharField(label=gettext_lazy("Why"), max_length=2000)

    def __init__(self, *args: Any, matrix: Matrix, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, labels in (("likelihood", matrix.likelihoods), ("impact", matrix.impacts)):
            self.fields[name].choices = list(enumerate(labels))  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    link = forms.URLField(
        label=gettext_lazy("Ticket or pull request"), required=False, max_length=500, assume_scheme="https"
    )
    comment = forms.CharField(label=gettext_lazy("Comment"), required=False, max_length=2000)


@permitted("items.view")
def risk(request: Request, public_id: str) -> HttpResponse:
    """What can be done about a risk in place: a level, a review, a link, a comment. Sent forms are carried out."""
    found = get_or_404(Risk.objects.visible_to(request.user).select_related("solution", "owner"), public_id)
    if not request.htmx:
        return redirect(to_risk(found))
    shown = _forms(request, found)
    if request.method != "POST":
        return _risk(request, found, shown)
    name = request.POST.get("form", "")
    if name not in shown:
        raise Http404(f"No such form: {name}")
    form = shown[name]
    if form.is_valid():
        try:
            with transaction.atomic():
                told = DOES[name](request, found, form.cleaned_data)
        except NotAllowed as no:
            form.add_error(None, str(no))
        else:
            found.refresh_from_db()
            return _risk(request, found, _forms(request, found, fresh=True), told=told)
    return _risk(request, found, shown, status=422)


def _forms(request: Request, found: Risk, *, fresh: bool = False) -> dict[str, forms.Form]:
    """Each bound where it was sent; fresh: none is."""
    sent = "" if fresh or request.method != "POST" else request.POST.get("form", "")

    def bound(name: str) -> Any:
        return request.POST if sent == name else None

    matrix = Matrix.objects.in_force(clock.now())
    auto_id = f"%s-{found.public_id}"
    shown: dict[str, forms.Form] = {
        "review": ReviewForm(bound("review"), auto_id=auto_id),
        "note": NoteForm(bound("note"), auto_id=auto_id, initial={"link": found.link}),
    }
    if matrix:
        initial = {"likelihood": found.likelihood, "impact": found.impact}
        shown["level"] = LevelHereForm(bound("level"), auto_id=f"level-{auto_id}", initial=initial, matrix=matrix)
    return shown


def _risk(
    request: Request, found: Risk, shown: dict[str, forms.Form], *, told: str = "", status: int = 200
) -> HttpResponse:
    matrix = Matrix.objects.in_force(clock.now())
    level = matrix.label(found.current) if matrix and found.current is not None else ""
    context = {"risk": found, "forms": shown, "told": told, "level": level}
    return render(request, "dashboard/items/_risk.html", context, status=status)


def _state(request: Request, found: Risk, said: dict[str, Any]) -> str:
    made = assessing.state(found, Assessment.Kind.CURRENT, by=request.user, **said)
    told = {"level": made.label}
    return _("Current level: %(level)s.") % told if made.confirmed_at else _("%(level)s is proposed.") % told


def _reviewed(request: Request, found: Risk, said: dict[str, Any]) -> str:
    registering.reviewed(found, by=request.user, **said)
    return _("Reviewed; the next one is due on %(day)s.") % {"day": date_format(said["next_on"], "j M Y")}


def _note(request: Request, found: Risk, said: dict[str, Any]) -> str:
    if said["link"] != found.link:
        registering.change(found, read=found.version, by=request.user, link=said["link"])
    if said["comment"]:
        require(request.user, "comment.write")
        write(seen_or_404("risk", found.public_id, request.user), said["comment"], by=request.user)
    return _("It is saved.")


DOES: dict[str, Callable[[Request, Risk, dict[str, Any]], str]] = {
    "level": _state,
    "review": _reviewed,
    "note": _note,
}


@permitted("exception.ask")
def ask_for_exception(request: Request, key: str) -> HttpResponse:
    """The form for a group, in its row; sent, it asks for an exception of all that fails of it now."""
    wanted = GroupKey.of(key)
    found = group_items(request.user, Moment.now(), solutions_of(request, QueryDict()), [wanted])
    if not found:
        raise Http404(_("Nothing of it fails any more, or it is not yours to see."))
    group: Group = found[0].subject
    if not request.htmx:
        return redirect("my_items")
    form = ExceptionForm(request.POST or None, auto_id=f"%s-exception-{key}")
    made: RiskException | None = None
    if form.is_valid():
        try:
            made = ask(_asking(group, form.cleaned_data), by=request.user)
        except Refused as no:
            form.add_error(no.field if no.field in form.fields else None, str(no))
    context = {"item": found[0], "form": form, "made": made}
    status = 422 if form.is_bound and made is None else 200
    return render(request, "dashboard/items/_ask.html", context, status=status)


def _asking(group: Group, said: dict[str, Any]) -> Asking:
    return Asking(
        kind=said["kind"],
        solution=group.solution,
        reason=said["reason"],
        compensating=said["compensating"],
        expires_at=ends(said["until"]),
        checks=[group.check],
        by_rule=True,
        accounts=[group.key.account],
        ceiling=group.tally.failed,
    )
