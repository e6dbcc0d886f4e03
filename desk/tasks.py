from celery import shared_task

from desk import outbox


@shared_task
def deliver_outbox() -> None:
    outbox.deliver()
