"""Celery's door to imports, decisions and roll-ups. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from controls import deciding, rollup
from controls.imports import running
from controls.models import Import, MappingDecision


@shared_task
def read_import(import_id: int) -> None:
    running.read(import_id)


@shared_task
def apply_import(import_id: int) -> None:
    running.apply(import_id)


@shared_task
def take_up_imports() -> None:
    """Beat's: hand out again what a lost task left."""
    for found in running.forgotten(at=clock.now()):
        hand_out(found)


@shared_task
def follow_standings() -> None:
    """Beat's: keep the history of where requirements stand, where anything moved."""
    if rollup.due(clock.now()):
        rollup.roll_up()


def hand_out(found: Import) -> None:
    task = apply_import if found.state == Import.State.TO_APPLY else read_import
    transaction.on_commit(lambda: task.delay(found.pk), robust=True)


@shared_task
def carry_out_decision(decision_id: int) -> None:
    job = MappingDecision.objects.select_related("job").get(pk=decision_id).job
    if job:
        job.begin(total=0, step=_("Deciding on the mappings"))
    deciding.carry_out(decision_id)


@shared_task
def take_up_decisions() -> None:
    """Beat's: hand out again what a lost task left."""
    for key in deciding.forgotten(at=clock.now()):
        carry_out_decision.delay(key)
