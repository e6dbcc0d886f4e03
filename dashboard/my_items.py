"""My items: everything that awaits a person, moved in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from audit.counted import page_of
from audit.moment import Moment
from dashboard.item_forms import BulkForm, TriageForm
from dashboard.items import Item, Kind, Turn, group_items, items
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.models import NotAllowed, Solution
from organisation.permissions import may, permitted
from risks import triaging
from risks.groups import GroupKey
from risks.models import Triage

MOST = 500
"""Groups that are changed at once: more than anybody chooses on a page."""


@require_safe
@vary_on_headers("HX-Request")
@permitted("items.view")
def my_items(request: Request) -> HttpResponse:
    """?turn=you|others, kind; the header's solution."""
    if request.htmx:
        return render(request, "dashboard/_my_items.html", listed(request, request.GET))
    context = {**listed(request, request.GET), "standing_in": request.user.standing_in}
    return render(request, "dashboard/my_items.html", context)


def listed(request: Request, query: QueryDict, *, undo: str = "", told: str = "") -> dict[str, Any]:
    """The list as an address has it. undo: the change that can be taken back; told: what has just happened."""
    found = items(request.user, Moment.now(), solutions_of(request, query))
    turn, kind = query.get("turn", Turn.YOU), query.get("kind", "")
    if turn not in Turn.values or (kind and kind not in Kind.values):
        raise BadRequest(_("turn is you or others; kind is one of %(values)s") % {"values": ", ".join(Kind.values)})
    theirs = [one for one in found if one.turn == turn]
    rows = [one for one in theirs if not kind or one.kind == kind]
    page = page_of(rows, lambda one: one.order, cursor=query.get("cursor", ""))
    return {
        "title": title(found),
        "page": page,
        "total": len(rows),
        "turns": tabs(query, "turn", Turn, Counter(one.turn for one in found), turn),
        "kinds": tabs(query, "kind", Kind, Counter(one.kind for one in theirs), kind),
        "statuses": Triage.Status.choices,
        "triages": may(request.user, "triage.change"),
        "coverage": coverage(request.user, Moment.now()),
        "query": query,
        "undo": undo,
        "told": told,
        "turn": turn,
        "kind": kind,
    }


def solutions_of(request: Request, query: QueryDict) -> list[Solution]:
    """The reader's solutions in use: the one in the address, or all. Raises Http404."""
    moment = Moment.now()
    seen = list(Solution.objects.in_use(moment.at).visible_to(request.user))
    wanted = query.get("solution", "")
    if not wanted or wanted == "none":
        return seen
    chosen = [one for one in seen if one.public_id == wanted]
    if not chosen:
        raise Http404(f"There is no {wanted}, or it is not yours to see")
    return chosen


def title(found: Iterable[Item]) -> str:
    mine = [one for one in found if one.turn is Turn.YOU]
    if not mine:
        return _("Nothing awaits you")
    n, overdue = len(mine), sum(one.is_overdue for one in mine)
    words = ngettext("%(n)s item awaits you", "%(n)s items await you", n) % {"n": f"{n:,}"}
    if overdue:
        words += ngettext(", %(n)s overdue", ", %(n)s overdue", overdue) % {"n": f"{overdue:,}"}
    return words


def tabs(query: QueryDict, name: str, choices: Any, counts: Counter[str], current: str) -> list[dict[str, Any]]:
    """Each choice that has anything, and the current one; of kinds also all of them."""
    shown = [(one.value, one.label, counts[one]) for one in choices if counts[one] or one.value == current]
    if name == "kind":
        shown = [("", _("All"), counts.total()), *shown]
    found = []
    for value, label, n in shown:
        changed = query.copy()
        for other in ("cursor", "kind" if name == "turn" else ""):
            changed.pop(other, None)
        changed[name] = value
        found.append({"label": label, "count": n, "url": f"?{changed.urlencode()}", "current": value == current})
    return found


@vary_on_headers("HX-Request")
@permitted("items.view")
def group(request: Request, key: str) -> HttpResponse:
    """A row, unfolded where ?open is there; what is sent of it is said of the group."""
    if request.method == "POST":
        return _say(request, GroupKey.of(key))
    return _row(request, item_of(request, GroupKey.of(key)), is_open=bool(request.GET.get("open")))


def _say(request: Request, key: GroupKey) -> HttpResponse:
    if not may(request.user, "triage.change"):
        raise PermissionDenied("triage.change")
    item = item_of(request, key)
    form = TriageForm(request.POST, item.subject.solution, auto_id=f"%s-{key}")
    if not form.is_valid():
        return _row(request, item, is_open=True, form=form, status=422)
    try:
        batch = triaging.say(key, by=request.user, comment=form.cleaned_data.get("comment", ""), **form.said)
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else "comment", str(no))
        return _row(request, item, is_open=True, form=form, status=422)
    return _row(request, item_of(request, key), is_open=bool(request.POST.get("open")), undo=batch)


def item_of(request: Request, key: GroupKey) -> Item:
    """Raises Http404 where nothing of it fails any more, or it is not the reader's."""
    found = group_items(request.user, Moment.now(), solutions_of(request, QueryDict()), [key])
    if not found:
        raise Http404(_("Nothing of it fails any more, or it is not yours to see."))
    return found[0]


def _row(
    request: Request, item: Item, *, is_open: bool, form: TriageForm | None = None, undo: str = "", status: int = 200
) -> HttpResponse:
    triage = item.subject.triage
    said = {name: getattr(triage, name) for name in triaging.SAYABLE} if triage else {}
    auto_id = f"%s-{item.key}"
    shown = form or TriageForm(None, item.subject.solution, initial=said, auto_id=auto_id)
    context = {
        "item": item,
        "is_open": is_open,
        "form": shown,
        "undo": undo,
        "statuses": Triage.Status.choices,
        "triages": may(request.user, "triage.change"),
    }
    if not request.htmx:
        return redirect("my_items")
    return render(request, "dashboard/items/_item.html", context, status=status)


@require_POST
@permitted("triage.change")
def bulk(request: Request) -> HttpResponse:
    """Say one thing of every chosen group; the list comes back, with a way to take it back."""
    keys = [GroupKey.of(one) for one in request.POST.getlist("pick")]
    form = BulkForm(request.POST)
    if not form.is_valid() or not form.said(request.user) or not keys or len(keys) > MOST:
        raise BadRequest(_("Choose 1 to %(most)d groups, and what to say of them") % {"most": MOST})
    known = still_failing(request, keys)
    try:
        batch = triaging.change(known, by=request.user, **form.said(request.user))
    except NotAllowed as no:
        raise Http404(str(no)) from no
    n = len(known)
    told = ngettext("%(n)d group is changed.", "%(n)d groups are changed.", n) % {"n": n}
    return _again(request, undo=batch, told=told)


def still_failing(request: Request, keys: Collection[GroupKey]) -> list[GroupKey]:
    found = group_items(request.user, Moment.now(), solutions_of(request, QueryDict()), keys)
    if not found:
        raise Http404(_("Nothing of these fails any more, or they are not yours to see."))
    return [one.subject.key for one in found]


@require_POST
@permitted("triage.change")
def undo(request: Request) -> HttpResponse:
    """Take back a change of the reader's own."""
    try:
        back, left = triaging.undo(request.POST.get("batch", ""), by=request.user)
    except NotAllowed as no:
        raise Http404(str(no)) from no
    told = ngettext("%(n)d group is as it was.", "%(n)d groups are as they were.", back) % {"n": back}
    if left:
        words = ngettext("%(n)d was changed again since, and stays.", "%(n)d were changed again since, and stay.", left)
        told = f"{told} {words % {'n': left}}"
    return _again(request, told=told)


def _again(request: Request, *, told: str, undo: str = "") -> HttpResponse:
    """The list that the reader is on, by the address in `query`."""
    query = QueryDict(request.POST.get("query", ""))
    if not request.htmx:
        return redirect(f"{reverse('my_items')}?{query.urlencode()}")
    return render(request, "dashboard/_my_items.html", listed(request, query, undo=undo, told=told))
