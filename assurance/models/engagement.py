"""Engagements: what is audited, for which period, by whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.moment import in_force
from audit.public_id import PublicId
from controls.models import FrameworkVersion
from organisation.models import Role, Solution, User, Visibility
from organisation.models.dated import Dated, DatedQuerySet

WORKS = {Role.THIRD.value, Role.EXTERNAL.value}
"""Who leaves these lines is on no team any more."""


class EngagementQuerySet(models.QuerySet["Engagement"]):
    def visible_to(self, user: object) -> Self:
        """The third line sees each engagement, the second and the first what has begun in their reach; from outside,
        one's own engagements as long as one is on their team. What an engagement holds is asked for by `worked_on_by`.
        """
        seen = Visibility.of(user)
        if not isinstance(user, User):
            return self if seen.everything else self.none()
        if Role.THIRD in user.roles_in_view:
            return self
        if Role.EXTERNAL in user.roles_in_view:
            return self.worked_on_by(user)
        begun = self.exclude(state=Engagement.State.PLANNING)
        return begun if seen.everything else begun.filter(solutions__in=seen.solutions).distinct()

    def worked_on_by(self, user: object) -> Self:
        """Those on whose team this person is today: who may read its drafts, and nobody else."""
        if not isinstance(user, User) or not user.is_active or not user.roles_in_view & WORKS:
            return self.none()
        return self.filter(pk__in=TeamMember.objects.in_force(clock.now()).filter(person=user).values("engagement"))

    def open(self) -> Self:
        return self.exclude(state=Engagement.State.CLOSED)


@pghistory.track()
class Engagement(PublicId, RowVersion):
    """about: the period that is audited, up to the first moment after it; a moment where both are equal.

    framework: the version whose requirements are its criteria. previous: the engagement that it is compared with.
    from_outside: done by auditors from outside, whose accounts end at access_until. Its papers are locked at close.
    """

    public_prefix = "EN"

    class State(models.TextChoices):
        PLANNING = "planning", _("Planning")
        FIELDWORK = "fieldwork", _("Fieldwork")
        REPORTING = "reporting", _("Reporting")
        CLOSED = "closed", _("Closed")

    title = models.CharField(_("title"), max_length=200)
    objective = models.TextField(_("objective"), max_length=4000, blank=True)
    framework = models.ForeignKey(
        FrameworkVersion, on_delete=models.PROTECT, related_name="engagements", verbose_name=_("framework")
    )
    solutions = models.ManyToManyField(Solution, related_name="engagements", verbose_name=_("solutions"))
    about_from = models.DateTimeField(_("audited from"))
    about_to = models.DateTimeField(_("audited to"))
    from_outside = models.BooleanField(_("done from outside"), default=False)
    access_until = models.DateTimeField(
        _("open to them until"), null=True, help_text="Until when auditors from outside may enter."
    )
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="followed_by", verbose_name=_("engagement before it")
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNING, editable=False)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="engagement_period_is_whole", condition=Q(about_to__gte=F("about_from"))),
            models.CheckConstraint(
                name="engagement_from_outside_ends_its_access",
                condition=Q(from_outside=False, access_until=None) | Q(from_outside=True, access_until__isnull=False),
            ),
            models.CheckConstraint(
                name="engagement_closed_by_and_at_together",
                condition=Q(state="closed", closed_at__isnull=False, closed_by__isnull=False)
                | (~Q(state="closed") & Q(closed_at=None, closed_by=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_closed(self) -> bool:
        return self.state == self.State.CLOSED

    @property
    def last_day(self) -> datetime:
        """The last moment that is audited: of a period to the end of March, in March."""
        return self.about_to - timedelta(microseconds=1)


class TeamMemberQuerySet(DatedQuerySet["TeamMember"]):
    def of(self, engagement: Engagement, at: datetime) -> Self:
        return self.filter(in_force(at), engagement=engagement)


@pghistory.track()
class TeamMember(Dated):
    """Who works on an engagement, from one moment to another, and that they declared themselves independent.

    declared_at: None until they did; they prepare and review nothing before.
    """

    class Part(models.TextChoices):
        LEAD = "lead", _("Lead")
        AUDITOR = "auditor", _("Auditor")
        REVIEWER = "reviewer", _("Reviewer")

    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="team")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="engagements")
    part = models.CharField(_("part"), max_length=8, choices=Part.choices)
    put_by = models.CharField(max_length=200)
    declaration = models.TextField(max_length=2000, blank=True)
    declared_at = models.DateTimeField(null=True)

    objects = TeamMemberQuerySet.as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["engagement", "person"], name="team_member_once", condition=Q(valid_to=None)
            ),
            models.CheckConstraint(
                name="team_member_declares_in_words",
                condition=Q(declared_at=None, declaration="") | (Q(declared_at__isnull=False) & ~Q(declaration="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_part_display()}"
