from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.public_id import PublicId
from organisation.models.dated import Dated, DatedQuerySet

if TYPE_CHECKING:
    from organisation.models.grant import Visibility


class Role(models.TextChoices):
    FIRST = "first", _("First line")
    SECOND = "second", _("Second line")
    THIRD = "third", _("Third line")
    EXTERNAL = "external", _("External assurance")
    ADMINISTRATOR = "administrator", _("Administrator")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(PublicId, AbstractBaseUser):
    """A person who may log in. What they may do follows from their roles in force today."""

    public_prefix = "P"

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), unique=True)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name

    @cached_property
    def roles_today(self) -> frozenset[str]:
        assignments = self.role_assignments.in_force(clock.now())
        return frozenset(assignments.values_list("role", flat=True))

    @property
    def line(self) -> str | None:
        """The line whose home this person lands on: the first of their roles, in the order of Role."""
        return next((role.value for role in Role if role in self.roles_today), None)

    @cached_property
    def visibility(self) -> Visibility:
        from organisation.models.grant import Visibility

        return Visibility.of(self)


@pghistory.track()
class RoleAssignment(Dated):
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    granted_by = models.CharField(max_length=200, help_text="Public id of who gave the role, or a process.")
    reason = models.CharField(max_length=500, blank=True)

    objects = DatedQuerySet["RoleAssignment"].as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(name="role_is_known", condition=models.Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"
