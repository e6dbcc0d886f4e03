"""What got worse and what got better between two moments, for programs: what the homes count."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.lines import line_of
from dashboard.reach import Reach
from dashboard.second_line import Since
from dashboard.views import CHANGED_ORDER, way_of
from findings.api import MOMENT, Findings
from findings.changes import WAYS, changes
from findings.listing import listed
from findings.models import FindingSpan
from organisation.rest import Door

COMPARED = [
    OpenApiParameter("since", str, description="yesterday, unless it is week or a date."),
    OpenApiParameter("solution", str, description="S-1; none for what belongs to no solution."),
    *MOMENT,
]


class Changes(Findings):
    """Findings that began to fail (worse), passed again (better) or are no longer there (gone), as they were then."""

    action = "posture.view"
    order = CHANGED_ORDER

    @extend_schema(operation_id="changes_list", parameters=[OpenApiParameter("way", enum=list(WAYS)), *COMPARED])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[FindingSpan]:
        asked: Any = self.request._request
        way, reach = way_of(asked), Reach.of(asked, line_of(asked))
        since = Since.of(asked.GET.get("since", ""), asked.moment)
        return listed(WAYS[way](asked.user, asked.moment, since.at, reach.where), asked.moment)


class HowManySerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    worse = serializers.IntegerField(source="total.worse")
    better = serializers.IntegerField(source="total.better")
    gone = serializers.IntegerField(source="total.gone")


class HowManyChanged(Door):
    action = "posture.view"
    serializer_class = HowManySerializer

    @extend_schema(operation_id="changes_count", parameters=COMPARED, responses=HowManySerializer)
    def get(self, request: Request) -> Response:
        asked: Any = request._request
        reach, since = Reach.of(asked, line_of(asked)), Since.of(asked.GET.get("since", ""), asked.moment)
        return Response(self.get_serializer(changes(asked.user, asked.moment, since.at, reach.where)).data)


urlpatterns = [
    path("changes/", Changes.as_view(), name="changes"),
    path("changes/count/", HowManyChanged.as_view(), name="changes_count"),
]
