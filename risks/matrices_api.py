"""The matrix that levels are stated on, for programs: its versions, what another one would change, adopting it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers

from audit import clock
from audit.models import StaleRow
from controls.register_api import NamedSerializer
from organisation.models import User
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, RowField
from risks import matrices
from risks.matrices import LABEL, Draft
from risks.models import Matrix
from risks.refusals import Refused
from risks.standing import Effect


class ApprovalSerializer(serializers.Serializer[Any]):
    """approved_by: the governing body. reference: where that is on record."""

    approved_by = serializers.CharField(max_length=200)
    approved_on = DayField()
    reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MatrixLevelSerializer(serializers.Serializer[Any]):
    """tone: 1 (lightest) to 6."""

    label = serializers.CharField(max_length=LABEL)  # type: ignore[assignment]
    tone = serializers.IntegerField(min_value=1, max_value=6)


def indices() -> serializers.ListField:
    return serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=5), max_length=10)


class MatrixSerializer(serializers.ModelSerializer[Matrix]):
    """likelihoods, impacts, levels: from the least to the most. cells[likelihood][impact]: an index of levels.
    by_severity: the level of each severity, by its rank. carried: as what each level of the one before reads.
    """

    id = serializers.CharField(source="public_id")
    likelihoods = serializers.ListField(child=serializers.CharField())
    impacts = serializers.ListField(child=serializers.CharField())
    levels = MatrixLevelSerializer(many=True)
    cells = serializers.ListField(child=indices())
    by_severity = indices()
    carried = indices()
    follows = serializers.CharField(source="follows.public_id", allow_null=True, default=None)
    adopted_by = NamedSerializer(allow_null=True)

    class Meta:
        model = Matrix
        fields = [
            "id", "likelihoods", "impacts", "levels", "cells", "by_severity", "carried", "follows", "because",
            "approved_by", "approved_on", "reference", "adopted_by", "adopted_at",
        ]  # fmt: skip


class MatrixDoor(Door):
    action = "appetite.view"
    serializer_class = MatrixSerializer

    def rows(self) -> QuerySet[Matrix]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Matrix.objects.adopted(at).select_related("adopted_by", "follows")


class Matrices(MatrixDoor, ListDoor):
    """The one in force first."""

    order = ("-adopted_at", "-id")


class OneMatrix(MatrixDoor, RowDoor):
    pass


class DraftMatrixSerializer(serializers.Serializer[Any]):
    """As MatrixSerializer has them; carried: for each level of the one in force."""

    likelihoods = serializers.ListField(child=serializers.CharField(max_length=LABEL), max_length=10)
    impacts = serializers.ListField(child=serializers.CharField(max_length=LABEL), max_length=10)
    levels = serializers.ListField(child=MatrixLevelSerializer(), max_length=10)
    cells = serializers.ListField(child=indices(), max_length=10)
    by_severity = indices()
    carried = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=5), max_length=10, required=False, default=list
    )


class AdoptMatrixSerializer(DraftMatrixSerializer, ApprovalSerializer):
    """read: the one in force as it was read, null where there was none."""

    because = serializers.CharField(max_length=2000)
    read = RowField(lambda user: Matrix.objects.all(), allow_null=True)


def drafted(said: dict[str, Any]) -> Draft:
    """Takes its fields out of what was said."""
    names = ("likelihoods", "impacts", "levels", "cells", "by_severity", "carried")
    return Draft(**{name: said.pop(name) for name in names})


class StandingsSerializer(serializers.Serializer[Any]):
    """How many open risks stand how, before and after; those that stand so neither before nor after are left out."""

    before = serializers.DictField(child=serializers.IntegerField(), source="standings_before")
    after = serializers.DictField(child=serializers.IntegerField(), source="standings_after")


class WhatMatrixWouldChange(Act):
    """Changes nothing."""

    action, said = "appetite.manage", DraftMatrixSerializer
    serializer_class = StandingsSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Effect:
        draft = drafted(said)
        for words in matrices.flaws(draft, Matrix.objects.in_force(clock.now())):
            raise Refused(words)
        return matrices.effect(draft)

    def told(self, done: Effect) -> Any:
        return self.get_serializer(done).data


class AdoptMatrix(MatrixDoor, Act):
    """In force at once; what was assessed before keeps its own, and reads as `carried` says."""

    action, said, makes = "appetite.manage", AdoptMatrixSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Matrix:
        draft = drafted(said)
        try:
            return matrices.adopt(draft, by=by, **said)
        except StaleRow as stale:
            words = _("Another matrix was adopted this moment. Look at that one, then begin again from it.")
            raise Refused(words, "read") from stale


urlpatterns = [
    path("matrices/", Matrices.as_view(), name="matrices"),
    path("matrices/effect/", WhatMatrixWouldChange.as_view(), name="matrix_effect"),
    path("matrices/adopt/", AdoptMatrix.as_view(), name="matrix_adopt"),
    path("matrices/<str:public_id>/", OneMatrix.as_view(), name="matrix"),
]
