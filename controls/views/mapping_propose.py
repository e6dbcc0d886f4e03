"""Proposing a mapping by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit import clock
from controls import proposing
from controls.ends import choice_of, end_named, suggestions
from controls.mapping_forms import ProposeForm
from controls.wording import meanings
from organisation.middleware import Request
from organisation.permissions import permitted

PLACES = ("one", "two")
FILLED_IN = ("requirement", "check", "control", "other")
"""Parameters that name an end, in the order in which they are put in."""


@permitted("mapping.propose")
def propose(request: Request) -> HttpResponse:
    """Two ends, how they relate, and why. Without a script, "Find" answers with this page and what was found."""
    data = request.POST if request.method == "POST" else _filled_in(request.GET)
    finds = request.POST.get("find", "") in PLACES
    posted = request.POST if request.method == "POST" and not finds else None
    how = meanings(request.user.line)
    form = ProposeForm(posted, initial=data.dict(), user=request.user, meanings=how)
    if form.is_valid():
        said = form.cleaned_data
        try:
            made = proposing.propose(
                said["one"], said["two"], relation=said["relation"], rationale=said["rationale"], by=request.user
            )
        except proposing.Refused as no:
            form.add_error(PLACES[no.end - 1] if no.end else "two", str(no))
        else:
            messages.success(request, _("%(id)s is proposed; somebody else decides on it.") % {"id": made.public_id})
            return redirect("controls:mapping", made.public_id)
    context = {
        "form": form,
        "places": [_place(request, form, place, data) for place in PLACES],
        "meanings": how,
    }
    return render(request, "controls/mapping_propose.html", context, status=422 if form.is_bound else 200)


def _filled_in(asked: QueryDict) -> QueryDict:
    """What the address names, as the form would have it."""
    found = [value for name in FILLED_IN for value in asked.getlist(name)[:2] if value][:2]
    data = QueryDict(mutable=True)
    for place, value in zip(PLACES, found, strict=False):
        data[place] = value
    return data


def _place(request: Request, form: ProposeForm, place: str, data: QueryDict) -> dict[str, object]:
    """An end of the form: what is chosen, what was looked for, and what was found for it."""
    at = clock.now()
    chosen = end_named(data.get(place, ""), request.user)
    other = end_named(data.get(PLACES[place == "one"], ""), request.user)
    words = data.get(f"{place}_words", "")
    return {
        "name": place,
        "chosen": choice_of(chosen, at) if chosen else None,
        "unknown": data.get(place, "") if not chosen else "",
        "words": words,
        "found": suggestions(words, request.user, at, beside=other) if words else None,
        "errors": form.errors.get(place, []),
    }


@require_safe
@permitted("mapping.propose")
def ends(request: Request) -> HttpResponse:
    """What the words in one end's search field may mean: a part of the form."""
    place = "two" if request.GET.get("place") == "two" else "one"
    words = request.GET.get(f"{place}_words", "")
    other = end_named(request.GET.get(PLACES[place == "one"], ""), request.user)
    chosen = end_named(request.GET.get(place, ""), request.user)
    at = clock.now()
    part = {
        "name": place,
        "words": words,
        "chosen": choice_of(chosen, at) if chosen else None,
        "found": suggestions(words, request.user, at, beside=other) if words.strip() else None,
    }
    return render(request, "controls/_ends.html", {"place": part})
