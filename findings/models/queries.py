"""The vocabulary of questions about findings: at a moment, for a reader."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Case, Q, Value, When

from audit.moment import Moment
from findings.models.vocabulary import RecordState, Status, Workflow
from organisation.models import Visibility

Row = TypeVar("Row", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[Row]):
    """Rows with `solutions` and `account`: seen by who may see a solution of theirs."""

    def visible_to(self, user: object) -> Self:
        """Rows of the reader's solutions, and unowned ones in the accounts where these live."""
        return self.filter(self.seen_by(user))

    def seen_by(self, user: object) -> Q:
        """The condition of `visible_to`; empty for who sees everything."""
        seen = Visibility.of(user)
        if seen.everything:
            return Q()
        unowned = Q(solutions=[], account__in=seen.shared_accounts)
        return Q(solutions__overlap=sorted(seen.solutions)) | unowned

    def of_solution(self, solution: int | None) -> Self:
        """Rows that belong to a solution; None: to no solution."""
        if solution is None:
            return self.filter(solutions=[])
        return self.filter(solutions__contains=[solution])


class SpanQuerySet(OwnedQuerySet[Row]):
    def seen_by(self, user: object) -> Q:
        """Of a reader bound to a period, what held at some moment of it."""
        period = Visibility.of(user).period
        if period is None:
            return super().seen_by(user)
        held = Q(valid_to=None) | Q(valid_to__gte=period[0])
        return super().seen_by(user) & held & Q(valid_from__lte=period[1])

    def at(self, moment: Moment) -> Self:
        return self.filter(moment.holds())

    def active(self) -> Self:
        return self.filter(record_state=RecordState.ACTIVE)

    def counted(self) -> Self:
        """What scores and postures count: active, and of two sources of one fact the one."""
        return self.active().filter(scored=True)

    def failing(self) -> Self:
        """Fails that count against a score: a suppressed one is out of scores, not out of sight."""
        return self.filter(status=Status.FAIL).exclude(workflow=Workflow.SUPPRESSED)

    def with_suppressed(self) -> Self:
        """Annotate `suppressed`, as a posture has it."""
        when: Any = When(workflow=Workflow.SUPPRESSED, then=Value(True))
        return self.annotate(suppressed=Case(when, default=Value(False)))
