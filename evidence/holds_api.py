"""Legal holds for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from controls.register_api import NamedSerializer
from evidence import holding
from evidence.evidence_list import as_of
from evidence.models import Evidence, LegalHold
from evidence.urls.ids import ONE
from organisation.models import Solution, User
from organisation.rest import Door, ListDoor
from organisation.rest_acts import Act, BecauseSerializer, RowField


class LegalHoldSerializer(serializers.ModelSerializer[LegalHold]):
    """On one piece of evidence, on all of a solution, or (both null) on everything. As it was at the moment."""

    id = serializers.CharField(source="public_id")
    evidence = serializers.CharField(source="evidence.public_id", allow_null=True, default=None)
    solution = NamedSerializer(allow_null=True)
    set_by = NamedSerializer()
    released_by = NamedSerializer(allow_null=True)

    class Meta:
        model = LegalHold
        fields = [
            "id", "evidence", "solution", "because", "set_by", "set_at", "released_by", "released_at",
            "released_because",
        ]  # fmt: skip

    def to_representation(self, row: LegalHold) -> Any:
        told = super().to_representation(row)
        if row.released_at and row.released_at > self.context["at"]:
            told |= {"released_by": None, "released_at": None, "released_because": ""}
        return told


class SetHoldSerializer(BecauseSerializer):
    """solution: whose evidence is held; without one, all evidence."""

    solution = RowField(lambda user: Solution.objects.visible_to(user), required=False, allow_null=True, default=None)


class HoldDoor(Door):
    action = "evidence.hold"
    serializer_class = LegalHoldSerializer

    def rows(self) -> QuerySet[LegalHold]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        rows = LegalHold.objects.filter(set_at__lte=at)
        return rows.select_related("evidence", "solution", "set_by", "released_by")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.request.moment.at}  # type: ignore[attr-defined]


class Holds(HoldDoor, ListDoor):
    order = ("-id",)


class SetHold(HoldDoor, Act):
    said, makes = SetHoldSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> LegalHold:
        return holding.hold(because=said["because"], solution=said["solution"], by=by)


class HoldPiece(HoldDoor, Act):
    said, makes = BecauseSerializer, True

    def subjects(self) -> QuerySet[Evidence]:
        return as_of(Evidence.objects.visible_to(self.request.user), self.request.moment)  # type: ignore[attr-defined]

    def do(self, row: Evidence, said: dict[str, Any], *, by: User) -> LegalHold:
        return holding.hold(because=said["because"], evidence=row, by=by)


class ReleaseHold(HoldDoor, Act):
    said = BecauseSerializer

    def do(self, row: LegalHold, said: dict[str, Any], *, by: User) -> LegalHold:
        return holding.release(row, because=said["because"], by=by)


urlpatterns = [
    path("evidence/holds/", Holds.as_view(), name="holds"),
    path("evidence/holds/add/", SetHold.as_view(), name="hold_add"),
    path("evidence/holds/<str:public_id>/release/", ReleaseHold.as_view(), name="hold_release"),
    path(f"evidence/{ONE}hold/", HoldPiece.as_view(), name="evidence_hold"),
]
