from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.moment import Moment
from findings.acceptances import acceptances_of
from findings.came_from import came_from
from findings.coverage_figures import covered_at
from findings.explore import kept, url_for
from findings.fixes import fix_for
from findings.listing import account_names, due_of, solutions_of
from findings.models import Finding
from findings.provenance import advice_of, record_at, resources_of, run_of, scope_of
from findings.timeline import changes_in, finding_or_404, history_of, holding, strip_of
from organisation.middleware import Request
from organisation.models import Role
from organisation.panels import panels
from organisation.permissions import may, permitted

READS_PROOF_FIRST = {Role.THIRD.value, Role.EXTERNAL.value}


@require_safe
@permitted("finding.view")
def finding(request: Request, public_id: str) -> HttpResponse:
    """One finding: what it says at the moment, what to change, how it is known, what it said before."""
    found = finding_or_404(public_id, request.user)
    history = history_of(found, request.user, request.moment)
    held = holding(found, request.user, request.moment)
    record = record_at(found, request.moment)
    scope = scope_of(found)
    keys = {key for span in history for key in span.solutions}
    resources = resources_of(found)
    fix = fix_for(found.check_ran)
    context = {
        "finding": found,
        "check": found.check_ran,
        "came_from": came_from(request, held),
        "controls": found.check_ran.controls_behind(),
        "held": held,
        "acceptances": acceptances_of(found, request.moment),
        "due": due_of(held) if held else None,
        "account": account_names([found.account]).get(found.account, ""),
        "solutions": solutions_of(keys, request.user),
        "resources": resources,
        "fix": fix.on(resources[0] if resources else None) if fix else None,
        "advice": advice_of(found.check_ran, record),
        "changes": changes_in(history, held),
        "strip": strip_of(history, request.moment),
        "record": record,
        "covered": covered_at(scope, request.moment),
        "evaluated_at": found.evaluated_at if (found.evaluated_at or request.moment.at) <= request.moment.at else None,
        "run": run_of(found, scope, record.captured_at) if record and not record.told_at else None,
        "sees_connection": may(request.user, "connection.view"),
        "panels": panels("finding", request, found),
        "proof_first": request.user.line in READS_PROOF_FIRST,
        "same_check": url_for(**kept(request.GET), check=found.check_ran, status="fail", suppressed="no"),
    }
    return render(request, "findings/finding.html", context)


@require_safe
@permitted("finding.view")
def record(request: Request, public_id: str) -> HttpResponse:
    """The whole raw record of the moment as a file."""
    return as_file(finding_or_404(public_id, request.user), request.moment)


def as_file(found: Finding, moment: Moment) -> HttpResponse:
    """Raises Http404 where no record was held then."""
    raw = record_at(found, moment)
    if raw is None:
        raise Http404(f"No record of {found.public_id} was held then")
    name = f"{found.public_id}-{raw.captured_at:%Y%m%dT%H%M%SZ}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(raw.body, content_type="application/json", headers=headers)
