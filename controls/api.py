from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.public_id import get_or_404
from controls import responsibility_api
from controls.effect import Effect, effect_of
from controls.listing import Asked, listed, requirement_choices, requirements
from controls.mapping_listing import mapping_choices, mappings
from controls.models import Edition, Framework, FrameworkVersion, Mapping
from controls.results import within
from controls.standing import Monitoring, Standing, standings_of_requirements
from organisation.rest import Door, ListDoor, RowDoor


class VersionSerializer(serializers.ModelSerializer[FrameworkVersion]):
    id = serializers.CharField(source="public_id")
    state = serializers.CharField()

    class Meta:
        model = FrameworkVersion
        fields = ["id", "label", "state", "published_on", "valid_from", "valid_to", "source_name", "source_sha256"]


class FrameworkSerializer(serializers.ModelSerializer[Framework]):
    id = serializers.CharField(source="public_id")
    versions = VersionSerializer(many=True)

    class Meta:
        model = Framework
        fields = ["id", "key", "name", "title", "publisher", "url", "licence", "key_word", "mappings_note", "versions"]


class StandingSerializer(serializers.Serializer[Standing]):
    """What checks, tests and attestations say; never whether it is effective. Fails: suppressed, accepted ones too."""

    status = serializers.ChoiceField(source="monitoring", choices=Monitoring.choices)
    is_automated = serializers.BooleanField()
    parts = serializers.IntegerField(source="carrying_parts")
    parts_failing = serializers.IntegerField(source="failing_parts")
    parts_passing = serializers.IntegerField(source="passing_parts")
    parts_not_observed = serializers.IntegerField(source="silent_parts")
    findings_failing = serializers.IntegerField(source="counts.failed")
    findings_failing_suppressed = serializers.IntegerField(source="counts.suppressed")
    findings_failing_accepted = serializers.IntegerField(source="counts.accepted")
    findings_assessed = serializers.IntegerField(source="counts.assessed")
    checks = serializers.ListField(child=serializers.CharField(), source="check_ids")


class EditionSerializer(serializers.ModelSerializer[Edition]):
    id = serializers.CharField(source="public_id")
    key = serializers.CharField(source="requirement.key")
    framework = serializers.CharField(source="requirement.framework.public_id")
    version = serializers.CharField(source="version.label")
    section = serializers.SerializerMethodField()
    standing = serializers.SerializerMethodField()

    class Meta:
        model = Edition
        fields = [
            "id", "key", "framework", "version", "label", "title", "section", "obligation", "classifications",
            "standing",
        ]  # fmt: skip

    @extend_schema_field(serializers.CharField())
    def get_section(self, edition: Edition) -> str:
        return edition.section.path if edition.section else ""

    @extend_schema_field(StandingSerializer())
    def get_standing(self, edition: Edition) -> Any:
        return StandingSerializer(self.context["view"].standings[edition.requirement_id]).data


class MappingSerializer(serializers.ModelSerializer[Mapping]):
    """requirement, control, check, other: its two ends, the others null."""

    id = serializers.CharField(source="public_id")
    pair = serializers.ChoiceField(choices=Mapping.Pair.choices)
    requirement = serializers.CharField(source="requirement.public_id", allow_null=True, default=None)
    key = serializers.CharField(source="requirement.key", allow_null=True, default=None)
    framework = serializers.CharField(source="requirement.framework.public_id", allow_null=True, default=None)
    control = serializers.CharField(source="control.public_id", allow_null=True, default=None)
    control_name = serializers.CharField(source="control.name", allow_null=True, default=None)
    check_source = serializers.CharField(source="check_named.source", allow_null=True, default=None)
    check_key = serializers.CharField(source="check_named.key", allow_null=True, default=None)
    other = serializers.CharField(source="other.public_id", allow_null=True, default=None)
    other_key = serializers.CharField(source="other.key", allow_null=True, default=None)
    other_framework = serializers.CharField(source="other.framework.public_id", allow_null=True, default=None)
    published_as = serializers.CharField(source="mapping_set.name", allow_null=True, default=None)
    stated_relation = serializers.CharField(help_text="The type that the source says, where another is stated.")

    class Meta:
        model = Mapping
        fields = [
            "id", "pair", "requirement", "key", "framework", "control", "control_name", "check_source", "check_key",
            "other", "other_key", "other_framework", "relation", "stated_relation", "state", "published_as", "named",
            "stated_label", "stated_obligation", "rationale", "proposed_by", "proposed_at", "approved_by",
            "approved_at", "approved_because", "ended_by", "ended_at", "ended_because",
        ]  # fmt: skip


def _at(view: APIView) -> datetime:
    moment: Any = view.request.moment  # type: ignore[attr-defined]
    at: datetime = moment.at
    return at


def _frameworks(view: APIView) -> QuerySet[Framework]:
    return Framework.objects.filter(added_at__lte=_at(view)).prefetch_related("versions")


class Frameworks(ListDoor):
    action = "framework.view"
    serializer_class = FrameworkSerializer
    order = ("name", "id")

    def rows(self) -> QuerySet[Framework]:
        return _frameworks(self)


class OneFramework(RowDoor):
    action = "framework.view"
    serializer_class = FrameworkSerializer

    def rows(self) -> QuerySet[Framework]:
        return _frameworks(self)


class Requirements(ListDoor):
    """Of the framework's current version, each with where it stands for the reader, or in one ?solution.

    ?section, status, automated, obligation, baseline, mapped, drift, q as its page takes them.
    """

    action = "framework.view"
    serializer_class = EditionSerializer
    order = ("position", "id")
    standings: dict[int, Standing]

    def get(self, request: Request, public_id: str = "") -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Edition]:
        found = get_or_404(_frameworks(self), self.kwargs["public_id"])
        version = found.versions.current(_at(self)).first()
        if version is None:
            return Edition.objects.none()
        query, moment = self.request.query_params, self.request.moment  # type: ignore[attr-defined]
        scope = within(query.get("solution", ""), self.request.user, _at(self))
        self.standings = standings_of_requirements(self.request.user, moment, version, scope)
        asked = Asked.of(query, requirement_choices(version))
        rows = listed(requirements(asked, version, _at(self), self.standings), _at(self))
        return rows.select_related("requirement__framework", "version", "section")


class Mappings(ListDoor):
    """?pair, framework=key, other, state, relation, set, control, by, drift, decision, q: as the page takes them."""

    action = "framework.view"
    serializer_class = MappingSerializer
    order = ("id",)

    def rows(self) -> QuerySet[Mapping]:
        user: Any = self.request.user
        query = self.request.query_params
        return mappings(Asked.of(query, mapping_choices(user, query)), user, _at(self)).with_ends()


class MappingDoor(Door):
    """As it is today; at an earlier moment than its proposal there is none."""

    action: ClassVar[str] = "framework.view"
    serializer_class = MappingSerializer

    def rows(self) -> QuerySet[Mapping]:
        return Mapping.objects.visible_to(self.request.user).filter(proposed_at__lte=_at(self)).with_ends()


class EffectSerializer(serializers.Serializer[Effect]):
    """How what it asks stands with it, and how it would stand without it."""

    now = serializers.ChoiceField(choices=Monitoring.choices)
    without = serializers.ChoiceField(choices=Monitoring.choices)


class OneMappingSerializer(MappingSerializer):
    """effect: of one that counts, where what it asks is the reader's to see."""

    effect = serializers.SerializerMethodField()

    class Meta(MappingSerializer.Meta):
        fields = [*MappingSerializer.Meta.fields, "effect"]

    @extend_schema_field(EffectSerializer(allow_null=True))
    def get_effect(self, mapping: Mapping) -> Any:
        request = self.context["request"]
        found = effect_of(mapping, request.user, request.moment) if mapping.state == Mapping.State.APPROVED else None
        return found and EffectSerializer(found).data


class OneMapping(MappingDoor, RowDoor):
    serializer_class = OneMappingSerializer


urlpatterns = [
    path("frameworks/", Frameworks.as_view(), name="frameworks"),
    path("frameworks/<str:public_id>/", OneFramework.as_view(), name="framework"),
    path("frameworks/<str:public_id>/requirements/", Requirements.as_view(), name="requirements"),
    path("mappings/", Mappings.as_view(), name="mappings"),
    path("mappings/<str:public_id>/", OneMapping.as_view(), name="mapping"),
    *responsibility_api.urlpatterns,
]
