"""Who does what of a service's security: AWS, the organisation, or both; by area and service type."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.models.statement import StatementQuerySet
from organisation.models import Solution, User


class Area(models.TextChoices):
    """What there is to do, from the building upwards."""

    FACILITIES = "facilities", _("Facilities")
    HOST = "host", _("Host")
    GUEST = "guest", _("Guest OS")
    RUNTIME = "runtime", _("Runtime")
    APPLICATION = "application", _("Code")
    CONFIGURATION = "configuration", _("Settings")
    NETWORK = "network", _("Network")
    IDENTITY = "identity", _("Identity")
    ENCRYPTION = "encryption", _("Encryption")
    BACKUP = "backup", _("Backup")
    DATA = "data", _("Data")
    LOGGING = "logging", _("Logging")
    PEOPLE = "people", _("People")
    PREMISES = "premises", _("Own premises")
    GOVERNANCE = "governance", _("Governance")


ABOUT: dict[str, str | Promise] = {
    Area.FACILITIES: _("Data centres, machines and physical media"),
    Area.HOST: _("Host operating system and hypervisor, and their patches"),
    Area.GUEST: _("Operating system that the workload runs on, and its patches"),
    Area.RUNTIME: _("Language runtime, database engine or platform, and its patches"),
    Area.APPLICATION: _("Application code and container images"),
    Area.CONFIGURATION: _("Settings, hardening and changes"),
    Area.NETWORK: _("Network paths, firewalls and who may reach what"),
    Area.IDENTITY: _("Identities, credentials and rights"),
    Area.ENCRYPTION: _("Choice of encryption, and its keys"),
    Area.BACKUP: _("Backup, recovery and availability"),
    Area.DATA: _("Classification and handling of data"),
    Area.LOGGING: _("Logs, monitoring and detection"),
    Area.PEOPLE: _("Screening, awareness and training"),
    Area.PREMISES: _("The organisation's own offices, workstations and devices"),
    Area.GOVERNANCE: _("Policies, risks, suppliers and assessments"),
}


class Party(models.TextChoices):
    """Whose an area is. NONE: the service has no such part."""

    PROVIDER = "provider", _("Provider")
    SHARED = "shared", _("Shared")
    CUSTOMER = "customer", _("Customer")
    NONE = "none", _("No such part")


class ServiceType(PublicId):
    """A service as responsibility sees it: EC2, ECS on Fargate.

    resource_types: CloudFormation's names of what belongs to it. may_be: keys of service types that this is a kind
    of, where the inventory cannot tell which kind; note: why, and what follows.
    """

    public_prefix = "ST"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    note = models.CharField(max_length=300, blank=True)
    resource_types = ArrayField(models.CharField(max_length=128), default=list)
    may_be = ArrayField(models.SlugField(max_length=60), default=list)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class ResponsibilitySet(PublicId):
    """What ships with the portal, as it was loaded last. Each of its statements says its own source."""

    public_prefix = "RS"

    key = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    note = models.CharField(max_length=300, blank=True)
    source_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}, {self.version}"


class Fact(models.Model):
    """Why it is so and where that is stated. is_reading: no source says it in as many words; a source is then
    what the reading leans on."""

    because = models.TextField(max_length=2000)
    source_name = models.CharField(max_length=200, blank=True)
    source_url = models.URLField(max_length=500, blank=True)
    source_on = models.DateField(null=True, help_text="When the source was read.")
    is_reading = models.BooleanField(default=False)

    class Meta:
        abstract = True


class ResponsibilityQuerySet(StatementQuerySet["Responsibility"]):
    def from_library(self) -> Self:
        return self.exclude(responsibility_set=None)

    def of_people(self) -> Self:
        return self.filter(responsibility_set=None)


class Responsibility(PublicId, Fact):
    """Whose an area of a service is. The library states it; what a person states takes its place, and both stay.

    party: "" where a person goes back to what the library says.
    """

    public_prefix = "RY"

    service = models.ForeignKey(ServiceType, on_delete=models.PROTECT, related_name="responsibilities")
    area = models.CharField(max_length=16, choices=Area.choices)
    party = models.CharField(max_length=10, choices=Party.choices, blank=True)
    responsibility_set = models.ForeignKey(ResponsibilitySet, on_delete=models.PROTECT, null=True, related_name="+")
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stated_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, help_text="When another statement took its place.")

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "area"],
                name="responsibility_one_open_of_the_library",
                condition=Q(replaced_at=None, stated_by=None),
            ),
            models.UniqueConstraint(
                fields=["service", "area"],
                name="responsibility_one_open_of_people",
                condition=Q(replaced_at=None, stated_by__isnull=False),
            ),
            models.CheckConstraint(
                name="responsibility_is_of_the_library_or_a_person",
                condition=Q(stated_by=None, responsibility_set__isnull=False) & ~Q(party="")
                | Q(stated_by__isnull=False, responsibility_set=None),
            ),
            models.CheckConstraint(
                name="responsibility_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.get_area_display()}: {self.get_party_display() or _('as the library says')}"

    @classmethod
    @transaction.atomic
    def state(cls, service: ServiceType, area: str, party: str, *, because: str, by: User) -> Responsibility:
        """From now on it is so, whatever the library says. party: "" for what the library says."""
        ServiceType.objects.select_for_update().get(pk=service.pk)
        at = clock.now()
        cls.objects.of_people().filter(service=service, area=area, replaced_at=None).update(replaced_at=at)
        made = cls.objects.create(service=service, area=area, party=party, because=because, stated_by=by, stated_at=at)
        told = {"service": service.key, "area": area, "party": party or "library", "because": because}
        trail.record(by, "responsibility.stated", made, **told)
        return made


class RunsAs(PublicId):
    """Which kind of service a solution's resources of a type are, where the inventory does not tell.

    service: None where it is not known any more.
    """

    public_prefix = "RA"

    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="+")
    resource_type = models.CharField(max_length=128)
    service = models.ForeignKey(ServiceType, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField(max_length=2000)
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    objects = StatementQuerySet["RunsAs"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["solution", "resource_type"], name="runs_as_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="runs_as_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type}: {self.service or _('not known')}"

    @classmethod
    @transaction.atomic
    def state(
        cls, solution: Solution, resource_type: str, service: ServiceType | None, *, because: str, by: User
    ) -> RunsAs:
        Solution.objects.select_for_update().get(pk=solution.pk)
        at = clock.now()
        said = {"solution": solution, "resource_type": resource_type}
        cls.objects.filter(**said, replaced_at=None).update(replaced_at=at)
        made = cls.objects.create(**said, service=service, because=because, stated_by=by, stated_at=at)
        told = {"resource_type": resource_type, "service": service.key if service else "", "because": because}
        trail.record(by, "runs_as.stated", solution, **told)
        return made


def then(rows: StatementQuerySet[Responsibility], at: datetime) -> dict[tuple[int, str], Responsibility]:
    """(service, area) → the statement that holds at a moment: a person's before the library's. One query."""
    held: dict[tuple[int, str], Responsibility] = {}
    for one in rows.at(at).select_related("stated_by", "responsibility_set").order_by(F("stated_by").desc()):
        if one.party and (one.stated_by_id or (one.service_id, one.area) not in held):
            held[one.service_id, one.area] = one
    return held
