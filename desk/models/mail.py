from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from organisation.models import User


class Group(models.TextChoices):
    """What notices are about, as people choose by it. A floor says which kind belongs where: desk.notices.register."""

    MENTION = "mention", _("Mentions of you")
    AWAITING = "awaiting", _("What awaits you: asked, due, about to expire, overdue")
    WATCHED = "watched", _("What you watch: comments and changes")
    WORK = "work", _("Work that you started: exports, imports, decisions on many")
    OTHER = "other", _("Everything else")


class Mail(models.TextChoices):
    """When a notice goes out by e-mail. It stands under the bell in any case."""

    NOW = "now", _("At once")
    DAILY = "daily", _("Once a day, together")
    NEVER = "never", _("Never")


UNTIL_CHOSEN = {
    Group.MENTION: Mail.NOW,
    Group.AWAITING: Mail.NOW,
    Group.WATCHED: Mail.DAILY,
    Group.WORK: Mail.NEVER,
    Group.OTHER: Mail.DAILY,
}


class MailChoice(models.Model):
    """What a person chose for a group of notices; without one UNTIL_CHOSEN holds."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="mail_choices")
    group = models.CharField(max_length=10, choices=Group.choices)
    mail = models.CharField(max_length=5, choices=Mail.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "group"], name="mail_choice_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.group} {self.mail}"
