"""Engagements and audit findings for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assurance import finding_verbs
from assurance.engagement_list import seen_by
from assurance.finding_list import as_of
from assurance.finding_moves import Verb
from assurance.models import AuditFinding, AuditFindingStep, Engagement
from audit.public_id import get_or_404
from controls.register_api import NamedSerializer
from evidence.models import Evidence
from organisation.models import NotAllowed, Solution
from organisation.rest import DayField, Door, ListDoor, RowDoor


class EngagementSerializer(serializers.ModelSerializer[Engagement]):
    """state and counts: at the moment asked about. solutions: those that the reader may see, of `solutions_total`."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    framework = serializers.CharField(source="framework.public_id")
    solutions = serializers.SerializerMethodField()
    solutions_total = serializers.SerializerMethodField()
    planned_by = NamedSerializer(source="added_by")
    tests_total = serializers.IntegerField()
    tests_reviewed = serializers.IntegerField()
    findings_issued = serializers.IntegerField()

    class Meta:
        model = Engagement
        fields = [
            "id", "title", "objective", "state", "framework", "solutions", "solutions_total", "about_from", "about_to",
            "from_outside", "access_until", "planned_by", "added_at", "closed_at", "tests_total", "tests_reviewed",
            "findings_issued", "version",
        ]  # fmt: skip

    @extend_schema_field(NamedSerializer(many=True))
    def get_solutions(self, row: Engagement) -> Any:
        seen = self.context["seen"]
        return NamedSerializer([one for one in row.solutions.all() if one.pk in seen], many=True).data

    def get_solutions_total(self, row: Engagement) -> int:
        return len(row.solutions.all())


class EngagementDoor(Door):
    action = "engagement.view"
    serializer_class = EngagementSerializer

    def rows(self) -> QuerySet[Engagement]:
        found = seen_by(self.request.user, self.request.moment)  # type: ignore[attr-defined, arg-type]
        return found.select_related("framework", "added_by").prefetch_related("solutions")

    def get_serializer_context(self) -> dict[str, Any]:
        seen = Solution.objects.visible_to(self.request.user).values_list("pk", flat=True)
        return {**super().get_serializer_context(), "seen": set(seen)}


class Engagements(EngagementDoor, ListDoor):
    order = ("-id",)


class OneEngagement(EngagementDoor, RowDoor):
    pass


class AuditFindingStepSerializer(serializers.ModelSerializer[AuditFindingStep]):
    by = NamedSerializer()

    class Meta:
        model = AuditFindingStep
        fields = ["state", "at", "by", "words"]


class AuditFindingSerializer(serializers.ModelSerializer[AuditFinding]):
    """state: at the moment asked about. A draft is its team's alone."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    engagement = serializers.CharField(source="engagement.public_id")
    solution = NamedSerializer(allow_null=True)
    control = NamedSerializer(allow_null=True)
    owner = NamedSerializer()
    repeats = serializers.CharField(source="repeats.public_id", allow_null=True, default=None)

    class Meta:
        model = AuditFinding
        fields = [
            "id", "title", "rating", "state", "engagement", "solution", "control", "owner", "condition", "criteria",
            "cause", "effect", "recommendation", "response", "agreed_on", "repeats", "issued_at", "closed_at",
            "version",
        ]  # fmt: skip


class OneAuditFindingSerializer(AuditFindingSerializer):
    steps = AuditFindingStepSerializer(many=True)

    class Meta(AuditFindingSerializer.Meta):
        fields = [*AuditFindingSerializer.Meta.fields, "steps"]


class RespondSerializer(serializers.Serializer[Any]):
    """done_by: the day that is proposed. version: of the row as it was read."""

    words = serializers.CharField(max_length=4000)
    done_by = DayField()
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class DoneSerializer(serializers.Serializer[Any]):
    """evidence: public ids of the locker."""

    words = serializers.CharField(max_length=4000)
    evidence = serializers.ListField(child=serializers.CharField(), default=list)
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class AuditFindingDoor(Door):
    action = "audit_finding.view"
    versioned = AuditFinding
    serializer_class = AuditFindingSerializer

    def rows(self) -> QuerySet[AuditFinding]:
        user: Any = self.request.user
        found = as_of(AuditFinding.objects.visible_to(user), user, self.request.moment)  # type: ignore[attr-defined]
        return found.select_related("engagement", "solution", "control", "owner", "repeats")


class AuditFindings(AuditFindingDoor, ListDoor):
    order = ("-id",)


class OneAuditFinding(AuditFindingDoor, RowDoor):
    serializer_class = OneAuditFindingSerializer

    def rows(self) -> QuerySet[AuditFinding]:
        return super().rows().prefetch_related("steps__by")


class Respond(AuditFindingDoor):
    action = "audit_finding.respond"
    verb: ClassVar[Verb] = Verb.RESPOND

    @extend_schema(request=RespondSerializer, responses=AuditFindingSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        asked = RespondSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        return self.moved(public_id, words=said["words"], day=said["done_by"], read=said["version"])

    def moved(self, public_id: str, **said: Any) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        try:
            finding_verbs.move(found, self.verb, by=self.request.user, **said)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise ValidationError({getattr(no, "field", "") or "refused": [str(no)]}) from no
        return Response(self.get_serializer(self.rows().get(pk=found.pk)).data)


class SayDone(Respond):
    verb = Verb.DONE

    @extend_schema(request=DoneSerializer, responses=AuditFindingSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        asked = DoneSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        seen = Evidence.objects.visible_to(request.user)
        evidence = [get_or_404(seen, one) for one in said["evidence"]]
        return self.moved(public_id, words=said["words"], evidence=evidence, read=said["version"])


ONE = "audit-findings/<str:public_id>/"
urlpatterns = [
    path("engagements/", Engagements.as_view(), name="engagements"),
    path("engagements/<str:public_id>/", OneEngagement.as_view(), name="engagement"),
    path("audit-findings/", AuditFindings.as_view(), name="audit_findings"),
    path(ONE, OneAuditFinding.as_view(), name="audit_finding"),
    path(f"{ONE}respond/", Respond.as_view(), name="audit_finding_respond"),
    path(f"{ONE}done/", SayDone.as_view(), name="audit_finding_done"),
]
