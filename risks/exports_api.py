"""The register taken away by programs: as the file that its import takes back, and as OSCAL's plan of a solution."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from audit.public_id import get_or_404
from controls.tables import WORKBOOK
from organisation.models import NotAllowed, Solution
from organisation.rest import Door
from organisation.rest_acts import NothingSerializer, refused
from risks.views import exchange, poam

NARROWED = ("solution", "category", "owner", "standing", "columns", "all", "as_of")


class RegisterExport(Door):
    """?form: csv, unless it is xlsx. columns: names by commas. all=yes: closed ones too. Narrowed as on the page."""

    action = "risk.export"
    serializer_class: type[serializers.Serializer[Any]] = NothingSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("form", enum=list(exchange.FORMS)),
            *[OpenApiParameter(name) for name in NARROWED],
        ],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, WORKBOOK): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponseBase:
        asker: Any = request._request
        return exchange.export(asker, request.query_params.get("form", "csv"))


class Poam(Door):
    """A plan of action and milestones: the open risks above appetite and the treatments of a solution, of now."""

    action = "risk.export"
    serializer_class: type[serializers.Serializer[Any]] = NothingSerializer

    @extend_schema(responses={(200, "application/oscal+json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        asker: Any = request._request
        solution = get_or_404(Solution.objects.added_by(asker.moment.at).visible_to(asker.user), public_id)
        try:
            return poam.planned(asker, solution)
        except NotAllowed as no:
            raise refused(no) from no


urlpatterns = [
    path("risks/export/", RegisterExport.as_view(), name="register_export"),
    path("solutions/<str:public_id>/poam/", Poam.as_view(), name="poam"),
]
