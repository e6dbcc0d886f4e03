"""Who may accept how much risk, where; recording and ending it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit import clock
from audit.public_id import get_or_404
from organisation.middleware import Request
from organisation.models import NotAllowed, Role, User
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage
from risks import authorities
from risks.models import Authority, Matrix
from risks.rules import Rules
from risks.steering_forms import AuthorityForm
from risks.views.appetite import ended
from risks.views.matrix import level
from risks.views.tabs import tabs


@require_safe
@permitted("appetite.view")
def authority(request: Request) -> HttpResponse:
    at = request.moment.at
    every = list(authorities.seen_by(request.user, at).order_by("person__name", "solution__name", "-valid_from"))
    rules = Rules.at(at)
    first = set(User.objects.active().with_role(Role.FIRST, at).values_list("pk", flat=True))
    in_force = [one for one in every if one.valid_to is None or one.valid_to > at]
    n = len({one.person_id for one in in_force if one.person_id in first})
    context = {
        "title": ngettext("%(n)d person may accept risks", "%(n)d people may accept risks", n) % {"n": n}
        if n
        else _("Nobody may accept risks yet"),
        "tabs": tabs(request, "authority"),
        "rows": [_shown(one, rules, first) for one in in_force],
        "ended": [_shown(one, rules, first) for one in every if one not in in_force],
        "matrix": rules.matrix,
        "manages": may(request.user, "appetite.manage") and request.moment.is_now,
    }
    return render(request, "risks/authority.html", context)


def _shown(row: Authority, rules: Rules, first: set[int]) -> dict[str, Any]:
    reads = rules.reads.get(row.matrix_id)
    now = level(rules.matrix, reads[row.level]) if reads and rules.matrix else level(row.matrix, row.level)
    stated = level(row.matrix, row.level)
    return {
        "row": row,
        "level": now,
        "stated": stated if stated["label"] != now["label"] else None,
        "holds": row.person_id in first,
    }


@permitted("appetite.manage")
def record(request: Request) -> HttpResponse:
    return _recorded(request, None)


@permitted("appetite.manage")
def replace(request: Request, public_id: str) -> HttpResponse:
    return _recorded(request, _open(public_id))


def _recorded(request: Request, replaces: Authority | None) -> HttpResponse:
    matrix = Matrix.objects.in_force(clock.now())
    if matrix is None:
        messages.warning(request, _("Levels are stated on a matrix: adopt one first."))
        return redirect("risks:matrix")
    form = AuthorityForm(request.POST or None, matrix=matrix, replaces=replaces)
    whom = {"who": replaces.person.name, "where": replaces.solution or _("every solution")} if replaces else {}
    page = FormPage(
        heading=_("Change what %(who)s may accept in %(where)s") % whom if replaces else _("Record an authority"),
        lead=_("Up to which level a manager may accept risks, as the governing body decided. It counts from now on."),
        verb=_("Record it"),
        back=reverse("risks:authority"),
        back_label=_("Authority"),
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = authorities.record(by=request.user, **form.said)
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    words = _("%(who)s may accept risks up to %(level)s.")
    messages.success(request, words % {"who": made.person.name, "level": made.matrix.label(made.level)})
    return redirect(page.back)


@permitted("appetite.manage")
def end(request: Request, public_id: str) -> HttpResponse:
    found = _open(public_id)
    page = FormPage(
        heading=_("End the authority of %(who)s") % {"who": found.person.name},
        lead=_("From now on they accept nothing by it. What they accepted stays accepted until it expires."),
        verb=_("End it now"),
        back=reverse("risks:authority"),
        back_label=_("Authority"),
        danger=True,
    )
    return ended(request, page, found, authorities.end)


def _open(public_id: str) -> Authority:
    rows = Authority.objects.in_force(clock.now()).select_related("person", "solution", "matrix")
    return get_or_404(rows, public_id)
