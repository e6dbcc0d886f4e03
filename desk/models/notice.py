from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from audit import clock
from audit.public_id import PublicId
from desk.models.mail import Mail
from organisation.models import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(person=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def for_digest(self, until: datetime) -> Self:
        """Unread ones from before a moment that wait for the e-mail of the day."""
        return self.unread().filter(mail=Mail.DAILY, mailed_at=None, at__lt=until)

    def mark_read(self) -> int:
        return self.unread().update(read_at=clock.now())


class Notice(PublicId):
    """Something a person should know, under the bell. About (kind, public id) of any floor."""

    public_prefix = "N"

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=5, choices=Mail.choices, default=Mail.NEVER)
    mailed_at = models.DateTimeField(null=True, help_text="When it was handed to the outbox.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person"], name="notice_unread", condition=models.Q(read_at=None)),
            models.Index(
                fields=["person"],
                name="notice_for_digest",
                condition=models.Q(mail=Mail.DAILY, mailed_at=None, read_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.text
