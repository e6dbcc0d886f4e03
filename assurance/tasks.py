"""Celery's door to assurance. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from assurance import reminding
from audit import clock


@shared_task
def remind_of_findings() -> None:
    """Beat's."""
    reminding.remind(clock.now())
