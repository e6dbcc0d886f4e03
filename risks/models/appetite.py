"""How much risk the governing body is willing to carry, and who may accept how much."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.public_id import PublicId
from organisation.models import Solution, User
from organisation.models.dated import Dated, DatedQuerySet
from risks.models.matrix import Matrix


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_use(self) -> CategoryQuerySet:
        return self.filter(retired_at=None)

    def named(self, name: str) -> CategoryQuerySet:
        return self.filter(name__iexact=name)


@pghistory.track()
class Category(PublicId, RowVersion):
    """What kind of harm a risk is about, as the organisation sorts them."""

    public_prefix = "RC"

    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("what belongs to it"), max_length=500, blank=True)
    added_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Approved(Dated):
    """What a governing body decided, from one moment to another."""

    matrix = models.ForeignKey(Matrix, on_delete=models.PROTECT, related_name="+")
    approved_by = models.CharField(_("approved by"), max_length=200)
    approved_on = models.DateField(_("approved on"))
    reference = models.CharField(_("where that is on record"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_because = models.CharField(max_length=500, blank=True)

    class Meta(Dated.Meta):
        abstract = True


@pghistory.track()
class Appetite(PublicId, Approved):
    """Up to which level risks are wanted (appetite) and borne (tolerance), for a category, a solution, both or all.

    The most specific one counts: category and solution, then solution, then category, then neither.
    """

    public_prefix = "AT"

    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="appetites")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, blank=True, related_name="appetites")
    appetite = models.PositiveSmallIntegerField(_("appetite"))
    tolerance = models.PositiveSmallIntegerField(_("tolerance"))
    because = models.CharField(_("reason"), max_length=500)

    objects = DatedQuerySet["Appetite"].as_manager()

    class Meta(Approved.Meta):
        constraints = [
            *Approved.Meta.constraints,
            models.CheckConstraint(name="appetite_is_not_above_tolerance", condition=Q(appetite__lte=F("tolerance"))),
        ]

    def __str__(self) -> str:
        return f"{self.category or '*'}, {self.solution or '*'}: {self.appetite} to {self.tolerance}"


@pghistory.track()
class Authority(PublicId, Approved):
    """Up to which level a person may accept risks: of one solution, or of every one."""

    public_prefix = "AU"

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="authorities")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    level = models.PositiveSmallIntegerField(_("up to"))

    objects = DatedQuerySet["Authority"].as_manager()

    class Meta(Approved.Meta):
        verbose_name_plural = "authorities"

    def __str__(self) -> str:
        return f"{self.person} up to {self.level}"
