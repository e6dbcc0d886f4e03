"""What the homes count, for programs, from the same code."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.register_api import NamedSerializer
from dashboard.administrator import administration
from dashboard.failing import standing
from dashboard.lines import line_of
from dashboard.reach import Reach
from dashboard.risks import standings
from dashboard.second_line import second_line
from dashboard.third_line import third_line
from findings.changes import Change
from findings.coverage_places import Place, figures_of_places, places
from findings.models import CoverageState
from findings.parameters import SEVERITY_WORDS
from findings.tallies import Tally
from organisation.models import Role
from organisation.rest import Door


class ResultsSerializer(serializers.Serializer[Tally]):
    """How many findings say what. Suppressed ones stand apart. per_cent_passed: of the assessed, rounded down."""

    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    unknown = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    reported = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    assessed = serializers.IntegerField()
    per_cent_passed = serializers.IntegerField(allow_null=True)
    failed_by_severity = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_failed_by_severity(self, tally: Tally) -> dict[str, int]:
        return {word: tally.failed_by_severity.get(severity, 0) for severity, word in SEVERITY_WORDS.items()}


class HomeChangeSerializer(serializers.Serializer[Change]):
    """worse: began to fail. better: failed and passes. gone: failed and is no longer there."""

    worse = serializers.IntegerField()
    better = serializers.IntegerField()
    gone = serializers.IntegerField()


class FailingChecksSerializer(serializers.Serializer[Any]):
    checks = serializers.IntegerField()
    new_checks = serializers.IntegerField()
    overdue_checks = serializers.IntegerField()


class HomeChangesSerializer(HomeChangeSerializer):
    since = serializers.DateTimeField()


class SolutionResultsSerializer(serializers.Serializer[Any]):
    """solution: null for what belongs to none."""

    solution = NamedSerializer(allow_null=True)
    results = ResultsSerializer()
    change = HomeChangeSerializer()


class AccountResultsSerializer(serializers.Serializer[Any]):
    account = serializers.CharField()
    name = serializers.CharField()
    results = ResultsSerializer()


class ToSetUpSerializer(serializers.Serializer[Any]):
    words = serializers.CharField()
    why = serializers.CharField()


class HomeSerializer(serializers.Serializer[Any]):
    """What the home of a line counts; what another line's home counts is null.

    failing: of the first line. changes, solutions, accounts, unexcused (suppressed in AWS without a live exception):
    of the second. checks: how many are in which state, of the third. to_set_up, people_without_role: of administrators.
    risks: open ones by standing, of now. coverage: how many scopes are in which state.
    """

    line = serializers.ChoiceField(choices=Role.choices)
    as_of = serializers.DateTimeField()
    results = ResultsSerializer(allow_null=True, default=None)
    coverage = serializers.DictField(child=serializers.IntegerField(), allow_null=True, default=None)
    risks = serializers.DictField(child=serializers.IntegerField(), allow_null=True, default=None)
    failing = FailingChecksSerializer(allow_null=True, default=None)
    changes = HomeChangesSerializer(allow_null=True, default=None)
    solutions = SolutionResultsSerializer(many=True, allow_null=True, default=None)
    accounts = AccountResultsSerializer(many=True, allow_null=True, default=None)
    unexcused = serializers.IntegerField(allow_null=True, default=None)
    checks = serializers.DictField(child=serializers.IntegerField(), allow_null=True, default=None)
    to_set_up = ToSetUpSerializer(many=True, allow_null=True, default=None)
    people_without_role = serializers.IntegerField(allow_null=True, default=None)


ASKED = [OpenApiParameter("line", str, enum=Role.values), OpenApiParameter("solution"), OpenApiParameter("since")]


class Home(Door):
    """?line: of those that the caller holds, else their first. solution, since (yesterday, week, a date): as the page
    has them.
    """

    action = "home.view"
    serializer_class = HomeSerializer

    @extend_schema(parameters=ASKED, responses=HomeSerializer)
    def get(self, request: Request) -> Response:
        asker: Any = request._request
        line = line_of(asker)
        told = {"line": line, "as_of": asker.moment.at}
        if line == Role.ADMINISTRATOR:
            return Response(HomeSerializer(told | of_an_administrator()).data)
        reach = Reach.of(asker, line)
        show = {Role.FIRST.value: of_the_first_line, Role.SECOND.value: of_the_second_line}
        return Response(HomeSerializer(told | show.get(line, of_the_third_line)(reach, request.query_params)).data)


def of_an_administrator() -> dict[str, Any]:
    found = administration()
    return {"to_set_up": found.missing, "people_without_role": found.roleless_count}


def of_the_first_line(reach: Reach, query: QueryDict) -> dict[str, Any]:
    found = standing(reach)
    covered = places(reach.user, reach.moment, reach.accounts)
    return {"results": found.total, "failing": found, "coverage": coverage(covered), "risks": standings(reach)}


def of_the_second_line(reach: Reach, query: QueryDict) -> dict[str, Any]:
    found = second_line(reach, query.get("since", ""), every_account=True, every_solution=True)
    total = found.changes.total
    groups = [{"solution": one.solution, "results": one.tally, "change": one.change} for one in found.solutions]
    return {
        "results": found.total,
        "coverage": coverage(found.coverage),
        "risks": standings(reach),
        "changes": {"since": found.since.at, "worse": total.worse, "better": total.better, "gone": total.gone},
        "solutions": groups,
        "accounts": [{"account": one.account, "name": one.name, "results": one.tally} for one in found.accounts],
        "unexcused": found.unexcused,
    }


def of_the_third_line(reach: Reach, query: QueryDict) -> dict[str, Any]:
    found = third_line(reach, query)
    return {"results": found.total, "coverage": coverage(found.coverage), "checks": found.counts}


def coverage(covered: list[Place]) -> dict[str, int]:
    counts = figures_of_places(covered).counts
    return {state.value: counts[state] for state in CoverageState}


urlpatterns = [path("home/", Home.as_view(), name="home")]
