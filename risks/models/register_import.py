"""A spreadsheet of the register on its way in, and the entry that takes one back."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.public_id import PublicId
from controls.models import SourceFile
from desk.models import Job
from organisation.models import Role, User


class RegisterImportQuerySet(models.QuerySet["RegisterImport"]):
    def visible_to(self, user: object) -> Self:
        """One's own; the second line sees all of them. They show what the asker may see of the register."""
        if isinstance(user, User) and Role.SECOND in user.roles_in_view:
            return self
        return self.filter(requested_by=user) if isinstance(user, User) else self.none()

    def unfinished(self) -> Self:
        return self.filter(state__in=[RegisterImport.State.WAITING, RegisterImport.State.TO_APPLY])


class RegisterImport(PublicId):
    """A file that is read, previewed and applied as one change, or dropped; or what takes an applied one back.

    reverses: the import that this takes back; then there is no file. because: the reason of rows that give none.
    problems: [{"place", "reason"}]: why it is refused; of what takes one back, what was left as it is. preview: see
    planning.Plan.told. done: what it did, risk by risk, see applying.Done; empty until then. Kept for ever.
    """

    public_prefix = "RI"

    class State(models.TextChoices):
        WAITING = "waiting", _("Being read")
        REFUSED = "refused", _("Refused")
        READY = "ready", _("Ready to apply")
        TO_APPLY = "to_apply", _("Being applied")
        APPLIED = "applied", _("Applied")
        DROPPED = "dropped", _("Dropped")

    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=300, help_text="Of the file, as it was uploaded.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    because = models.CharField(_("reason"), max_length=500, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    problems: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list)
    preview: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    done: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, help_text="When it was applied, or dropped.")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")

    objects = RegisterImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="register_import_decided_when_it_ended",
                condition=Q(state__in=["applied", "dropped"], decided_at__gte=F("requested_at"))
                | (~Q(state__in=["applied", "dropped"]) & Q(decided_at=None)),
            ),
            models.CheckConstraint(
                name="register_import_is_of_a_file_or_takes_one_back",
                condition=Q(file__isnull=False, reverses=None)
                | (Q(file=None, reverses__isnull=False) & ~Q(because="") & Q(state__in=["to_apply", "applied"])),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has to move it."""
        return self.state in {self.State.WAITING, self.State.TO_APPLY}

    @property
    def can_be_taken_back(self) -> bool:
        return self.state == self.State.APPLIED and self.reverses_id is None and not hasattr(self, "reversed_by")
