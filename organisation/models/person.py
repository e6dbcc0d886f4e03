from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from organisation import own_work
from organisation.models.dated import Dated, DatedQuerySet

if TYPE_CHECKING:
    from organisation.models.grant import Visibility
    from organisation.models.token import ApiToken
    from organisation.standing_in import StandingIn


class Role(models.TextChoices):
    FIRST = "first", _("First line")
    SECOND = "second", _("Second line")
    THIRD = "third", _("Third line")
    EXTERNAL = "external", _("External assurance")
    ADMINISTRATOR = "administrator", _("Administrator")


class NotAllowed(Exception):
    """A rule of the organisation stands against it; the message says which, to the reader."""

    def __init__(self, words: str | Promise) -> None:
        super().__init__(words)
        own_work.attempted(words)


class UserQuerySet(models.QuerySet["User"]):
    def named_like(self, words: str) -> Self:
        return self.filter(Q(name__icontains=words) | Q(email__icontains=words)) if words else self

    def active(self) -> Self:
        return self.filter(is_active=True)

    def closed(self) -> Self:
        return self.filter(is_active=False)

    def with_role(self, role: str, at: datetime) -> Self:
        held = RoleAssignment.objects.in_force(at).filter(person=OuterRef("pk"), role=role)
        return self.filter(Exists(held))

    def without_role(self, at: datetime) -> Self:
        held = RoleAssignment.objects.in_force(at).filter(person=OuterRef("pk"))
        return self.active().filter(~Exists(held))

    def listed_as(self, state: str, role: str, words: str, at: datetime) -> Self:
        """state: without_role, closed, else those who may log in. role: who held it then; "" for any or none."""
        chosen = {"without_role": self.without_role(at), "closed": self.closed()}.get(state, self.active())
        return (chosen.with_role(role, at) if role in Role.values else chosen).named_like(words)

    def listed(self, at: datetime) -> Self:
        """With roles_then (in force at `at`) and solutions_then (how many they were granted)."""
        granted = Q(grants__valid_from__lte=at) & (Q(grants__valid_to=None) | Q(grants__valid_to__gt=at))
        roles = RoleAssignment.objects.in_force(at)
        return self.annotate(solutions_then=Count("grants__solution", filter=granted, distinct=True)).prefetch_related(
            Prefetch("role_assignments", roles, to_attr="roles_then")
        )

    def with_delegates(self, at: datetime) -> Self:
        """With delegations_then: who stands in for them at a moment."""
        from organisation.models.delegation import Delegation

        away = Delegation.objects.counting(at).select_related("delegate")
        return self.prefetch_related(Prefetch("delegations_given", away, to_attr="delegations_then"))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user: User = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        person: User = self.get(email__iexact=username)
        return person


class User(PublicId, AbstractBaseUser):
    """A person who may log in. What they may do follows from their roles in force today."""

    public_prefix = "P"

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), unique=True)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(
        _("language"), max_length=16, blank=True, default="", help_text="A code; empty: as the browser asks."
    )

    objects: ClassVar[UserManager] = UserManager()

    usersession_set: Any
    """The browsers in which they are logged in: rows of allauth.usersessions."""

    is_reading: bool = False
    """For the length of a request that changes nothing: what they may see is looked up once."""

    token: ApiToken | None = None
    """For the length of a request: what a program calls with in this person's name."""

    acting_for: User | None = None
    """For the length of an act: for whom they stand in with it (see organisation.standing_in). The trail keeps it."""

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

    through: str = ""
    """The line that this person looks through at the moment, of those they hold (`?line=`); "" for all of them."""

    @property
    def roles_in_view(self) -> frozenset[str]:
        """The roles that decide what this person sees: the one they look through, else all of today's."""
        return frozenset({self.through}) & self.roles_today or self.roles_today

    @property
    def reads(self) -> str:
        """The language of what is mailed to them: theirs where it is installed, else the organisation's."""
        return self.language if self.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE

    @property
    def line(self) -> str | None:
        """The line whose glasses this person wears: the one looked through, else their first in the order of Role."""
        return next((role.value for role in Role if role in self.roles_in_view), None)

    @classmethod
    @transaction.atomic
    def add(cls, *, name: str, email: str, by: User | str, password: str | None = None) -> User:
        """A person who may log in once they have a password (see organisation.invitations)."""
        person: User = cls.objects.create_user(email, password, name=name)
        trail.record(by, "person.added", person, name=name, email=person.email)
        return person

    @transaction.atomic
    def prefer(self, *, name: str, time_zone: str, language: str | None = None) -> None:
        """The person's own name, time zone and language, as they want them shown. language: None leaves it."""
        before = {"name": self.name, "time_zone": self.time_zone, "language": self.language}
        self.name, self.time_zone = name, time_zone
        self.language = self.language if language is None else language
        self.save(update_fields=["name", "time_zone", "language"])
        after = {"name": name, "time_zone": time_zone, "language": self.language}
        changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
        if changed:
            trail.record(self, "person.changed", self, changed=changed)

    @transaction.atomic
    def give_role(
        self, role: str, *, reason: str, by: User | str, until: datetime | None = None, combine: bool = False
    ) -> RoleAssignment:
        """From now on the person stands on this line. Raises NotAllowed.

        combine: beside what they hold; the reason then says why one person stands on both.
        """
        if self == by:
            words = _("Nobody gives a role to themselves; another administrator can.")
            raise NotAllowed(own_work.own_work(words, self, "role.given", self))
        User.objects.select_for_update().get(pk=self.pk)
        at = clock.now()
        held = list(self.role_assignments.not_ended(at).order_by("pk"))
        if why_not := _combining_refusal(role, held, combine=combine):
            raise NotAllowed(why_not)
        granted_by = by if isinstance(by, str) else by.public_id
        given = RoleAssignment.objects.create(
            person=self, role=role, reason=reason, granted_by=granted_by, valid_from=at, valid_to=until
        )
        ends = {"until": until.isoformat(timespec="minutes")} if until else {}
        beside = {"combined_with": [one.role for one in held]} if held else {}
        trail.record(by, "role.given", self, role=role, reason=reason, **ends, **beside)
        self.__dict__.pop("roles_today", None)
        return given

    @transaction.atomic
    def deactivate(self, *, reason: str, by: User | str) -> None:
        """They may no longer log in; their roles and grants end. Raises NotAllowed."""
        if self == by:
            raise NotAllowed(_("Nobody closes their own log-in; another administrator can."))
        at = clock.now()
        for role in self.role_assignments.not_ended(at):
            role.end(reason=reason, by=by)
        for grant in self.grants.not_ended(at):
            grant.end(reason=reason, by=by)
        for session in self.usersession_set.all():
            session.end()
        for token in self.api_tokens.live(at):
            token.revoke(by=by, because=reason)
        self.is_active = False
        self.save(update_fields=["is_active"])
        trail.record(by, "person.deactivated", self, reason=reason)

    @transaction.atomic
    def reactivate(self, *, reason: str, by: User | str) -> None:
        """They may log in again, with no role until one is given."""
        self.is_active = True
        self.save(update_fields=["is_active"])
        trail.record(by, "person.reactivated", self, reason=reason)

    @cached_property
    def visibility(self) -> Visibility:
        from organisation.models.grant import Visibility

        return Visibility.today(self)

    @cached_property
    def standing_in(self) -> StandingIn:
        from organisation.standing_in import StandingIn

        return StandingIn.today(self)


def _combining_refusal(role: str, held: list[RoleAssignment], *, combine: bool) -> str | Promise:
    """Why this role cannot be given to somebody who holds those; empty where it can."""
    if any(one.role == role for one in held):
        return _("They have this role already.")
    if held and Role.EXTERNAL in {role, *(one.role for one in held)}:
        return _("Who audits from outside stands on no line of the organisation: end the other role first.")
    if held and not combine:
        names = ", ".join(str(one.get_role_display()) for one in held)
        words = _("One person stands on one line: end the role “%(role)s” first, or combine them and say why.")
        return words % {"role": names}
    return ""


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

    @transaction.atomic
    def end(self, *, reason: str, by: User | str) -> None:
        """Raises NotAllowed where nobody would be left to manage people."""
        at = clock.now()
        if self.role == Role.ADMINISTRATOR:
            administrators = RoleAssignment.objects.select_for_update().filter(role=self.role)
            others = administrators.in_force(at).exclude(person=self.person)
            if not [other for other in others.select_related("person") if other.person.is_active]:
                raise NotAllowed(_("The last administrator stays: give the role to somebody else first."))
        from organisation.models.delegation import end_all

        self.close(at)
        trail.record(by, "role.ended", self.person, role=self.role, reason=reason)
        end_all(self.person, self.role, reason=reason, by=by)
        self.person.__dict__.pop("roles_today", None)
