"""The register in and out at a size: export as CSV and XLSX, and the dry run of what comes back.

Run under a test database: PORTAL_ENVIRONMENT=test python -m embedded run -- python -m benchmarks.exchange 10000
It makes people, a solution and risks inside a transaction, and rolls it back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any

import django

BUDGETS = {"csv": 2.0, "xlsx": 5.0, "dry run of csv": 10.0, "dry run of xlsx": 10.0, "dry run, all changed": 10.0}


def timed(name: str, work: Callable[[], Any]) -> Any:
    began, spent = perf_counter(), process_time()
    made = work()
    took, spent = perf_counter() - began, process_time() - spent
    over = "" if took <= BUDGETS[name] else "OVER"
    print(f"{name:24} {took:6.2f} s, {spent:5.2f} s of one processor; at most {BUDGETS[name]:.0f} s  {over}")
    return made


def measure(n: int) -> None:
    from audit.moment import Moment
    from organisation.models import User
    from risks.exchange.columns import COLUMNS
    from risks.exchange.planning import plan_of
    from risks.exchange.writing import as_csv, as_xlsx, choices_for, lines, risks_of, sheet_of
    from risks.heat_map import Wanted

    by: User = fill(n)
    moment = Moment.now()

    def out(form: str) -> bytes:
        risks = risks_of(by, moment, Wanted(), closed=False)
        sheet = sheet_of(risks, moment)
        rows = lines(risks, sheet, COLUMNS)
        if form == "csv":
            return bytes(as_csv("risks", COLUMNS, rows).content)
        return bytes(as_xlsx("risks", {}, COLUMNS, rows, choices_for(by, sheet)).content)

    files = {form: timed(form, partial(out, form)) for form in ("csv", "xlsx")}
    for form, content in files.items():
        plan = timed(f"dry run of {form}", partial(plan_of, content, by=by, because="Review"))
        assert (plan.rows, plan.unchanged) == ([], n), plan.problems[:3]
    changed = files["csv"].replace(b"Long-lived", b"Old")
    plan = timed("dry run, all changed", partial(plan_of, changed, by=by, because="Review"))
    assert len(plan.rows) == n, plan.problems[:3]


def fill(n: int) -> Any:
    from organisation.models import Grant
    from risks import standing
    from risks.models import Assessment, Risk
    from tests.factories import GrantFactory
    from tests.factories.risks import AssessmentFactory, RiskFactory

    grant = GrantFactory(kind=Grant.Kind.OWNER, person__first_line=True)
    first = RiskFactory(solution=grant.solution, owner=grant.person)
    AssessmentFactory(risk=first)
    kept = {
        one.attname: getattr(first, one.attname)
        for one in Risk._meta.concrete_fields
        if one.attname not in ("id", "title")
    }
    risks = Risk.objects.bulk_create([Risk(**kept, title=f"Keys leak from server {k}") for k in range(1, n)])
    said = first.assessments.get()
    like = {one.attname: getattr(said, one.attname) for one in Assessment._meta.concrete_fields}
    kinds = [(risk, kind) for risk in risks for kind in Assessment.Kind]
    Assessment.objects.bulk_create(
        [Assessment(**{**like, "id": None, "risk_id": risk.pk, "kind": kind}) for risk, kind in kinds]
    )
    standing.refresh()
    return grant.person


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance_portal.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
