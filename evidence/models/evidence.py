"""The locker: what shows that something was so, kept as it came. A row is never edited: superseded or withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from controls.models import Control
from organisation.models import Role, Solution, User, Visibility
from organisation.models.dated import Dated, DatedQuerySet

MAY_READ_RESTRICTED = {Role.SECOND.value, Role.THIRD.value}


class Papers(NamedTuple):
    """attached: pieces that are papers of a test on a floor above; opened: those of them that a person may see."""

    attached: Callable[[], Q]
    opened: Callable[[object], Q]


_papers: list[Papers] = []


def name_papers(attached: Callable[[], Q], opened: Callable[[object], Q]) -> None:
    """A floor above says, when its app is ready, which pieces are its working papers and who sees them."""
    _papers.append(Papers(attached, opened))


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: object) -> Self:
        """What is the organisation's or one's own solutions', as far as its confidentiality allows, and one's own.

        Confidential: not for readers from outside. Restricted: the second and third line, and who captured it. A
        reader from outside sees what took effect in the period that they audit. Papers of a test are seen by whoever
        sees the test, and by nobody else.
        """
        found = self._beside_papers(user)
        if not _papers:
            return found
        attached, opened = Q(), Q(pk__in=[])
        for one in _papers:
            attached, opened = attached & ~one.attached(), opened | one.opened(user)
        return found.filter(attached) | self.filter(opened)

    def _beside_papers(self, user: object) -> Self:
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        reach = Q(solution=None) | Q(solution__in=seen.solutions)
        if Role.FIRST in user.roles_in_view:
            return self.filter(Q(captured_by=user) | (reach & ~Q(confidentiality=Evidence.Confidentiality.RESTRICTED)))
        return self.filter(seen.in_period("effective_from", "effective_to"), reach).filter(
            confidentiality=Evidence.Confidentiality.INTERNAL
        )

    def standing(self, at: datetime) -> Self:
        """Captured by a moment, and neither withdrawn nor superseded by then."""
        later = Evidence.objects.filter(replaces=OuterRef("pk"), captured_at__lte=at)
        not_withdrawn = Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)
        return self.filter(not_withdrawn, ~Exists(later), captured_at__lte=at)


class Evidence(PublicId):
    """One file and where it comes from.

    source: of what was read from AWS the call, the account, who called and the run; of what a person brought the
    person (captured_by) and the file's own name. effective: the period that it speaks of, up to the first moment after
    it. sha256, size: of the file as it came, checked whenever it leaves. kept_until: until when retention keeps the
    file; a legal hold keeps it longer. destroyed_at: when the file was destroyed after that; the row stays.
    """

    public_prefix = "E"

    class Kind(models.TextChoices):
        DOCUMENT = "document", _("Document")
        SCREENSHOT = "screenshot", _("Picture of a screen")
        REPORT = "report", _("Report or export of a system")
        SNAPSHOT = "snapshot", _("Snapshot of checks")
        PROVIDER_REPORT = "provider_report", _("Provider's report")
        WORKING_PAPER = "working_paper", _("Auditor's working paper")
        TRAIL_HEAD = "trail_head", _("Head of the trail")

    class Confidentiality(models.TextChoices):
        INTERNAL = "internal", _("Internal")
        CONFIDENTIAL = "confidential", _("Confidential")
        RESTRICTED = "restricted", _("Restricted")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    note = models.TextField(_("what it shows"), max_length=4000, blank=True)
    confidentiality = models.CharField(
        _("confidentiality"), max_length=12, choices=Confidentiality.choices, default=Confidentiality.INTERNAL
    )
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, related_name="evidence", verbose_name=_("solution")
    )
    source_api = models.CharField(max_length=100, blank=True, help_text="Service and operation, e.g. config:…")
    source_account = models.CharField(max_length=12, blank=True)
    source_arn = models.CharField(max_length=256, blank=True, help_text="Who called.")
    source_run = models.CharField(max_length=60, blank=True, help_text="Public id of the reading.")
    captured_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="None: the portal itself."
    )
    captured_at = models.DateTimeField()
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=300, unique=True, help_text="Its name in the storage “evidence”.")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="Bytes.")
    media_type = models.CharField(max_length=100, help_text="As its content says.")
    version = models.PositiveIntegerField(default=1)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    kept_until = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_because = models.TextField(max_length=2000, blank=True)
    destroyed_at = models.DateTimeField(null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["solution", "-id"], name="evidence_of_solution"),
            models.Index(fields=["kept_until"], name="evidence_kept_until", condition=Q(destroyed_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                name="evidence_period_is_no_earlier_than_it_begins",
                condition=Q(effective_to__gte=F("effective_from")),
            ),
            models.CheckConstraint(name="evidence_has_a_hash", condition=Q(sha256__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="evidence_withdrawn_at_by_and_why_together",
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
            ),
            models.CheckConstraint(
                name="evidence_first_version_replaces_nothing",
                condition=Q(version=1, replaces=None) | Q(version__gt=1, replaces__isnull=False),
            ),
            models.CheckConstraint(
                name="evidence_is_kept_for_its_time",
                condition=Q(destroyed_at=None) | Q(destroyed_at__gte=F("kept_until")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class EvidenceLink(Dated):
    """That a piece of evidence shows something of a control, from one moment to another, and what."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="links")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="evidence_links")
    because = models.CharField(max_length=500, blank=True)
    linked_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")

    objects = DatedQuerySet["EvidenceLink"].as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["evidence", "control"], name="evidence_link_once", condition=Q(valid_to=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} for {self.control_id}"
