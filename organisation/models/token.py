from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from organisation.models.person import Role, User

PREFIX = "cpt_"
"""What a secret begins with, so that scanners and people recognise one that lies about."""
LONGEST = timedelta(days=366)
USED_EVERY = timedelta(minutes=1)
OPEN_TO_ALL = {"self", "api"}
"""Areas that every token reads: who calls, and the schema."""


def digest_of(secret: str) -> str:
    """256 random bits need no salt and no slow hash: nobody finds them by trying."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def of(self, person: User) -> Self:
        return self.filter(person=person)

    def visible_to(self, user: User) -> Self:
        """One's own; an administrator's are everybody's."""
        return self if Role.ADMINISTRATOR in user.roles_today else self.of(user)

    def live(self, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)

    def listed(self) -> Self:
        return self.select_related("person").order_by("-id")

    def with_secret(self, secret: str) -> Self:
        return self.filter(digest=digest_of(secret)).select_related("person")


AREAS: dict[str, str | Promise] = {
    "account": _("account"),
    "appetite": _("appetite"),
    "attestation": _("attestation"),
    "audit_finding": _("audit finding"),
    "challenge": _("challenge"),
    "comment": _("comment"),
    "connection": _("connection"),
    "control": _("control"),
    "coverage": _("coverage"),
    "delegation": _("delegation"),
    "engagement": _("engagement"),
    "evidence": _("evidence"),
    "evidence_request": _("evidence request"),
    "exception": _("exception"),
    "finding": _("finding"),
    "framework": _("framework"),
    "items": _("items"),
    "job": _("job"),
    "mapping": _("mapping"),
    "notice": _("notice"),
    "pack": _("pack"),
    "permission": _("permission"),
    "person": _("person"),
    "posture": _("posture"),
    "preference": _("preference"),
    "provider_report": _("provider report"),
    "requirement": _("requirement"),
    "responsibility": _("responsibility"),
    "risk": _("risk"),
    "session": _("session"),
    "solution": _("solution"),
    "subject": _("subject"),
    "suppression": _("suppression"),
    "token": _("token"),
    "trail": _("trail"),
    "treatment": _("treatment"),
    "triage": _("triage"),
}
"""What a token may be narrowed to, in words."""


class ApiToken(PublicId):
    """What a program proves with that it calls for a person. Of its secret the digest alone is kept.

    areas: the first words of actions ("evidence"); none for every area that its person has.
    """

    public_prefix = "TK"

    class Scope(models.TextChoices):
        READ = "read", _("Reads")
        WRITE = "write", _("Reads and writes")

    class State(models.TextChoices):
        LIVE = "live", _("Valid")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=10, choices=Scope.choices)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    second_factor_by_provider = models.BooleanField(
        help_text="Made in a log-in whose second factor was the identity provider's."
    )
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True, help_text="Public id of who did, or a process.")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_lasts_a_year_at_most",
                condition=Q(expires_at__gt=F("made_at"), expires_at__lte=F("made_at") + LONGEST),
            ),
            models.CheckConstraint(
                name="token_revoked_at_and_by_together",
                condition=Q(revoked_at=None, revoked_by="") | Q(revoked_at__isnull=False) & ~Q(revoked_by=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    @transaction.atomic
    def make(
        cls,
        *,
        by: User,
        name: str,
        scope: str,
        areas: list[str],
        until: datetime,
        second_factor_by_provider: bool = False,
    ) -> tuple[ApiToken, str]:
        """A token of one's own and its secret, which nobody can be told again."""
        secret, at = PREFIX + secrets.token_urlsafe(32), clock.now()
        made = cls.objects.create(
            person=by,
            name=name,
            scope=scope,
            areas=areas,
            digest=digest_of(secret),
            second_factor_by_provider=second_factor_by_provider,
            made_at=at,
            expires_at=min(until, at + LONGEST),
        )
        until_said = made.expires_at.isoformat(timespec="minutes")
        trail.record(by, "token.made", made, name=name, scope=scope, areas=areas, until=until_said)
        return made, secret

    @transaction.atomic
    def revoke(self, *, by: User | str, because: str) -> None:
        """It opens nothing from now on. Twice is once."""
        at = clock.now()
        revoked_by = by.public_id if isinstance(by, User) else by
        if not ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=at, revoked_by=revoked_by):
            return
        self.revoked_at, self.revoked_by = at, revoked_by
        trail.record(by, "token.revoked", self, name=self.name, of=self.person.public_id, because=because)

    def use(self, at: datetime, address: str) -> None:
        """Note the last use, once a minute at most."""
        before = at - USED_EVERY
        if self.last_used_at and self.last_used_at > before:
            return
        due = Q(last_used_at=None) | Q(last_used_at__lte=before)
        ApiToken.objects.filter(due, pk=self.pk).update(last_used_at=at, last_used_from=address)

    def state(self, at: datetime) -> State:
        if self.revoked_at:
            return self.State.REVOKED
        return self.State.EXPIRED if self.expires_at <= at else self.State.LIVE

    @property
    def state_now(self) -> State:
        return self.state(clock.now())

    @property
    def areas_told(self) -> str:
        return ", ".join(map(area_told, self.areas))

    def opens(self, action: str) -> bool:
        """Whether the action lies in an area of this token."""
        area = area_of(action)
        return not self.areas or area in OPEN_TO_ALL or area in self.areas


def area_told(area: str) -> str:
    return str(AREAS.get(area, area.replace("_", " ")))


def area_of(action: str) -> str:
    return action.partition(".")[0]
