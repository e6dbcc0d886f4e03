"""Populations, frozen before anything is drawn, samples that anybody can draw again, and what was found in them."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assurance.models.engagement import Engagement
from assurance.models.test import ControlTest
from audit.public_id import PublicId
from evidence.models import Evidence
from organisation.models import User, Visibility


class Population(PublicId):
    """Every item that a test is about, listed and hashed; a row is never edited.

    source: where the items come from; against: the independent source that it was held against, empty for none.
    only_here, only_there: items that one of the two lacks, explained in words before a sample is drawn. evidence: the
    list itself, JSON lines in the order of `key`, whose SHA-256 is that of the file.
    """

    public_prefix = "PO"

    class Source(models.TextChoices):
        CHECKS = "checks", _("Results of the control's checks in the period")
        CHANGES = "changes", _("Changes of the control's checks in the period")
        RESOURCES = "resources", _("Resources that the control looks after")
        CONFIGURATIONS = "configs", _("Configurations of the control in the period")
        IMPORTED = "imported", _("A list that was imported")

    class Against(models.TextChoices):
        ORGANIZATIONS = "organizations", _("Accounts of AWS Organizations")
        INVENTORY = "inventory", _("Inventory of AWS Config")
        IMPORTED = "imported", _("A list that was imported")

    test = models.ForeignKey(ControlTest, on_delete=models.PROTECT, related_name="populations")
    source = models.CharField(max_length=9, choices=Source.choices)
    against = models.CharField(max_length=13, choices=Against.choices, blank=True)
    against_evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(help_text="When it was true.")
    known_at = models.DateTimeField(help_text="As the portal knew it then.")
    size = models.PositiveIntegerField()
    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="population")
    only_here = ArrayField(models.CharField(max_length=500), default=list)
    only_there = ArrayField(models.CharField(max_length=500), default=list)
    only_here_count = models.PositiveIntegerField(default=0)
    only_there_count = models.PositiveIntegerField(default=0)
    explained = models.TextField(max_length=4000, blank=True)
    frozen_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()

    objects = models.Manager["Population"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {self.size}"


class SampleQuerySet(models.QuerySet["Sample"]):
    def visible_to(self, user: object) -> Self:
        """The team's alone until it is issued; where nobody was asked, until the test is reviewed for who oversees."""
        team = Q(population__test__engagement__in=Engagement.objects.worked_on_by(user))
        issued = Q(issued_at__isnull=False, population__test__engagement__in=Engagement.objects.visible_to(user))
        reviewed = Q(population__test__state=ControlTest.State.REVIEWED)
        return self.filter(team | issued | (reviewed if Visibility.of(user).everything else Q(pk__in=[])))


class Sample(PublicId):
    """What was drawn of a population. Drawn again with the same seed it is the same.

    confidence, tolerable, expected: shares of 1, as they were asked for; null where everything was taken. strata: of a
    stratified sample the field that it is drawn by. issued_at: when those who are asked learnt of it.
    """

    public_prefix = "SA"

    class Method(models.TextChoices):
        RANDOM = "random", _("Random")
        SYSTEMATIC = "systematic", _("Systematic")
        STRATIFIED = "stratified", _("Stratified")
        ALL = "all", _("Every item")

    population = models.OneToOneField(Population, on_delete=models.PROTECT, related_name="sample")
    method = models.CharField(max_length=10, choices=Method.choices)
    seed = models.CharField(max_length=64, blank=True)
    strata = models.CharField(max_length=40, blank=True)
    confidence = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    tolerable = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    expected = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    size = models.PositiveIntegerField()
    size_because = models.TextField(max_length=2000, blank=True, help_text="Where another size than computed is taken.")
    drawn_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(null=True)

    objects = SampleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sample_seed_where_chance_chose", condition=Q(method="all", seed="") | ~Q(seed="")
            ),
            models.CheckConstraint(
                name="sample_issued_by_and_at_together",
                condition=Q(issued_at=None, issued_by=None) | Q(issued_at__gte=F("drawn_at"), issued_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()}: {self.size}"


class SampleItem(models.Model):
    """One item that was drawn, and what was found. Missing evidence is a deviation; nothing takes an item's place."""

    class Result(models.TextChoices):
        OPEN = "open", _("Not tested yet")
        NO_DEVIATION = "no_deviation", _("No deviation")
        DEVIATION = "deviation", _("Deviation")
        MISSING = "missing", _("Evidence missing: a deviation")

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=500, help_text="As the population's list has it.")
    label = models.CharField(max_length=500)
    stratum = models.CharField(max_length=200, blank=True)
    result = models.CharField(max_length=12, choices=Result.choices, default=Result.OPEN)
    note = models.TextField(max_length=2000, blank=True)
    evidence = models.ManyToManyField(Evidence, related_name="sample_items")
    tested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    tested_at = models.DateTimeField(null=True)

    objects = models.Manager["SampleItem"]()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["sample", "number"], name="sample_item_once"),
            models.CheckConstraint(
                name="sample_item_tested_by_and_at_together",
                condition=Q(result="open", tested_at=None, tested_by=None)
                | (~Q(result="open") & Q(tested_at__isnull=False, tested_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.label
