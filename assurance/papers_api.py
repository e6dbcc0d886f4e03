"""Tests of controls for programs: what was tested, how, and what was concluded, as the pages show it."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assurance.models import ControlTest, Population, Sample, SampleItem
from assurance.paper_list import as_of
from assurance.testing import OPEN
from controls.register_api import NamedSerializer
from organisation.rest import Door, ListDoor, RowDoor


class ControlTestSerializer(serializers.ModelSerializer[ControlTest]):
    """state: at the moment asked about. The conclusion is there once there is one; before its review, for the team."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    engagement = serializers.CharField(source="engagement.public_id")
    control = NamedSerializer()
    solution = NamedSerializer(allow_null=True)
    assigned_to = NamedSerializer(allow_null=True)
    prepared_by = NamedSerializer(allow_null=True)
    reviewed_by = NamedSerializer(allow_null=True)

    class Meta:
        model = ControlTest
        fields = [
            "id", "engagement", "control", "solution", "kind", "state", "procedure", "assigned_to", "configuration",
            "conclusion", "because", "deviations", "unobserved_hours", "prepared_by", "prepared_at", "reviewed_by",
            "reviewed_at", "version",
        ]  # fmt: skip

    def to_representation(self, instance: ControlTest) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(instance)
        if told["state"] in OPEN:
            told |= {"conclusion": "", "because": "", "deviations": None, "unobserved_hours": None}
            told |= {"prepared_by": None, "prepared_at": None, "reviewed_by": None, "reviewed_at": None}
        return told


class SampleItemSerializer(serializers.ModelSerializer[SampleItem]):
    class Meta:
        model = SampleItem
        fields = ["number", "key", "label", "stratum", "result", "note", "tested_at"]


class SampleSerializer(serializers.ModelSerializer[Sample]):
    """confidence, tolerable, expected: shares of 1."""

    id = serializers.CharField(source="public_id")
    items = SampleItemSerializer(many=True)

    class Meta:
        model = Sample
        fields = [
            "id", "method", "seed", "strata", "confidence", "tolerable", "expected", "size", "size_because", "drawn_at",
            "issued_at", "items",
        ]  # fmt: skip


class PopulationSerializer(serializers.ModelSerializer[Population]):
    """sha256: of the frozen list, which is the piece of evidence named beside it. sample: null where none is seen."""

    id = serializers.CharField(source="public_id")
    evidence = serializers.CharField(source="evidence.public_id")
    sha256 = serializers.CharField(source="evidence.sha256")
    sample = serializers.SerializerMethodField()

    class Meta:
        model = Population
        fields = [
            "id", "source", "against", "at", "known_at", "size", "evidence", "sha256", "only_here_count",
            "only_there_count", "explained", "frozen_at", "sample",
        ]  # fmt: skip

    @extend_schema_field(SampleSerializer(allow_null=True))
    def get_sample(self, row: Population) -> Any:
        seen = Sample.objects.visible_to(self.context["request"].user).filter(population=row)
        sample = seen.prefetch_related("items").first()
        return SampleSerializer(sample).data if sample else None


class OneControlTestSerializer(ControlTestSerializer):
    populations = PopulationSerializer(many=True)

    class Meta(ControlTestSerializer.Meta):
        fields = [*ControlTestSerializer.Meta.fields, "populations"]


class ControlTestDoor(Door):
    action = "engagement.view"
    serializer_class = ControlTestSerializer

    def rows(self) -> QuerySet[ControlTest]:
        user: Any = self.request.user
        found = as_of(ControlTest.objects.visible_to(user), user, self.request.moment)  # type: ignore[attr-defined]
        return found.select_related("engagement", "control", "solution", "assigned_to", "prepared_by", "reviewed_by")


class ControlTests(ControlTestDoor, ListDoor):
    order = ("-id",)


class OneControlTest(ControlTestDoor, RowDoor):
    serializer_class = OneControlTestSerializer

    def rows(self) -> QuerySet[ControlTest]:
        frozen = Population.objects.filter(
            frozen_at__lte=self.request.moment.at  # type: ignore[attr-defined]
        )
        return super().rows().prefetch_related(Prefetch("populations", frozen.select_related("evidence")))


urlpatterns = [
    path("control-tests/", ControlTests.as_view(), name="control_tests"),
    path("control-tests/<str:public_id>/", OneControlTest.as_view(), name="control_test"),
]
