"""Tests of controls for programs: what was tested, how, and what was concluded, as the pages show it."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assurance.configurations import Configuration, in_period
from assurance.drawing import allowed, requests_of
from assurance.models import ControlTest, Engagement, Population, Sample, SampleItem, TestStep
from assurance.paper_list import CHOICES, Papers, as_of
from assurance.testing import OPEN
from audit.public_id import get_or_404
from controls.register_api import NamedSerializer
from evidence.models import Evidence
from organisation.rest import Door, ListDoor, RowDoor

IDS = serializers.ListField(child=serializers.CharField())
PEOPLE = ("assigned_to", "prepared_by", "reviewed_by")


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
    """evidence, request: by id, as far as the reader may see them."""

    tested_by = NamedSerializer(allow_null=True)
    evidence = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField()

    class Meta:
        model = SampleItem
        fields = [
            "number", "key", "label", "stratum", "result", "note", "evidence", "request", "tested_by", "tested_at",
        ]  # fmt: skip

    @extend_schema_field(IDS)
    def get_evidence(self, row: SampleItem) -> list[str]:
        return [one.public_id for one in row.evidence.all()]

    def get_request(self, row: SampleItem) -> str | None:
        found = self.context["requests"].get(row.key)
        return found.public_id if found else None


class SampleSerializer(serializers.ModelSerializer[Sample]):
    """confidence, tolerable, expected: shares of 1. allowed: deviations that it bears; null where all was taken."""

    id = serializers.CharField(source="public_id")
    allowed = serializers.SerializerMethodField()
    items = SampleItemSerializer(many=True)

    class Meta:
        model = Sample
        fields = [
            "id", "method", "seed", "strata", "confidence", "tolerable", "expected", "size", "size_because", "allowed",
            "drawn_at", "issued_at", "items",
        ]  # fmt: skip

    def get_allowed(self, row: Sample) -> int | None:
        return allowed(row)


class PopulationSerializer(serializers.ModelSerializer[Population]):
    """sha256: of the frozen list, which is the piece of evidence named beside it. sample: null where none is seen.

    only_here, only_there: names of the first items that the other source lacks, of as many as are counted.
    """

    id = serializers.CharField(source="public_id")
    evidence = serializers.CharField(source="evidence.public_id")
    sha256 = serializers.CharField(source="evidence.sha256")
    sample = serializers.SerializerMethodField()

    class Meta:
        model = Population
        fields = [
            "id", "source", "against", "at", "known_at", "size", "evidence", "sha256", "only_here", "only_here_count",
            "only_there", "only_there_count", "explained", "frozen_at", "sample",
        ]  # fmt: skip

    @extend_schema_field(SampleSerializer(allow_null=True))
    def get_sample(self, row: Population) -> Any:
        user, at = self.context["request"].user, self.context["at"]
        sample = Sample.objects.visible_to(user).filter(population=row, drawn_at__lte=at).first()
        if sample is None:
            return None
        pieces = Prefetch("evidence", Evidence.objects.visible_to(user).order_by("pk"))
        rows = Sample.objects.select_related("population")
        sample = rows.prefetch_related(Prefetch("items", items_with(pieces))).get(pk=sample.pk)
        requests = requests_of(row.test, sample.items.all(), user)
        return SampleSerializer(sample, context={**self.context, "requests": requests}).data


def items_with(pieces: Prefetch[Any]) -> QuerySet[SampleItem]:
    return SampleItem.objects.select_related("tested_by").prefetch_related(pieces)


class TestStepSerializer(serializers.ModelSerializer[TestStep]):
    by = NamedSerializer()

    class Meta:
        model = TestStep
        fields = ["state", "at", "by", "words"]


class ConfigurationSerializer(serializers.Serializer[Configuration]):
    """From `begin` on, until the next one. what: what of it was new, in words."""

    begin = serializers.DateTimeField()
    sha256 = serializers.CharField()
    what = serializers.CharField()


class OneControlTestSerializer(ControlTestSerializer):
    """evidence: ids of the pieces attached to the test as a whole, as far as the reader may see them.

    configurations: those in which an automated control has to be tested.
    """

    configurations = serializers.SerializerMethodField()
    populations = PopulationSerializer(many=True)
    evidence = serializers.SerializerMethodField()
    steps = TestStepSerializer(many=True)

    class Meta(ControlTestSerializer.Meta):
        fields = [*ControlTestSerializer.Meta.fields, "configurations", "populations", "evidence", "steps"]

    @extend_schema_field(ConfigurationSerializer(many=True))
    def get_configurations(self, row: ControlTest) -> Any:
        found: Any = in_period(row, self.context["at"])
        return ConfigurationSerializer(found, many=True).data

    @extend_schema_field(IDS)
    def get_evidence(self, row: ControlTest) -> list[str]:
        return [one.public_id for one in row.evidence.all()]


class ControlTestDoor(Door):
    action = "engagement.view"
    versioned = ControlTest
    serializer_class: type[serializers.Serializer[Any]] = ControlTestSerializer

    def rows(self) -> QuerySet[ControlTest]:
        user: Any = self.request.user
        found = as_of(ControlTest.objects.visible_to(user), user, self.request.moment)  # type: ignore[attr-defined]
        return found.select_related("engagement", "control", "solution", *PEOPLE)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.request.moment.at}  # type: ignore[attr-defined]


class ControlTests(ControlTestDoor, ListDoor):
    """?engagement= narrows it to one; the others are the parameters of its page."""

    order = ("-id",)

    def rows(self) -> QuerySet[ControlTest]:
        user: Any = self.request.user
        asked, moment = self.request.GET, self.request.moment  # type: ignore[attr-defined]
        named = asked.get("engagement", "")
        engagement = get_or_404(Engagement.objects.visible_to(user), named) if named else None
        return Papers.of(asked, engagement, user, moment).rows.select_related("engagement", "reviewed_by")

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in ("engagement", *CHOICES, "q")])
    def get(self, request: Request) -> Response:
        return super().get(request)


class WholeControlTestDoor(ControlTestDoor):
    serializer_class = OneControlTestSerializer

    def rows(self) -> QuerySet[ControlTest]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        frozen = Population.objects.filter(frozen_at__lte=at).select_related("evidence", "test__engagement")
        pieces = Evidence.objects.visible_to(self.request.user).order_by("pk")
        steps = TestStep.objects.filter(at__lte=at).select_related("by")
        told = (Prefetch("populations", frozen), Prefetch("evidence", pieces), Prefetch("steps", steps))
        return super().rows().prefetch_related(*told)


class OneControlTest(WholeControlTestDoor, RowDoor):
    pass


urlpatterns = [
    path("control-tests/", ControlTests.as_view(), name="control_tests"),
    path("control-tests/<str:public_id>/", OneControlTest.as_view(), name="control_test"),
]
