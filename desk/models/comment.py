from __future__ import annotations

import re
from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.public_id import PublicId
from organisation.models import NotAllowed, User

LONGEST = 4000


class CommentQuerySet(models.QuerySet["Comment"]):
    def about(self, kind: str, subject: str) -> Self:
        return self.filter(kind=kind, subject=subject)

    def written_by(self, at: datetime) -> Self:
        """Those that stood there at a moment."""
        return self.filter(at__lte=at)

    def told(self) -> Self:
        return self.select_related("author").prefetch_related("mentions__person")


class Comment(PublicId):
    """What a person said about something of any floor. It is never edited: withdrawn, and written anew.

    It is seen by whoever may see what it is about (desk.subjects), withdrawn or not.
    """

    public_prefix = "CM"

    kind = models.CharField(max_length=40, help_text="What it is about, e.g. finding.")
    subject = models.CharField(max_length=80, help_text="Public id of what it is about.")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="comments")
    at = models.DateTimeField()
    text = models.TextField(max_length=LONGEST)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=500, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "subject", "-id"], name="comment_about")]
        constraints = [
            models.CheckConstraint(name="comment_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="comment_withdrawn_at_and_why_together",
                condition=Q(withdrawn_at=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author} on {self.subject}"

    def is_withdrawn(self, at: datetime) -> bool:
        return self.withdrawn_at is not None and self.withdrawn_at <= at

    @property
    def parts(self) -> list[tuple[str, User | None]]:
        """The text in pieces, each with the person whom it mentions."""
        named = {one.as_written: one.person for one in self.mentions.all()}
        if not named:
            return [(self.text, None)]
        longest_first = sorted(named, key=len, reverse=True)
        pieces = re.split("@(" + "|".join(re.escape(one) for one in longest_first) + ")", self.text)
        return [(piece, named[piece] if at % 2 else None) for at, piece in enumerate(pieces) if piece]

    @transaction.atomic
    def withdraw(self, *, because: str, by: User) -> None:
        """It counts no longer; it stays readable, with the reason. Raises NotAllowed."""
        if by != self.author:
            raise NotAllowed(_("Only who wrote a comment withdraws it. Answer it instead."))
        if self.withdrawn_at:
            raise NotAllowed(_("It is withdrawn already."))
        self.withdrawn_at, self.withdrawn_because = clock.now(), because
        self.save(update_fields=["withdrawn_at", "withdrawn_because"])
        trail.record(by, "comment.withdrawn", self, about=[self.kind, self.subject], because=because)


class Mention(models.Model):
    """A person whom a comment names, as it names them after the @."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="mentions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    as_written = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="mention_once")]

    def __str__(self) -> str:
        return f"@{self.as_written}"
