"""What an exception means for findings: the ledger of what is accepted, and the workflow that AWS is told of.

The only place that asks the findings floor for either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.utils.translation import gettext as _

from findings.models import Finding
from risks.models import RiskException
from risks.population import population


def _part(name: str) -> Any:
    """A module of the findings floor, where this edition has it."""
    return import_module(name) if find_spec(name) else None


def _note(exception: RiskException) -> str:
    return f"{exception.public_id}: {exception.get_kind_display()} until {exception.expires_at:%Y-%m-%d %H:%M} UTC"


def name_pages(address: Callable[[str], str]) -> None:
    """Tell the ledger where an exception's page is, by its public id."""
    if ledger := _part("findings.acceptances"):
        ledger.resolve_exceptions(address)


def begin(exception: RiskException) -> None:
    """From now on what fails within its bounds reads "fail, accepted"."""
    refresh(exception)


def refresh(exception: RiskException) -> str:
    """While it is live the ledger is what fails within its bounds. The reason to reopen it, where that goes too far."""
    now = population(exception)
    if exception.by_rule and exception.ceiling is not None and len(now) > exception.ceiling:
        told = {"n": len(now), "ceiling": exception.ceiling}
        return _("%(n)d fail within its rule now, more than the ceiling of %(ceiling)d") % told
    held = covered(exception)
    _take_in(exception, now.keys - held)
    _let_go(exception, held - now.keys)
    return ""


def covered(exception: RiskException) -> frozenset[int]:
    """Keys of the findings that stand under it in the ledger."""
    ledger = _part("findings.acceptances")
    if ledger is None:
        return frozenset()
    rows = ledger.Acceptance.objects.open().filter(exception=exception.public_id)
    return frozenset(rows.values_list("finding_id", flat=True))


def _take_in(exception: RiskException, keys: Collection[int]) -> None:
    ledger, workflow = _part("findings.acceptances"), _part("findings.workflow")
    findings = list(Finding.objects.filter(pk__in=keys)) if keys else []
    if not findings:
        return
    if ledger:
        ledger.accept(findings, exception=exception.public_id, kind=exception.kind, expires_at=exception.expires_at)
    if workflow:
        workflow.suppress(findings, exception.public_id, _note(exception))


def _let_go(exception: RiskException, keys: Collection[int]) -> None:
    ledger, workflow = _part("findings.acceptances"), _part("findings.workflow")
    findings = list(Finding.objects.filter(pk__in=keys)) if keys else []
    if ledger and findings:
        ledger.end(exception.public_id, findings, because="It fails no longer, or is not the solution's any more")
    if workflow and findings:
        workflow.restore(exception.public_id, f"{exception.public_id} covers it no longer", findings)


def end(exception: RiskException) -> None:
    """It holds no longer: what fails reads "fail" again, and AWS is told."""
    ledger, workflow = _part("findings.acceptances"), _part("findings.workflow")
    because = f"{exception.get_state_display()}: {exception.ended_because}"
    if ledger:
        ledger.end(exception.public_id, because=because[:500])
    if workflow:
        workflow.restore(exception.public_id, f"{exception.public_id} ended")


def written_back(exception: RiskException) -> Any:
    """What the findings floor says of the workflow in Security Hub; None where it does not write there."""
    workflow = _part("findings.workflow")
    return workflow.written_back(exception.public_id) if workflow else None
