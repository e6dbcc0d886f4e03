"""What an exception means for findings: the ledger of what is accepted, and the workflow that AWS is told of.

The only place that asks the findings floor for either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from audit.words import kept, of_the_organisation
from findings import acceptances, workflow
from findings.models import Acceptance, Finding
from findings.workflow import WrittenBack
from risks.models import RiskException
from risks.population import population


def _note(exception: RiskException) -> str:
    return f"{exception.public_id}: {exception.get_kind_display()} until {exception.expires_at:%Y-%m-%d %H:%M} UTC"


def name_pages(address: Callable[[str], str]) -> None:
    """Tell the ledger where an exception's page is, by its public id."""
    acceptances.resolve_exceptions(address)


def begin(exception: RiskException) -> None:
    """From now on what fails within its bounds reads "fail, accepted"."""
    refresh(exception)


def refresh(exception: RiskException) -> str:
    """While it is live the ledger is what fails within its bounds. The reason to reopen it, where that goes too far."""
    now = population(exception)
    if exception.by_rule and exception.ceiling is not None and len(now) > exception.ceiling:
        told = {"n": len(now), "ceiling": exception.ceiling}
        return kept("%(n)d fail within its rule now, more than the ceiling of %(ceiling)d") % told
    held = covered(exception)
    _take_in(exception, now.keys - held)
    _let_go(exception, held - now.keys)
    return ""


def covered(exception: RiskException) -> frozenset[int]:
    """Keys of the findings that stand under it in the ledger."""
    rows = Acceptance.objects.open().filter(exception=exception.public_id)
    return frozenset(rows.values_list("finding_id", flat=True))


def _take_in(exception: RiskException, keys: Collection[int]) -> None:
    if not keys:
        return
    findings = Finding.objects.filter(pk__in=keys)
    acceptances.accept(findings, exception=exception.public_id, kind=exception.kind, expires_at=exception.expires_at)
    workflow.suppress(findings, exception.public_id, _note(exception))


def _let_go(exception: RiskException, keys: Collection[int]) -> None:
    if not keys:
        return
    findings = Finding.objects.filter(pk__in=keys)
    because = kept("It fails no longer, or is not the solution's any more")
    acceptances.end(exception.public_id, findings, because=because)
    workflow.restore(exception.public_id, kept("%(id)s covers it no longer") % {"id": exception.public_id}, findings)


def end(exception: RiskException) -> None:
    """It holds no longer: what fails reads "fail" again, and AWS is told."""
    with of_the_organisation():
        because = f"{exception.get_state_display()}: {exception.ended_because}"
    acceptances.end(exception.public_id, because=because[:500])
    workflow.restore(exception.public_id, f"{exception.public_id} ended")


def written_back(exception: RiskException) -> WrittenBack:
    """What the findings floor says of the workflow in Security Hub."""
    return workflow.written_back(exception.public_id)
