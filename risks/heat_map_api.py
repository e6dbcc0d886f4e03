"""The heat map, and the matrix that it is drawn on, to read."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organisation.models import User
from organisation.rest import Permitted
from risks.heat_map import BY, Address, HeatMap, heat_map
from risks.models import Risk


class LevelSerializer(serializers.Serializer[Any]):
    """tone: 1 to 6."""

    label = serializers.CharField()  # type: ignore[assignment]
    tone = serializers.IntegerField()


class CellSerializer(serializers.Serializer[Any]):
    """likelihood, impact and level: indices of the lists beside."""

    likelihood = serializers.IntegerField()
    impact = serializers.IntegerField()
    level = serializers.IntegerField()
    risks = serializers.IntegerField()


class ElsewhereSerializer(serializers.Serializer[Any]):
    level = serializers.IntegerField()
    risks = serializers.IntegerField()


class HeatMapSerializer(serializers.Serializer[Any]):
    """matrix: null before the first was adopted; every list is then empty.

    elsewhere: stated on another matrix, by the level that they read as. standings: by the current level.
    """

    as_of = serializers.DateTimeField()
    by = serializers.ChoiceField(choices=list(BY))
    matrix = serializers.CharField(allow_null=True)
    likelihoods = serializers.ListField(child=serializers.CharField())
    impacts = serializers.ListField(child=serializers.CharField())
    levels = LevelSerializer(many=True)
    cells = CellSerializer(many=True)
    elsewhere = ElsewhereSerializer(many=True)
    not_assessed = serializers.IntegerField()
    standings = serializers.DictField(child=serializers.IntegerField())


def _told(found: HeatMap) -> dict[str, Any]:
    matrix = found.matrix
    return {
        "matrix": matrix.public_id if matrix else None,
        "likelihoods": matrix.likelihoods if matrix else [],
        "impacts": matrix.impacts if matrix else [],
        "levels": matrix.levels if matrix else [],
        "cells": [
            {"likelihood": row, "impact": column, "level": level, "risks": found.cells[row, column]}
            for row, levels in enumerate(matrix.cells if matrix else [])
            for column, level in enumerate(levels)
        ],
        "elsewhere": [{"level": level, "risks": n} for level, n in sorted(found.elsewhere.items())],
        "not_assessed": found.not_assessed,
        "standings": {one.value: found.standings[one] for one in Risk.Standing},
    }


class RiskHeatMap(APIView):
    """?by (current, inherent, target), solution, category, owner, standing, as_of: as the page has them."""

    action = "risk.view"
    permission_classes = [Permitted]

    @extend_schema(
        responses=HeatMapSerializer,
        parameters=[OpenApiParameter(name) for name in ("by", "solution", "category", "owner", "standing", "as_of")],
    )
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        moment = request.moment  # type: ignore[attr-defined]
        found = Address.of(request.query_params, request.user, moment)
        heat = heat_map(request.user, moment, found.wanted)
        return Response(HeatMapSerializer({"as_of": moment.at, "by": found.wanted.by, **_told(heat)}).data)


urlpatterns = [path("risks/heat-map/", RiskHeatMap.as_view(), name="risk_heat_map")]
