from __future__ import annotations

import re
from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

PUBLIC_ID = re.compile(r"[A-Z]+-\d+")


class TrailQuerySet(models.QuerySet["TrailEntry"]):
    def about(self, kind: str, object_id: str) -> Self:
        return self.filter(kind=kind, object_id=object_id)

    def last_first(self) -> Self:
        return self.order_by("-id")

    def matching(
        self,
        *,
        actor: str = "",
        action: str = "",
        kind: str = "",
        subject: str = "",
        request: str = "",
        words: str = "",
    ) -> Self:
        """actor: a public id, a process, or part of a name. action: a whole one, or its beginning ("solution").

        kind: of what it was done to. subject: its public id. request: the id of a request or task. words: anywhere.
        """
        found = self
        if actor:
            named = Q(actor=actor) if PUBLIC_ID.fullmatch(actor) else Q(actor=actor) | Q(actor_name__icontains=actor)
            found = found.filter(named)
        if action:
            found = found.filter(Q(action=action) | Q(action__startswith=f"{action}."))
        if kind:
            found = found.filter(kind=kind.lower())
        if request:
            found = found.filter(request_id=request)
        if subject:
            found = found.filter(object_id__iexact=subject)
        if words:
            anywhere = Q(actor_name__icontains=words) | Q(object_id__iexact=words) | Q(action__icontains=words)
            found = found.filter(anywhere | Q(detail__icontains=words))
        return found

    def between(self, since: datetime | None, until: datetime | None) -> Self:
        found = self.filter(at__gte=since) if since else self
        return found.filter(at__lt=until) if until else found


class TrailEntry(models.Model):
    """One act: who did what to what, and when. Names are text, so the trail outlives its objects."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=40, help_text="Public id of a person, or the name of a process.")
    actor_name = models.CharField(max_length=200)
    line = models.CharField(max_length=20, blank=True)
    action = models.CharField(max_length=80)
    kind = models.CharField(max_length=80, help_text="What it was done to, e.g. solution.")
    object_id = models.CharField(max_length=80, help_text="Public id of what it was done to.")
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "trail entries"
        indexes = [
            models.Index(fields=["kind", "object_id", "-id"], name="trail_by_object"),
            models.Index(fields=["actor", "-id"], name="trail_by_actor"),
            models.Index(fields=["request_id"], condition=~Q(request_id=""), name="trail_by_request"),
            BrinIndex(fields=["at"], name="trail_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.action} {self.object_id}"

    @property
    def who(self) -> str:
        """As people say it: “Ben for Ana” where one stood in for the other."""
        away = self.detail.get("for_name")
        return _("%(who)s for %(away)s") % {"who": self.actor_name, "away": away} if away else self.actor_name


class TrailLink(models.Model):
    """The entry's place in the chain, made by the database when its transaction commits."""

    entry = models.OneToOneField(TrailEntry, on_delete=models.PROTECT, primary_key=True)
    position = models.BigIntegerField(unique=True)
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"link {self.position}"

    @property
    def hex(self) -> str:
        return bytes(self.digest).hex()

    @property
    def previous_hex(self) -> str:
        return bytes(self.previous).hex()
