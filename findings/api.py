from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from findings.coverage_figures import held_of, in_state, known_at, scopes_visible_to, with_state
from findings.explore import ORDERS, WORST_FIRST, FindingFilter
from findings.facets import facets
from findings.listing import listed
from findings.models import Check, CoverageState, FindingSpan, Scope, Severity
from findings.parameters import PARAMETERS
from findings.provenance import record_at
from findings.timeline import finding_or_404, history_of, holding
from findings.views.detail import as_file
from organisation.models import Visibility
from organisation.rest import Door, ListDoor, RowDoor

MOMENT = [
    OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="When it was true; now where it is not given."),
    OpenApiParameter("known_at", OpenApiTypes.DATETIME, description="As the portal knew it then."),
]
FILTER = [
    OpenApiParameter(name, many=parameter.many, description=f"{parameter.label}, as on the explorer's page.")
    for name, parameter in PARAMETERS.items()
]


def moment_of(request: Request) -> Moment:
    return request._request.moment  # type: ignore[attr-defined,no-any-return]


class FindingSerializer(serializers.ModelSerializer[FindingSpan]):
    """What a finding says at the moment asked for."""

    id = serializers.CharField(source="finding.public_id")
    source: Any = serializers.CharField(source="finding.source")
    check = serializers.CharField(source="check_ran.public_id")
    check_key = serializers.CharField(source="check_ran.key")
    title = serializers.SerializerMethodField()
    accepted_by = serializers.CharField(allow_null=True, help_text="The exception under which it fails.")
    severity = serializers.CharField(source="get_severity_display")
    severity_inherited = serializers.BooleanField(source="check_ran.inherits_severity")
    resource = serializers.CharField(source="finding.resource.public_id", allow_null=True, default=None)
    resource_key = serializers.CharField(source="finding.resource.key", allow_null=True, default=None)
    resource_type = serializers.CharField(source="finding.resource.type", allow_null=True, default=None)
    solutions = serializers.SerializerMethodField()
    product = serializers.CharField(source="finding.product")
    native_id = serializers.CharField(source="finding.native_id")
    evaluated_at = serializers.DateTimeField(source="finding.evaluated_at")

    class Meta:
        model = FindingSpan
        fields = [
            "id",
            "check",
            "check_key",
            "title",
            "status",
            "compliance_status",
            "severity",
            "severity_inherited",
            "workflow",
            "accepted_by",
            "record_state",
            "scored",
            "status_since",
            "valid_from",
            "valid_from_source",
            "recorded_at",
            "account",
            "region",
            "resource",
            "resource_key",
            "resource_type",
            "solutions",
            "source",
            "product",
            "native_id",
            "evaluated_at",
        ]

    def get_title(self, span: FindingSpan) -> str:
        return span.check_ran.title or span.finding.title

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_solutions(self, span: FindingSpan) -> list[str]:
        """Those that the caller may know of."""
        seen: Visibility = self.context["seen"]
        return [f"S-{key}" for key in span.solutions if seen.everything or key in seen.solutions]


class CountsSerializer(serializers.Serializer[Any]):
    """total: of the list. by_status, by_severity: whatever the filter asks of that itself; empty where there is more
    than can be told apart.
    """

    total = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_severity = serializers.DictField(child=serializers.IntegerField())


class HowManyFindings(Door):
    """The figures beside the explorer's filter."""

    action = "finding.view"
    serializer_class = CountsSerializer

    @extend_schema(operation_id="findings_count", parameters=[*FILTER, *MOMENT], responses=CountsSerializer)
    def get(self, request: Request) -> Response:
        counted = facets(readable(request), request.user, moment_of(request))
        severities = {str(Severity(rank).label): n for rank, n in counted.by_severity.items() if n}
        by_status = {status: n for status, n in counted.by_status.items() if n}
        told = {"total": counted.total, "by_status": by_status, "by_severity": severities}
        return Response(told if not counted.beyond else {**told, "by_status": {}, "by_severity": {}})


def readable(request: Request) -> FindingFilter:
    """The filter of the address. Raises ValidationError, by name."""
    asked = FindingFilter.of(request._request.GET, request.user)
    if asked.errors:
        raise ValidationError({name: str(words) for name, words in asked.errors.items()})
    return asked


class SpanSerializer(serializers.ModelSerializer[FindingSpan]):
    class Meta:
        model = FindingSpan
        fields = [
            "status",
            "compliance_status",
            "severity",
            "workflow",
            "record_state",
            "status_since",
            "valid_from",
            "valid_to",
            "valid_from_source",
            "recorded_at",
            "end_recorded_at",
            "superseded_at",
        ]


class Findings(ListDoor):
    """Findings as the explorer lists them: the same parameters, the same rows, worst first."""

    action = "finding.view"
    serializer_class = FindingSerializer
    order = ORDERS[WORST_FIRST]

    @extend_schema(parameters=[*FILTER, *MOMENT])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[FindingSpan]:
        return listed(readable(self.request).spans(self.request.user, moment_of(self.request)), moment_of(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "seen": Visibility.of(self.request.user)}


class OneFinding(RowDoor):
    """A finding at the moment, with its history and the raw record as AWS gave it."""

    action = "finding.view"
    serializer_class = FindingSerializer

    @extend_schema(parameters=MOMENT, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        found = finding_or_404(public_id, request.user)
        moment = moment_of(request)
        held = holding(found, request.user, moment)
        record = record_at(found, moment)
        context = {**self.get_serializer_context(), "seen": Visibility.of(request.user)}
        return Response(
            {
                "id": found.public_id,
                "finding": FindingSerializer(held, context=context).data if held else None,
                "history": SpanSerializer(history_of(found, request.user, moment), many=True).data,
                "record": {
                    "captured_at": record.captured_at,
                    "sha256": record.sha256,
                    "body": record.content,
                }
                if record
                else None,
            }
        )


class RecordOfFinding(Door):
    """The whole raw record of the moment as a file, byte by byte as its SHA-256 is of."""

    action = "finding.view"

    @extend_schema(parameters=MOMENT, responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        return as_file(finding_or_404(public_id, request.user), moment_of(request))


class CheckSerializer(serializers.ModelSerializer[Check]):
    id = serializers.CharField(source="public_id")
    severity = serializers.CharField(source="get_severity_display")
    severity_inherited = serializers.BooleanField(source="inherits_severity")

    class Meta:
        model = Check
        fields = [
            "id",
            "source",
            "key",
            "kind",
            "title",
            "description",
            "severity",
            "severity_inherited",
            "config_rule",
            "remediation_text",
            "remediation_url",
            "resource_types",
            "standards",
            "requirements",
            "first_seen_at",
        ]


class Checks(ListDoor):
    action = "finding.view"
    serializer_class = CheckSerializer

    def rows(self) -> QuerySet[Check]:
        return Check.objects.all()


class OneCheck(RowDoor):
    action = "finding.view"
    serializer_class = CheckSerializer

    def rows(self) -> QuerySet[Check]:
        return Check.objects.all()


class CoverageSerializer(serializers.ModelSerializer[Scope]):
    """An account, a region and a source, and what could be said of it at the moment."""

    id = serializers.CharField(source="public_id")
    connection = serializers.CharField(source="connection.public_id")
    state = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    since = serializers.SerializerMethodField()

    class Meta:
        model = Scope
        fields = ["id", "connection", "account", "region", "source", "state", "reason", "since", "evaluated_at"]

    def get_state(self, scope: Scope) -> str:
        return held_of(scope).state

    def get_reason(self, scope: Scope) -> str:
        return held_of(scope).reason

    def get_since(self, scope: Scope) -> datetime:
        return held_of(scope).valid_from


class Coverage(ListDoor):
    action = "coverage.view"
    serializer_class = CoverageSerializer
    order = ("account", "region", "source", "id")

    @extend_schema(parameters=[OpenApiParameter("state", enum=CoverageState.values), *MOMENT])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Scope]:
        moment, state = moment_of(self.request), self.request.query_params.get("state", "")
        scopes = known_at(scopes_visible_to(self.request.user, moment.at), moment)
        scopes = in_state(scopes, state, moment) if state in CoverageState.values else scopes
        return with_state(scopes.select_related("connection"), moment)


urlpatterns = [
    path("findings/", Findings.as_view(), name="findings"),
    path("findings/count/", HowManyFindings.as_view(), name="findings_count"),
    path("findings/<str:public_id>/", OneFinding.as_view(), name="finding"),
    path("findings/<str:public_id>/record/", RecordOfFinding.as_view(), name="finding_record"),
    path("checks/", Checks.as_view(), name="checks"),
    path("checks/<str:public_id>/", OneCheck.as_view(), name="check"),
    path("coverage/", Coverage.as_view(), name="coverage"),
]
