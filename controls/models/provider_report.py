"""Reports by which a provider shows its part: recorded by hand, or by a floor above that keeps the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.models.control import Control
from controls.models.framework import Framework
from controls.models.responsibility import Area, ServiceType
from controls.models.statement import StatementQuerySet
from controls.refusals import Refused
from organisation.models import User
from organisation.models.dated import begins

LAST = timedelta(microseconds=1)
"""From the first moment after a period back into its last day."""
SHOWABLE = [one for one in Area if one not in (Area.PREMISES, Area.GOVERNANCE)]
"""Areas whose provider part a report may show."""
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d|global")


def refuse_regions(named: Collection[str]) -> None:
    """Raises Refused where one of them is no name of a Region, or none is named."""
    wrong = next((one for one in named if not REGION.fullmatch(one)), "" if named else ",")
    if wrong or not named:
        words = _("%(name)s is no name of a Region, such as ap-southeast-2.") % {"name": wrong}
        raise Refused(words, "regions")


class ProviderReportQuerySet(models.QuerySet["ProviderReport"]):
    def recorded(self, at: datetime) -> Self:
        """Recorded by a moment and not withdrawn by then."""
        return self.filter(Q(recorded_at__lte=at) & (Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)))


class ProviderReport(PublicId):
    """What a report is, and what it speaks of.

    period: from its first moment to the first moment after it; a certificate's is its validity. areas: those whose
    provider part it shows. framework: where it speaks of one framework's requirements alone. source: (kind, public
    id) of what wrote it, where a floor above did. It is withdrawn, with a reason, never changed.
    """

    public_prefix = "PV"

    class Kind(models.TextChoices):
        SOC_1 = "soc_1", _("SOC 1")
        SOC_2 = "soc_2", _("SOC 2 Type 2")
        SOC_3 = "soc_3", _("SOC 3")
        ISO_27001 = "iso_27001", _("ISO/IEC 27001 certificate")
        ISO_27017 = "iso_27017", _("ISO/IEC 27017 certificate")
        ISO_27018 = "iso_27018", _("ISO/IEC 27018 certificate")
        PCI_AOC = "pci_aoc", _("PCI DSS attestation of compliance")
        IRAP = "irap", _("IRAP assessment")
        C5 = "c5", _("C5 attestation")
        FEDRAMP = "fedramp", _("FedRAMP package")
        OTHER = "other", _("Other report")

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    provider = models.CharField(max_length=120)
    issued_by = models.CharField(max_length=200, blank=True)
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    services = models.ManyToManyField(ServiceType, related_name="provider_reports")
    every_region = models.BooleanField(default=False)
    regions = ArrayField(models.CharField(max_length=30), default=list)
    areas = ArrayField(models.CharField(max_length=16, choices=Area.choices))
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    recorded_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")
    recorded_at = models.DateTimeField()
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=60, blank=True)
    withdrawn_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)

    objects = ProviderReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="provider_report_period_has_length", condition=Q(period_to__gt=F("period_from"))
            ),
            models.CheckConstraint(
                name="provider_report_names_regions_or_all",
                condition=Q(every_region=True, regions=[]) | (Q(every_region=False) & ~Q(regions=[])),
            ),
            models.CheckConstraint(
                name="provider_report_withdrawn_by_at_and_why_together",
                condition=Q(withdrawn_at=None, withdrawn_by="", withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_by="") & ~Q(withdrawn_because="")),
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id"],
                name="provider_report_once_for_a_source",
                condition=~Q(source_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def last_day(self) -> datetime:
        """A moment in the last day of its period."""
        return self.period_to - LAST

    @classmethod
    @transaction.atomic
    def record(
        cls, *, by: User | str, services: Collection[ServiceType], expects: Iterable[str] = (), **said: Any
    ) -> ProviderReport:
        """expects: what it asks of its user, one complementary control each. Raises Refused."""
        if said["period_to"] <= said["period_from"]:
            raise Refused(_("It would end before it begins."), "period_to")
        if not services:
            raise Refused(_("Choose those that its scope names."), "services")
        if not said["areas"] or not {*said["areas"]} <= {*SHOWABLE}:
            raise Refused(_("Choose areas in which a provider has a part."), "areas")
        if said["every_region"] and said["regions"]:
            raise Refused(_("It is of every Region, or of those that are named."), "regions")
        if not said["every_region"]:
            refuse_regions(said["regions"])
        who = by if isinstance(by, str) else by.public_id
        made = cls.objects.create(recorded_by=who, recorded_at=clock.now(), **said)
        made.services.set(services)
        ComplementaryControl.objects.bulk_create(
            [ComplementaryControl(report=made, position=n, asks=asks) for n, asks in enumerate(expects, 1)]
        )
        told = {"name": made.name, "kind": made.kind, "services": sorted(one.key for one in services)}
        trail.record(by, "provider_report.recorded", made, **told)
        return made

    @transaction.atomic
    def read(self, *, exceptions: str, by: User) -> Reading:
        """Somebody read it, and found these exceptions in it; "" for none."""
        made = Reading.objects.create(report=self, exceptions=exceptions, read_by=by, read_at=clock.now())
        trail.record(by, "provider_report.read", self, exceptions=exceptions)
        return made

    @transaction.atomic
    def bridge(self, until: datetime, *, note: str, by: User) -> GapLetter:
        """The provider states that nothing changed until then, the first moment after that day. Raises Refused."""
        if until <= self.period_to:
            raise Refused(_("The report's own period lasts longer."), "until")
        if begins(timezone.localdate(until - LAST)) > clock.now():
            raise Refused(_("Nobody can state today what did not change later."), "until")
        made = GapLetter.objects.create(report=self, until=until, note=note, recorded_by=by, recorded_at=clock.now())
        trail.record(by, "provider_report.bridged", self, until=until.isoformat(timespec="minutes"), note=note)
        return made

    @transaction.atomic
    def withdraw(self, *, because: str, by: User) -> None:
        self.withdrawn_by, self.withdrawn_at, self.withdrawn_because = by.public_id, clock.now(), because
        self.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_because"])
        trail.record(by, "provider_report.withdrawn", self, because=because)


class Reading(models.Model):
    """That a named person read a report, and which exceptions stand in it. The latest one speaks."""

    report = models.ForeignKey(ProviderReport, on_delete=models.PROTECT, related_name="readings")
    exceptions = models.TextField(max_length=4000, blank=True)
    read_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["-read_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.read_by_id}"


class GapLetter(models.Model):
    """The provider's statement that nothing changed after the report's period. until: the first moment after it."""

    report = models.ForeignKey(ProviderReport, on_delete=models.PROTECT, related_name="gap_letters")
    until = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-until", "-pk"]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.until}"

    @property
    def last_day(self) -> datetime:
        return self.until - LAST


class ComplementaryControl(models.Model):
    """What a report expects its user to do, so that the provider's controls achieve what they are for."""

    report = models.ForeignKey(ProviderReport, on_delete=models.PROTECT, related_name="expected_controls")
    position = models.PositiveIntegerField()
    asks = models.TextField(max_length=1000)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["report", "position"], name="complementary_control_once")]

    def __str__(self) -> str:
        return self.asks

    @transaction.atomic
    def answer(self, control: Control | None, *, because: str, by: User) -> ComplementaryAnswer:
        """The control that does it; None: nothing does yet."""
        ComplementaryControl.objects.select_for_update().get(pk=self.pk)
        at = clock.now()
        ComplementaryAnswer.objects.filter(expected=self, replaced_at=None).update(replaced_at=at)
        made = ComplementaryAnswer.objects.create(
            expected=self, control=control, because=because, stated_by=by, stated_at=at
        )
        told = {"position": self.position, "control": control.public_id if control else "", "because": because}
        trail.record(by, "provider_report.answered", self.report, **told)
        return made


class ComplementaryAnswer(models.Model):
    """By which control of ours an expected one is met; None: not met yet. Another answer takes its place."""

    expected = models.ForeignKey(ComplementaryControl, on_delete=models.PROTECT, related_name="answers")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField(max_length=2000)
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    objects = StatementQuerySet["ComplementaryAnswer"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["expected"], name="complementary_answer_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="complementary_answer_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expected_id}: {self.control_id}"
