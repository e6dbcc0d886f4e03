"""Resources and checks for programs, as their pages tell of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from audit.public_id import get_or_404
from findings import unowned
from findings.acceptances import how_many_accepted
from findings.api import MOMENT, moment_of
from findings.check_trend import check_trend
from findings.explore import FindingFilter
from findings.facets import facets
from findings.fixes import fix_for
from findings.listing import account_names, solutions_of
from findings.models import Check, Resource, Severity
from findings.tallies import Tally, tallies
from findings.timeline import recent_changes, told
from organisation.models import Solution, Visibility
from organisation.rest import Door, ListSchema, RowDoor


class ResourceSerializer(serializers.ModelSerializer[Resource]):
    """solutions: those that it belongs to, as far as the caller may know of them."""

    id = serializers.CharField(source="public_id")
    solutions = serializers.SerializerMethodField()

    class Meta:
        model = Resource
        fields = [
            "id", "key", "type", "native_id", "name", "account", "region", "tags", "solutions", "first_seen_at",
            "in_inventory_at", "gone_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_solutions(self, resource: Resource) -> list[str]:
        seen: Visibility = self.context["seen"]
        return [f"S-{key}" for key in resource.solutions if seen.everything or key in seen.solutions]


class ChangeOfFindingSerializer(serializers.Serializer[Any]):
    finding = serializers.CharField(source="span.finding.public_id")
    check = serializers.CharField(source="span.check_ran.key")
    at = serializers.DateTimeField(source="span.valid_from")
    words = serializers.ListField(child=serializers.CharField())


class OneResourceSerializer(ResourceSerializer):
    """by_status: how many findings say what of it, at the moment; findings/?resource= lists them. accepted: of those
    that fail, how many under an exception. changes: the latest.
    """

    by_status = serializers.SerializerMethodField()
    accepted = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    class Meta(ResourceSerializer.Meta):
        fields = [*ResourceSerializer.Meta.fields, "by_status", "accepted", "changes"]

    def get_by_status(self, resource: Resource) -> dict[str, int]:
        counted = facets(self._asked(resource), self.context["request"].user, moment_of(self.context["request"]))
        return {status: n for status, n in counted.by_status.items() if n}

    def get_accepted(self, resource: Resource) -> int:
        moment = moment_of(self.context["request"])
        return how_many_accepted(self._asked(resource).spans(self.context["request"].user, moment), moment)

    @extend_schema_field(ChangeOfFindingSerializer(many=True))
    def get_changes(self, resource: Resource) -> Any:
        request = self.context["request"]
        changes: Any = told(recent_changes(resource, request.user, moment_of(request)))
        return ChangeOfFindingSerializer(changes, many=True).data

    def _asked(self, resource: Resource) -> FindingFilter:
        return FindingFilter.of(QueryDict(f"resource={resource.public_id}"), self.context["request"].user)


class ResourceDoor(Door):
    action = "finding.view"
    serializer_class: Any = OneResourceSerializer

    def rows(self) -> QuerySet[Resource]:
        return Resource.objects.visible_to(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "seen": Visibility.of(self.request.user)}


class OneResource(ResourceDoor, RowDoor):
    @extend_schema(parameters=MOMENT)
    def get(self, request: Request, public_id: str) -> Response:
        return super().get(request, public_id)


class UnownedSerializer(serializers.Serializer[unowned.Row]):
    """fails: findings that fail on it. worst: the highest severity among them, inherited where every one of them
    inherits it. since: the oldest of them.
    """

    resource = ResourceSerializer()
    fails = serializers.IntegerField()
    worst = serializers.SerializerMethodField()
    inherited = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)

    def get_worst(self, row: unowned.Row) -> str | None:
        return str(Severity(row.worst).label) if row.fails else None


class UnownedPageSerializer(serializers.Serializer[Any]):
    """failing, fails: how many resources fail, and their findings. resources: all that belong to no solution."""

    results = UnownedSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    failing = serializers.IntegerField()
    fails = serializers.IntegerField()
    resources = serializers.IntegerField()


class UnownedResources(ResourceDoor):
    """What belongs to no solution: with failing findings, worst first, or all of it."""

    serializer_class = UnownedSerializer
    schema = ListSchema()

    @extend_schema(
        parameters=[OpenApiParameter("all", enum=["yes"]), OpenApiParameter("cursor", str), *MOMENT],
        responses=UnownedPageSerializer,
    )
    def get(self, request: Request) -> Response:
        moment, cursor = moment_of(request), request.query_params.get("cursor", "")
        if request.query_params.get("all") == "yes":
            page = unowned.all_of(request.user, cursor)
            rows = unowned.described(page.rows, request.user, moment)
        else:
            page, rows = unowned.failing(request.user, moment, cursor)
        figures = unowned.figures(request.user, moment)
        here, following = request.build_absolute_uri(), page.next_cursor
        return Response(
            {
                "results": self.get_serializer(rows, many=True).data,
                "next": replace_query_param(here, "cursor", following) if following else None,
                "failing": figures.failing,
                "fails": figures.fails,
                "resources": figures.resources,
            }
        )


class TallySerializer(serializers.Serializer[Tally]):
    """Suppressed ones stand apart, and are in no other count."""

    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    unknown = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    reported = serializers.IntegerField()
    suppressed = serializers.IntegerField()


class OfAccountSerializer(TallySerializer):
    account = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class OfSolutionSerializer(TallySerializer):
    """solution: null for what belongs to none."""

    solution = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)


class DayOfCheckSerializer(serializers.Serializer[Any]):
    """failed: null before the check was first seen."""

    day = serializers.DateField(source="at")
    failed = serializers.IntegerField(source="value", allow_null=True)


class FixSerializer(serializers.Serializer[Any]):
    """What to change: cli, terraform and cloudformation are code."""

    what = serializers.CharField()
    console = serializers.CharField()
    cli = serializers.CharField()
    terraform = serializers.CharField()
    cloudformation = serializers.CharField()
    verify = serializers.CharField()


class StandingOfCheckSerializer(serializers.Serializer[Any]):
    """How a check stands at the moment, in what the caller sees. fix: null where none is written."""

    total = TallySerializer()
    by_account = OfAccountSerializer(many=True)
    by_solution = OfSolutionSerializer(many=True)
    trend = DayOfCheckSerializer(many=True)
    fix = FixSerializer(allow_null=True)


class StandingOfCheck(Door):
    action = "finding.view"
    serializer_class = StandingOfCheckSerializer

    @extend_schema(parameters=MOMENT)
    def get(self, request: Request, public_id: str) -> Response:
        check, moment, user = get_or_404(Check.objects.all(), public_id), moment_of(request), request.user
        where = Q(check_ran=check)
        accounts = tallies(user, moment, "account", where=where)
        owners = tallies(user, moment, "solutions", where=where)
        names = account_names(key for (key,) in accounts)
        solutions = solutions_of((key for (key,) in owners if key), user)
        told = {
            "total": tallies(user, moment, where=where).get((), Tally()),
            "by_account": [_named(tally, account=key, name=names.get(key, "")) for (key,), tally in accounts.items()],
            "by_solution": [
                _named(
                    tally, solution=solutions[key].public_id if key else None, name=solutions[key].name if key else ""
                )
                for (key,), tally in owners.items()
                if key is None or key in solutions
            ],
            "trend": check_trend(check, user, moment),
            "fix": fix_for(check),
        }
        return Response(self.get_serializer(told).data)


COUNTED = tuple(TallySerializer().get_fields())


def _named(tally: Tally, **names: str | None) -> dict[str, Any]:
    return {**{name: getattr(tally, name) for name in COUNTED}, **names}


def _of_solution(tally: Tally, solution: Solution | None) -> dict[str, Any]:
    if solution is None:
        return _named(tally, solution=None, name="")
    return _named(tally, solution=solution.public_id, name=solution.name)


urlpatterns = [
    path("resources/unowned/", UnownedResources.as_view(), name="resources_unowned"),
    path("resources/<str:public_id>/", OneResource.as_view(), name="resource"),
    path("checks/<str:public_id>/standing/", StandingOfCheck.as_view(), name="check_standing"),
]
