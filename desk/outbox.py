"""Sending what waits in the outbox."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import structlog
from django.core.mail import EmailMessage
from django.db import transaction

from audit import clock
from desk.models import OutboxMessage

logger = structlog.get_logger(__name__)


def deliver() -> int:
    """Send every message that is due. Answers how many left. Any number of workers may do so at once."""
    sent = 0
    while (left := _deliver_one()) is not None:
        sent += left
    return sent


@transaction.atomic
def _deliver_one() -> bool | None:
    """Whether the next message left; None where none is due.

    The row is locked while it is sent. Should we die between the server's yes and our commit, the
    message leaves again under the same Message-ID, and the reader's mail program shows it once.
    """
    due = OutboxMessage.objects.due(clock.now()).select_for_update(skip_locked=True)
    message = due.order_by("id").first()
    if message is None:
        return None
    message.tries += 1
    headers = {"Message-ID": f"<{uuid5(NAMESPACE_URL, message.key)}@portal>"}
    try:
        EmailMessage(message.subject, message.body, to=[message.to], headers=headers).send()
    except (OSError, smtplib.SMTPException) as error:
        message.error = f"{type(error).__name__}: {error}"[:300]
        message.due_at = clock.now() + timedelta(minutes=2**message.tries)
        logger.warning("mail_refused", message=message.public_id, tries=message.tries, error=message.error)
    else:
        message.sent_at, message.error, message.body = clock.now(), "", ""
    message.save(update_fields=["tries", "error", "due_at", "sent_at", "body"])
    return message.sent_at is not None
