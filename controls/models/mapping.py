from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Told
from datetime import datetime
from typing import Any, Self

import pghistory
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId, whole_number
from controls.models.control import Control
from controls.models.decision import MappingDecision
from controls.models.framework import Framework, FrameworkVersion
from controls.models.pack import PackVersion
from controls.models.requirement import Edition, Obligation, Requirement
from findings.models import Source
from organisation.models import User
from organisation.standing_in import done_by_same_hands


class CheckReferenceQuerySet(models.QuerySet["CheckReference"]):
    def resting_on_a_rule(self, controls: Collection[str]) -> Self:
        """Of these Security Hub controls, those whose Config rule is known."""
        return self.filter(source=Source.SECURITY_HUB, key__in=controls).exclude(config_rule="")


class CheckReference(models.Model):
    """A check as mappings name it, whether or not it was ever observed here.

    key: a Security Hub control id, or a Config managed rule's identifier in upper case: what
    findings.Check has as its key. config_rule: the identifier that a Security Hub control rests on.
    """

    source = models.CharField(max_length=20, choices=Source.choices)
    key = models.CharField(max_length=256)
    config_rule = models.CharField(max_length=256, blank=True)

    objects = CheckReferenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="check_reference_once")]

    def __str__(self) -> str:
        return self.key

    @property
    def name(self) -> tuple[str, str]:
        return self.source, self.key


@pghistory.track()
class MappingSet(PublicId):
    """Mappings that somebody published together. What the organisation holds of them, each mapping says."""

    public_prefix = "MS"

    key = models.SlugField(max_length=200, unique=True)
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="mapping_sets")
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, null=True, related_name="mapping_sets")
    name = models.CharField(max_length=300)
    publisher = models.CharField(max_length=200)
    url = models.URLField(max_length=500, blank=True)
    licence = models.CharField(max_length=300, blank=True)
    published_on = models.DateField(null=True)
    stated_version = models.CharField(max_length=80, blank=True, help_text="Of the framework, as the source says.")
    note = models.CharField(max_length=500, blank=True)
    source_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MappingQuerySet(models.QuerySet["Mapping"]):
    def visible_to(self, user: object) -> Self:
        """But for those of controls that this reader does not see."""
        return self.filter(Q(control=None) | Q(control__in=Control.objects.visible_to(user)))

    def with_ends(self) -> Self:
        return self.select_related(
            "requirement__framework", "control", "check_named", "other__framework", "mapping_set"
        )

    def proposed_by_others(self, person: User) -> Self:
        """Proposals that this person may approve."""
        return self.proposed().exclude(done_by_same_hands(person, "proposed_by", "proposed_at", by_public_id=True))

    def proposed_by_hands_of(self, person: User) -> Self:
        """Proposals that count as theirs: their own, and those of whom they stand in for."""
        return self.proposed().filter(done_by_same_hands(person, "proposed_by", "proposed_at", by_public_id=True))

    def between(self, ends: Told[str, Any]) -> Self:
        """Of the same two ends. ends: as a row has them, None where it has none."""
        return self.filter(**{name if end else f"{name}__isnull": end or True for name, end in ends.items()})

    def known(self, at: datetime) -> Self:
        """Proposed or approved at a moment: neither rejected nor withdrawn by then."""
        return self.filter(Q(proposed_at__lte=at) & (Q(ended_at=None) | Q(ended_at__gt=at)))

    def in_force(self, at: datetime) -> Self:
        """Approved at a moment: what figures of that moment are made of."""
        return self.known(at).filter(approved_at__lte=at)

    def open(self) -> Self:
        return self.filter(ended_at=None)

    def ended(self) -> Self:
        return self.exclude(ended_at=None)

    def proposed(self) -> Self:
        return self.filter(state=Mapping.State.PROPOSED)

    def to_checks(self) -> Self:
        """Requirement and check, directly."""
        return self.exclude(check_named=None).exclude(requirement=None)

    def to_controls(self) -> Self:
        """Requirement and control."""
        return self.exclude(control=None).exclude(requirement=None)

    def of_controls(self) -> Self:
        """Control and check."""
        return self.exclude(control=None).exclude(check_named=None)

    def crosswalks(self) -> Self:
        """Requirement and requirement of another framework."""
        return self.exclude(other=None)

    def naming(self, words: str) -> Self:
        """Of a check, requirement or control that is called so; ids and numbers from their beginning."""
        check, stated = Q(check_named__key__istartswith=words), Q(stated_label__istartswith=words)
        key = Q(requirement__key__iexact=words) | Q(other__key__iexact=words) | Q(named__istartswith=words)
        editions = Edition.objects.filter(label__istartswith=words).values("requirement")
        labelled = Q(requirement__in=editions) | Q(other__in=editions)
        prefix, _, digits = words.rpartition("-")
        number = whole_number(digits)
        told = {Mapping.public_prefix: "pk", Control.public_prefix: "control", Requirement.public_prefix: "requirement"}
        name = told.get(prefix.upper()) if number is not None else None
        by_id = Q(**{name: number}) if name else Q(control__name__icontains=words)
        return self.filter(check | stated | key | labelled | by_id)

    def of_framework(self, framework: Framework) -> Self:
        return self.filter(requirement__framework=framework)

    def with_edition(self, at: datetime) -> Self:
        """Give each `edition`: its requirement's in the version current then; NULL where there is none. One query."""
        versions = list(FrameworkVersion.objects.current(at).values_list("pk", flat=True))
        condition = Q(requirement__editions__version__in=versions, requirement__editions__withdrawn_at=None)
        return self.annotate(edition=FilteredRelation("requirement__editions", condition=condition))

    def drifting(self, at: datetime) -> Self:
        """Naming what the current version no longer has, or has otherwise. See docs/frameworks.md#drift."""
        versions = FrameworkVersion.objects.current(at).filter(framework=OuterRef("requirement__framework"))
        return self.filter(Exists(versions)).with_edition(at).filter(MISSING | OTHER_LABEL | OTHER_OBLIGATION)


MISSING = Q(edition=None)
OTHER_LABEL = ~Q(stated_label="") & ~Q(stated_label=F("edition__label"))
OTHER_OBLIGATION = ~Q(stated_obligation="") & ~Q(stated_obligation=F("edition__obligation"))


@pghistory.track()
class Mapping(PublicId):
    """That a check, a control or another requirement has to do with a requirement, or a check with a control, and how.

    relation is read towards the requirement, or from check to control: a check that is a `subset` shows part of what
    the requirement asks. A row holds one statement; a changed one ends it and begins another, which `replaces` it.
    named: the id as the source wrote it ("AC-2i.2" of AC-2). stated_label, stated_obligation: what the source
    says of the requirement, to be held against the current version. stated_relation: the type that the source
    says, where the organisation states another. Two ends, in one of four pairs.
    """

    public_prefix = "MP"

    class Relation(models.TextChoices):
        EQUAL = "equal", _("Equal")
        SUBSET = "subset", _("Subset")
        SUPERSET = "superset", _("Superset")
        INTERSECTS = "intersects", _("Intersects")

    class Pair(models.TextChoices):
        CHECK = "check", _("Requirement and check")
        CONTROL = "control", _("Requirement and control")
        CONTROL_CHECK = "control_check", _("Control and check")
        CROSSWALK = "crosswalk", _("Two requirements")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, null=True, related_name="mappings")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, null=True, related_name="mappings")
    check_named = models.ForeignKey(CheckReference, on_delete=models.PROTECT, null=True, related_name="mappings")
    other = models.ForeignKey(Requirement, on_delete=models.PROTECT, null=True, related_name="crosswalks")
    relation = models.CharField(max_length=12, choices=Relation.choices)
    mapping_set = models.ForeignKey(MappingSet, on_delete=models.PROTECT, null=True, related_name="mappings")
    named = models.CharField(max_length=120, blank=True)
    stated_label = models.CharField(max_length=120, blank=True)
    stated_obligation = models.CharField(max_length=12, choices=Obligation.choices, blank=True)
    stated_relation = models.CharField(max_length=12, choices=Relation.choices, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    rationale = models.TextField(blank=True, help_text="Why it is proposed.")

    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True)
    approved_because = models.TextField(blank=True)
    ended_by = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)
    approved_in = models.ForeignKey(MappingDecision, on_delete=models.PROTECT, null=True, related_name="approved")
    ended_in = models.ForeignKey(MappingDecision, on_delete=models.PROTECT, null=True, related_name="ended")

    objects = MappingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                *(Coalesce(F(name), 0) for name in ("requirement", "control", "check_named", "other", "mapping_set")),
                F("named"),
                name="mapping_one_open",
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(
                name="mapping_has_two_ends",
                condition=Q(requirement__isnull=False, control=None, check_named__isnull=False, other=None)
                | Q(requirement__isnull=False, control=None, check_named=None, other__isnull=False)
                | Q(requirement__isnull=False, control__isnull=False, check_named=None, other=None)
                | Q(requirement=None, control__isnull=False, check_named__isnull=False, other=None),
            ),
            models.CheckConstraint(
                name="mapping_state_and_dates_agree",
                condition=Q(state="proposed", approved_at=None, ended_at=None)
                | Q(state="approved", approved_at__isnull=False, ended_at=None)
                | Q(state="rejected", approved_at=None, ended_at__isnull=False)
                | Q(state="withdrawn", ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="mapping_who_and_when_together",
                condition=(Q(approved_at=None, approved_by="") | (Q(approved_at__isnull=False) & ~Q(approved_by="")))
                & (Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by=""))),
            ),
        ]
        indexes = [models.Index(fields=["check_named", "requirement"], name="mapping_by_check")]

    def __str__(self) -> str:
        return f"{self.requirement_id or self.control_id} {self.relation}"

    @property
    def pair(self) -> Pair:
        if self.requirement_id is None:
            return self.Pair.CONTROL_CHECK
        if self.other_id:
            return self.Pair.CROSSWALK
        return self.Pair.CONTROL if self.control_id else self.Pair.CHECK

    @property
    def ends(self) -> dict[str, Any]:
        """Its two ends, by the names of their fields."""
        every = {name: getattr(self, name) for name in END_FIELDS}
        return {name: end for name, end in every.items() if end}

    def state_at(self, at: datetime) -> State:
        """What it was at a moment at which it was known."""
        if self.ended_at and self.ended_at <= at:
            return self.State(self.state)
        return self.State.APPROVED if self.approved_at and self.approved_at <= at else self.State.PROPOSED

    def relation_at(self, at: datetime) -> Relation:
        """Its type at a moment: until the approval, what was proposed."""
        was_stated = self.stated_relation and not (self.approved_at and self.approved_at <= at) and not self.replaces_id
        return self.Relation(self.stated_relation if was_stated else self.relation)

    def drift_from(self, edition: Edition | None) -> list[str]:
        """In which ways it differs from an edition: missing, label, obligation; none where it agrees."""
        if self.requirement_id is None:
            return []
        if edition is None:
            return ["missing"]
        differs = []
        if self.stated_label and self.stated_label != edition.label:
            differs.append("label")
        if self.stated_obligation and self.stated_obligation != edition.obligation:
            differs.append("obligation")
        return differs


END_FIELDS = ("requirement", "control", "check_named", "other")
