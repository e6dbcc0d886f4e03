from __future__ import annotations

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from findings.api import MOMENT, Findings, moment_of
from findings.listing import listed
from findings.models import FindingSpan
from findings.suppressions import NARROWED_BY, filter_of

FILTER = [OpenApiParameter(name, OpenApiTypes.STR, many=True, description="As on the page.") for name in NARROWED_BY]


class Suppressions(Findings):
    """Findings that are suppressed in AWS and that no exception in force covers, worst first."""

    action = "suppression.view"

    @extend_schema(operation_id="suppressions_list", parameters=[*FILTER, *MOMENT])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[FindingSpan]:
        asked = filter_of(self.request._request.GET, self.request.user)
        if asked.errors:
            raise ValidationError({name: str(words) for name, words in asked.errors.items()})
        moment = moment_of(self.request)
        return listed(asked.spans(self.request.user, moment), moment)


urlpatterns = [path("suppressions/", Suppressions.as_view(), name="suppressions")]
