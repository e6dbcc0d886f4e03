from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls import tables
from controls.forms import StatementForm
from controls.listing import Asked
from controls.models import FrameworkVersion
from controls.statements import (
    NOT_STATED,
    Scheme,
    asked_about,
    counts,
    current_of,
    narrowed,
    state_of_chosen,
    stated,
)
from organisation.middleware import Request
from organisation.permissions import may, permitted, require

HEAD = (
    word("Id"),
    word("Title"),
    word("Applies"),
    word("State"),
    word("Justification"),
    word("Stated by"),
    word("Stated on"),
)


@permitted("framework.view")
def statements(request: Request, public_id: str) -> HttpResponse:
    """What is stated of each requirement that the address asks for; the second line states it of the chosen."""
    found, version, scheme = current_of(public_id, request.moment.at)
    at = request.moment.at
    form = StatementForm(request.POST or None, scheme=scheme)
    if request.method == "POST":
        require(request.user, "requirement.state")
        if form.is_valid():
            _state(request, form, version)
            return redirect(request.get_full_path())
    asked = Asked.of(request.GET, {"state": (_("State"), scheme.words)})
    every = asked_about(version, scheme, at)
    counted = counts(every)
    rows = narrowed(every, asked)
    page = page_of(rows, order=("position", "id"), cursor=request.GET.get("cursor", ""))
    context = {
        "framework": found,
        "version": version,
        "scheme": scheme,
        "title": _title(scheme, counted),
        "counts": [{"state": key, "word": word, "n": counted.get(key, 0)} for key, word in scheme.words.items()],
        "asked": asked,
        "choices": [
            {"name": "state", "label": _("State"), "values": scheme.words.items(), "chosen": asked.values.get("state")}
        ],
        "page": page,
        "total": rows.count(),
        "rows": stated(page.rows, scheme, at),
        "form": form,
        "states": may(request.user, "requirement.state") and request.moment.is_now,
        "decisions": [{"value": value, "label": label} for value, label in scheme.decisions.items()],
    }
    return render(request, "controls/statements.html", context, status=422 if form.is_bound else 200)


def _title(scheme: Scheme, counted: dict[str, int]) -> str:
    n = sum(counted.values())
    left = counted.get(NOT_STATED, 0)
    if not left:
        words = ngettext("%(name)s: its %(n)d is stated", "%(name)s: all %(n)d are stated", n)
    else:
        words = ngettext(
            "%(name)s: %(left)d of %(n)d is not stated", "%(name)s: %(left)d of %(n)d are not stated", left
        )
    return words % {"name": scheme.name, "left": left, "n": n}


def _state(request: Request, form: StatementForm, version: FrameworkVersion) -> None:
    said = form.cleaned_data
    n = state_of_chosen(version, said["pick"], said["action"], because=said["because"], by=request.user)
    words = ngettext("Stated of %(n)d requirement.", "Stated of %(n)d requirements.", n)
    messages.success(request, words % {"n": n})


@require_safe
@permitted("framework.view")
@in_the_organisations_language
def export(request: Request, public_id: str, form: str) -> HttpResponse:
    """All of it as a file. form: csv or xlsx."""
    found, version, scheme = current_of(public_id, request.moment.at)
    at = request.moment.at
    asked = Asked.of(request.GET, {"state": (_("State"), scheme.words)})
    rows = list(narrowed(asked_about(version, scheme, at), asked).order_by("position", "id"))
    lines = [
        (
            one.edition.label,
            one.edition.title,
            {True: "yes", False: "no", None: ""}[one.applies],
            one.word,
            one.statement.because if one.statement else "",
            one.statement.stated_by.name if one.statement else "",
            one.statement.stated_at.isoformat(timespec="seconds") if one.statement else "",
        )
        for one in stated(rows, scheme, at)
    ]
    name = f"{found.key}-statements-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return tables.as_csv(name, HEAD, lines)
    if form != "xlsx":
        raise BadRequest(_("No such form: %(form)s") % {"form": form})
    about = {
        _("What"): f"{version}: {scheme.name}",
        _("As of"): _("%(at)s UTC") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"},
        _("Narrowed to"): ", ".join(f"{key}={value}" for key, value in asked.values.items()) or _("nothing: all of it"),
        _("Rows"): str(len(lines)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(reverse("controls:statements", args=[found.public_id])),
    }
    return tables.as_xlsx(name, about, HEAD, lines)
