"""Sending a closure back: of a risk or a treatment, proposed or done."""

from __future__ import annotations

from django.db import transaction

from audit import clock, trail
from organisation.models import User
from risks.models import Risk, Treatment


@transaction.atomic
def send_back(row: Risk | Treatment, *, because: str, by: User | None) -> bool:
    """It is open again, and nobody proposes otherwise. Whether there was anything to undo. by: None, the portal."""
    rows = type(row)._default_manager.select_for_update()
    held = rows.get(pk=row.pk)
    assert isinstance(held, Risk | Treatment)
    if held.closure_proposed_at is None:
        return False
    was_closed = held.closed_at is not None
    told = {
        "proposed_by": held.closure_proposed_by.public_id if held.closure_proposed_by else "portal",
        "proposed_at": held.closure_proposed_at.isoformat(),
        "proposed_because": held.closure_because,
        "closed_by": held.closed_by.public_id if held.closed_by else None,
        "closed_at": held.closed_at.isoformat() if held.closed_at else None,
    }
    held.closure_proposed_at, held.closure_proposed_by, held.closure_because = None, None, ""
    held.closed_at, held.closed_by = None, None
    held.save_version(read=held.version)
    verb = "reopened" if was_closed else "closure_declined"
    trail.record(
        by or "treatments", f"{held._meta.model_name}.{verb}", held, because=because, at=clock.now().isoformat(), **told
    )
    return True
