from celery import shared_task

from audit import clock
from organisation import ownership
from organisation.models import AnsweredCall


@shared_task
def follow_dates() -> None:
    """Ownership rules that begin or end on a day to come take effect."""
    ownership.follow_dates(clock.now())


@shared_task
def forget_answered_calls() -> None:
    """What was answered to an Idempotency-Key is kept for a day."""
    AnsweredCall.objects.over(clock.now()).delete()
