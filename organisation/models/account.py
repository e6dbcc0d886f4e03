from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from audit.moment import in_force


class AccountQuerySet(models.QuerySet["Account"]):
    def named_like(self, words: str) -> Self:
        return self.filter(Q(name__icontains=words) | Q(account_id__startswith=words)) if words else self

    def unclaimed(self, at: datetime) -> Self:
        """Accounts in which no solution lives."""
        places = self.model._meta.get_field("solutions").related_model._default_manager
        return self.filter(~Exists(places.filter(in_force(at), account=OuterRef("pk"))))

    def listed_as(self, state: str, at: datetime) -> Self:
        """state: unclaimed, else all of them."""
        return self.unclaimed(at) if state == "unclaimed" else self

    def listed(self, at: datetime) -> Self:
        """With places_then: the solutions that lived in it, whole or in part."""
        places = self.model._meta.get_field("solutions").related_model._default_manager
        then = places.filter(in_force(at)).select_related("solution").order_by("solution__name")
        return self.prefetch_related(Prefetch("solutions", then, to_attr="places_then"))


class Account(models.Model):
    """An AWS account, as Organizations or a connection's own credentials report it."""

    account_id = models.CharField(max_length=12, unique=True, help_text="12 digits.")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    state = models.CharField(max_length=30, blank=True, help_text="Organizations' State, e.g. ACTIVE.")
    ou_path = models.CharField(max_length=500, blank=True, help_text="Names of its OUs from the root, by /.")
    seen_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name", "account_id"]

    def __str__(self) -> str:
        return self.name or self.account_id
