"""Celery's door to automatic evidence. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from audit import clock
from desk.models import Job
from evidence import snapshots, trail_heads


@shared_task
def take_snapshots() -> None:
    """Beat's: of the steps that have ended."""
    snapshots.take_due()


@shared_task
def keep_trail_heads() -> None:
    """Beat's: once a day, and what a lost task left."""
    trail_heads.keep_due()
    for key in trail_heads.forgotten(clock.now()):
        verify_trail_heads.delay(key)


@shared_task
def verify_trail_heads(job_id: int) -> None:
    trail_heads.carry_out(Job.objects.get(pk=job_id))
