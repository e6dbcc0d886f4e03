"""Where requirements and controls stand and stood, for programs: what the pages of frameworks show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.public_id import get_or_404
from controls.acts import history
from controls.api import StandingSerializer
from controls.history import Lately, named
from controls.hub import ControlStatus, standards
from controls.models import Control, Edition, Framework, Requirement
from controls.parts import shown, worst_first
from controls.register_api import NamedSerializer
from controls.results import within
from controls.standing import Monitoring, workings_of_requirement
from controls.views.over_time import control_over_time, requirement_over_time
from controls.views.posture import rows_of, solutions_of, versions_that_count
from controls.views.requirement import edition_at
from organisation.models import Solution, User
from organisation.rest import Door

SOLUTION = OpenApiParameter("solution")
PERIOD = [SOLUTION, OpenApiParameter("from"), OpenApiParameter("to")]


def whole(rows: Any) -> dict[str, Any]:
    """A list that is never long, in the form of every list."""
    return {"results": rows, "next": None}


class WordedSerializer(serializers.ModelSerializer[Edition]):
    """As the current version words it. text, guidance: where somebody imported them."""

    version = serializers.CharField(source="version.label")
    section = serializers.CharField(source="section.path", default="")

    class Meta:
        model = Edition
        fields = ["version", "label", "title", "text", "guidance", "section", "obligation", "classifications"]


class PartSerializer(serializers.Serializer[Any]):
    """Something that shows something of it. relation: how. checks: ids of those observed behind it."""

    kind = serializers.CharField(source="part.kind.value")
    name = serializers.CharField()
    title = serializers.CharField()
    relation = serializers.CharField(source="part.relation")
    status = serializers.ChoiceField(choices=Monitoring.choices, source="part.monitoring")
    checks = serializers.SerializerMethodField()

    def get_checks(self, one: Any) -> list[str]:
        return [check.public_id for check in one.checks]


class InSolutionSerializer(serializers.Serializer[Any]):
    solution = NamedSerializer()
    status = serializers.ChoiceField(choices=Monitoring.choices)


class RequirementSerializer(serializers.Serializer[Any]):
    """worded: null where the current version does not have it. parts: the worst first."""

    id = serializers.CharField()
    key = serializers.CharField()
    framework = serializers.CharField()
    worded = WordedSerializer(allow_null=True)
    standing = StandingSerializer()
    parts = PartSerializer(many=True)
    solutions = InSolutionSerializer(many=True)


class RequirementDoor(Door):
    action = "framework.view"
    serializer_class = RequirementSerializer

    def rows(self) -> QuerySet[Requirement]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Requirement.objects.filter(added_at__lte=at).select_related("framework")

    def get_queryset(self) -> QuerySet[Requirement]:
        return Requirement.objects.none() if getattr(self, "swagger_fake_view", False) else self.rows()


class OneRequirement(RequirementDoor):
    """Where it stands for the caller, or in one ?solution, by which parts; and in each solution that they see."""

    @extend_schema(parameters=[SOLUTION])
    def get(self, request: Request, public_id: str) -> Response:
        moment, user = request.moment, request.user  # type: ignore[attr-defined]
        found = get_or_404(self.get_queryset(), public_id)
        scope = within(request.query_params.get("solution", ""), user, moment.at)
        editions = list(found.editions.select_related("version", "section").order_by("-version_id"))
        solutions = list(Solution.objects.added_by(moment.at).in_use(moment.at).visible_to(user))
        workings, each = workings_of_requirement(user, moment, found.pk, scope, solutions)
        standing = workings.requirement(found.pk)
        told = {
            "id": found.public_id,
            "key": found.key,
            "framework": found.framework.public_id,
            "worded": edition_at(editions, moment.at),
            "standing": standing,
            "parts": worst_first(shown(standing.parts, moment.at)),
            "solutions": [
                {"solution": one, "status": each[one.pk].requirement(found.pk).monitoring} for one in solutions
            ],
        }
        return Response(RequirementSerializer(told).data)


class StretchSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Monitoring.choices)
    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()


class PeriodSerializer(serializers.Serializer[Any]):
    """failing: seconds in which at least one finding failed; longest: the longest that one failed without a break.
    unobserved, blind: seconds in which a place, or every one, could not be spoken for. share: of all hours of all
    places those unobserved, in per cent.
    """

    failing = serializers.SerializerMethodField()
    longest = serializers.SerializerMethodField()
    longest_from = serializers.DateTimeField(allow_null=True)
    longest_of = serializers.CharField(source="longest_of.public_id", allow_null=True, default=None)
    places = serializers.IntegerField()
    unobserved = serializers.SerializerMethodField()
    blind = serializers.SerializerMethodField()
    share = serializers.FloatField(allow_null=True)

    def get_failing(self, period: Any) -> float:
        return seconds(period.failing)

    def get_longest(self, period: Any) -> float:
        return seconds(period.longest)

    def get_unobserved(self, period: Any) -> float:
        return seconds(period.unobserved)

    def get_blind(self, period: Any) -> float:
        return seconds(period.blind)


def seconds(lasted: timedelta) -> float:
    return lasted.total_seconds()


class OverTimeSerializer(serializers.Serializer[Any]):
    """since: since when it stands as it does; null where that is not kept for the caller. strip: where it stood.
    period: null where no check shows it.
    """

    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()
    since = serializers.DateTimeField(allow_null=True)
    strip = StretchSerializer(many=True)
    period = PeriodSerializer(allow_null=True)


class RequirementHistory(RequirementDoor):
    """?from, to: dates; the last 90 days where none is given."""

    @extend_schema(parameters=PERIOD, responses=OverTimeSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        asker: Any = request._request
        found = get_or_404(self.get_queryset(), public_id)
        scope = within(request.query_params.get("solution", ""), asker.user, asker.moment.at)
        told, _workings = requirement_over_time(asker, found, scope)
        return Response(OverTimeSerializer(told).data)


class ControlDoor(Door):
    action = "control.view"
    serializer_class = OverTimeSerializer

    def get_queryset(self) -> QuerySet[Control]:
        if getattr(self, "swagger_fake_view", False):
            return Control.objects.none()
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Control.objects.visible_to(self.request.user).added_by(at).select_related("owner", "solution")


class ControlHistory(ControlDoor):
    """?from, to: dates; the last 90 days where none is given."""

    @extend_schema(parameters=PERIOD, responses=OverTimeSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        asker: Any = request._request
        found = get_or_404(self.get_queryset(), public_id)
        scope = within(request.query_params.get("solution", ""), asker.user, asker.moment.at)
        return Response(OverTimeSerializer(control_over_time(asker, found, scope)).data)


class FieldChangeSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField()
    after = serializers.CharField()


class HistoryActSerializer(serializers.Serializer[Any]):
    """What somebody did, in words. about: what else it has to do with."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    words = serializers.CharField()
    because = serializers.CharField()
    about = serializers.CharField()
    changes = FieldChangeSerializer(many=True)


class ControlActs(ControlDoor):
    """What people did to it, the latest first."""

    @extend_schema(responses=HistoryActSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        assert isinstance(request.user, User)
        at = request.moment.at  # type: ignore[attr-defined]
        done: Any = history(get_or_404(self.get_queryset(), public_id), request.user, at)
        return Response(whole(HistoryActSerializer(done, many=True).data))


class DaySerializer(serializers.Serializer[Any]):
    """failing: requirements that failed at the end of it, wholly or partly; null where that is not known."""

    on = serializers.DateField()
    failing = serializers.IntegerField(allow_null=True)


class StandingChangeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    requirement = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    was = serializers.ChoiceField(choices=Monitoring.choices)
    now = serializers.ChoiceField(choices=Monitoring.choices)


class LatelySerializer(serializers.Serializer[Any]):
    days = DaySerializer(many=True)
    changes = StandingChangeSerializer(many=True)


class FrameworkLately(Door):
    """The last 30 days of a framework's current version, as they were kept; the latest changes first."""

    action = "framework.view"
    serializer_class = LatelySerializer

    def get_queryset(self) -> QuerySet[Framework]:
        if getattr(self, "swagger_fake_view", False):
            return Framework.objects.none()
        return Framework.objects.filter(added_at__lte=self.request.moment.at)  # type: ignore[attr-defined]

    @extend_schema(parameters=[SOLUTION], responses=LatelySerializer)
    def get(self, request: Request, public_id: str) -> Response:
        moment = request.moment  # type: ignore[attr-defined]
        found = get_or_404(self.get_queryset(), public_id)
        scope = within(request.query_params.get("solution", ""), request.user, moment.at)
        lately = Lately.of(found, request.user, moment, scope)
        version = found.versions.current(moment.at).first()
        changes = named(lately.changes(), version) if version else []
        told = {
            "days": [{"on": one["at"], "failing": one["value"]} for one in lately.points(lambda day: "")],
            "changes": [
                {"at": one.at, "requirement": worded.requirement.public_id, "label": worded.label, "was": one.was,
                 "now": one.is_}
                for one, worded in changes
            ],
        }  # fmt: skip
        return Response(LatelySerializer(told).data)


class FrameworkInSolutionSerializer(serializers.Serializer[Any]):
    """statuses: how many requirements stand how."""

    framework = serializers.CharField(source="version.framework.public_id")
    key = serializers.CharField(source="version.framework.key")
    version = serializers.CharField(source="version.label")
    statuses = serializers.DictField(child=serializers.IntegerField(), source="stands.counts")


class SolutionStandingSerializer(serializers.Serializer[Any]):
    solution = NamedSerializer()
    frameworks = FrameworkInSolutionSerializer(many=True, source="cells")


class SolutionStandings(Door):
    """Where the requirements of each framework stand in each solution that the caller sees."""

    action = "framework.view"
    serializer_class = SolutionStandingSerializer

    @extend_schema(responses=SolutionStandingSerializer(many=True))
    def get(self, request: Request) -> Response:
        asker: Any = request._request
        found: Any = rows_of(asker, versions_that_count(asker), solutions_of(asker))
        return Response(whole(SolutionStandingSerializer(found, many=True).data))


class HubControlSerializer(serializers.Serializer[Any]):
    check_id = serializers.CharField(source="check.public_id")
    key = serializers.CharField(source="check.key")
    status = serializers.ChoiceField(choices=ControlStatus.choices)
    failed = serializers.IntegerField(source="tally.failed")
    passed = serializers.IntegerField(source="tally.passed")
    suppressed = serializers.IntegerField(source="tally.suppressed")
    archived = serializers.IntegerField()


class HubStandardSerializer(serializers.Serializer[Any]):
    """id: as findings name it; empty for all, each control once. score: AWS's, per cent; null where none has data."""

    id = serializers.CharField()
    name = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    statuses = serializers.SerializerMethodField()
    controls = HubControlSerializer(many=True)

    def get_statuses(self, one: Any) -> dict[str, int]:
        return {status.value: n for status, n in one.counts}


class SecurityHub(Door):
    """Security Hub's scores as its console has them, and the controls behind each."""

    action = "posture.view"
    serializer_class = HubStandardSerializer

    @extend_schema(responses=HubStandardSerializer(many=True))
    def get(self, request: Request) -> Response:
        found: Any = standards(request.user, request.moment)  # type: ignore[attr-defined]
        return Response(whole(HubStandardSerializer(found, many=True).data))


urlpatterns = [
    path("requirements/<str:public_id>/", OneRequirement.as_view(), name="requirement"),
    path("requirements/<str:public_id>/history/", RequirementHistory.as_view(), name="requirement_history"),
    path("controls/<str:public_id>/history/", ControlHistory.as_view(), name="control_history"),
    path("controls/<str:public_id>/acts/", ControlActs.as_view(), name="control_acts"),
    path("frameworks/<str:public_id>/lately/", FrameworkLately.as_view(), name="framework_lately"),
    path("solution-standings/", SolutionStandings.as_view(), name="solution_standings"),
    path("security-hub/", SecurityHub.as_view(), name="security_hub"),
]
