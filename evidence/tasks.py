"""Celery's door to the locker and to what is asked for. The row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from functools import partial

from celery import shared_task
from django.db import transaction

from audit import clock
from desk.models import Job
from evidence import holding, reminding, retention, snapshots, trail_heads, verifying
from evidence.models import LegalHold
from organisation.models import User


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


def verify_locker_later(by: User) -> Job:
    job = verifying.ask_for_verification(by)
    transaction.on_commit(partial(verify_locker.delay, job.pk), robust=True)
    return job


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


def verify_trail_heads_later(by: User) -> Job:
    job = trail_heads.ask_for_verification(by)
    transaction.on_commit(partial(verify_trail_heads.delay, job.pk), robust=True)
    return job


@shared_task
def remind() -> None:
    """Beat's: of what is due or overdue, each person once."""
    reminding.follow(clock.now())
