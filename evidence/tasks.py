"""Celery's door to the locker. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from audit import clock
from desk.models import Job
from evidence import holding, retention, verifying
from evidence.models import LegalHold


@shared_task
def look_after_locker() -> None:
    """Beat's, once a day: the store follows the holds, and what nobody has to keep goes."""
    at = clock.now()
    holding.follow(at)
    retention.destroy_due(at)
    retention.sweep(at)
    for key in verifying.forgotten(at):
        verify_locker.delay(key)


@shared_task
def follow_hold(hold_id: int) -> None:
    holding.tell_store(holding.covered(LegalHold.objects.get(pk=hold_id)), clock.now())


@shared_task
def verify_locker(job_id: int) -> None:
    verifying.carry_out(Job.objects.get(pk=job_id))
