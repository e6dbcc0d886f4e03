"""One control, in the engineer's words and the auditor's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from controls.acts import history
from controls.heirs import heirs
from controls.models import Control, Verdict
from controls.past import as_they_were
from controls.register import Row, rows_of
from controls.results import within
from controls.sides import Engineers, auditors, engineers
from controls.standing import Monitoring
from controls.verdicts import may_answer, may_withdraw
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.models import Grant, Role, Solution, User
from organisation.panels import panels
from organisation.permissions import may, permitted


def controls(request: Request) -> QuerySet[Control]:
    """Those that the reader may open at the moment."""
    return Control.objects.visible_to(request.user).added_by(request.moment.at).select_related("owner", "solution")


@require_safe
@permitted("control.view")
def control(request: Request, public_id: str) -> HttpResponse:
    user, moment = request.user, request.moment
    (found,) = as_they_were([get_or_404(controls(request), public_id)], moment.at)
    scope = within(request.GET.get("solution", ""), user, moment.at)
    (row,) = rows_of([found], user, moment, scope)
    retired = found.is_retired(moment.at)
    elsewhere = scope if scope and not row.standing and not retired else None
    if elsewhere:
        scope = None
        (row,) = rows_of([found], user, moment)
    fix = engineers(found, row.standing, user, moment, scope)
    show = auditors(found, user, moment, scope)
    manages = may(user, "control.manage") and moment.is_now
    context: dict[str, Any] = {
        "control": found,
        "row": row,
        "title": title(row, moment.at),
        "retired": retired,
        "since": since(row, fix),
        "elsewhere": elsewhere,
        "fix": fix,
        "show": show,
        "proof_first": user.line not in (Role.FIRST, None),
        "coverage": coverage(user, moment),
        "heirs": heirs(found, user, moment.at),
        "acts": history(found, user, moment.at),
        "owners": owners(found, moment.at),
        "verdicts": [(one, one.state(moment.at), moment.is_now and may_withdraw(user, one)) for one in show.verdicts],
        "evidence_ids": [key for one in fix.shown for key in one.ids],
        "manages": manages,
        "inherits": may(user, "control.inherit") and moment.is_now and found.is_common and not retired,
        "answers": moment.is_now and not retired and _answers(user, found),
        "panels": panels("control", request, found),
        "propose_url": proposing(user, found) if moment.is_now and not retired else "",
    }
    return render(request, "controls/control.html", context)


def title(row: Row, at: datetime) -> str:
    """The answer: where it stands."""
    told = {"name": row.control.name}
    if row.control.is_retired(at):
        return _("%(name)s: retired") % told
    words = {
        Monitoring.FAILING: _("%(name)s: fails"),
        Monitoring.PARTLY_FAILING: _("%(name)s: fails in part"),
        Monitoring.NOT_OBSERVED: _("%(name)s: not observed"),
        Monitoring.PARTLY_SHOWN: _("%(name)s: nothing fails, shown in part"),
        Monitoring.PASSING: _("%(name)s: passes"),
        Monitoring.NOT_APPLICABLE: _("%(name)s: not applicable"),
        Monitoring.NOT_MAPPED: _("%(name)s: nothing shows it yet"),
    }
    return words[Monitoring(row.monitoring)] % told if row.standing else row.control.name


def since(row: Row, fix: Engineers) -> datetime | None:
    """Since when it fails, by the oldest of its failing findings; None where nothing of them fails."""
    return fix.since if row.monitoring in (Monitoring.FAILING, Monitoring.PARTLY_FAILING) else None


def owners(found: Control, at: datetime) -> list[User]:
    """Who owns the solution that operates it."""
    if found.solution is None:
        return []
    grants = Grant.objects.owners(at).filter(solution=found.solution).select_related("person")
    return [one.person for one in grants.order_by("person__name")]


def _answers(user: User, found: Control) -> bool:
    """Whether the reader may record a test of it, anywhere."""
    if may_answer(user, found, found.solution):
        return True
    return found.solution is None and may(user, "control.answer") and Solution.objects.visible_to(user).exists()


def proposing(user: User, found: Control) -> str:
    """Where a mapping of it is proposed; empty where that is not built or not open to this person."""
    try:
        path = reverse("controls:mapping_propose")
    except NoReverseMatch:
        return ""
    return f"{path}?{urlencode({'control': found.public_id})}" if may(user, "mapping.propose") else ""


def verdict_of(request: Request, public_id: str) -> Verdict:
    """One that the reader may see. Raises Http404."""
    seen = Verdict.objects.visible_to(request.user).filter(control__in=controls(request))
    return get_or_404(seen.select_related("control__owner", "control__solution", "said_by"), public_id)
