"""What is stated of a framework's requirements, for programs: read and stated as on its page."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.listing import Asked
from controls.models import Framework
from controls.register_api import NamedSerializer
from controls.statements import Stated, asked_about, current_of, narrowed, state_of_chosen, stated
from organisation.models import User
from organisation.rest import ListDoor
from organisation.rest_acts import Act


class StatementOfRequirementSerializer(serializers.Serializer[Stated]):
    """state: not_stated, applicable, not_applicable or a status of the framework's own; word: that state in words.
    applies: null where nobody stated it.
    """

    id = serializers.CharField(source="edition.requirement.public_id")
    key = serializers.CharField(source="edition.requirement.key")
    label = serializers.CharField(source="edition.label")  # type: ignore[assignment]
    title = serializers.CharField(source="edition.title")
    state = serializers.CharField(source="edition.state")
    word = serializers.CharField()
    applies = serializers.BooleanField(allow_null=True)
    because = serializers.CharField(source="statement.because", allow_null=True, default=None)
    stated_by = NamedSerializer(source="statement.stated_by", allow_null=True, default=None)
    stated_at = serializers.DateTimeField(source="statement.stated_at", allow_null=True, default=None)


class Statements(ListDoor):
    """Of each requirement of the framework's current version. ?state, q: as its page has them."""

    action = "framework.view"
    serializer_class = StatementOfRequirementSerializer
    order = ("position", "id")

    def get(self, request: Request, public_id: str = "") -> Response:
        at = request.moment.at  # type: ignore[attr-defined]
        _framework, version, scheme = current_of(public_id, at)
        asked = Asked.of(request.query_params, {"state": (_("State"), scheme.words)})
        page: Any = self.paginate_queryset(narrowed(asked_about(version, scheme, at), asked))
        told: Any = stated(page, scheme, at)
        return self.get_paginated_response(self.get_serializer(told, many=True).data)


class StateRequirementsSerializer(serializers.Serializer[Any]):
    """decision: applicable, not_applicable or a status of the framework's own."""

    requirements = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=200)
    decision = serializers.CharField(max_length=16)
    because = serializers.CharField(max_length=2000)


class StatedSerializer(serializers.Serializer[Any]):
    stated = serializers.IntegerField()


class StateRequirements(Act):
    """Of the chosen requirements, by their ids; answers of how many."""

    action, said = "requirement.state", StateRequirementsSerializer
    serializer_class = StatedSerializer

    def subjects(self) -> QuerySet[Framework]:
        return Framework.objects.filter(added_at__lte=self.request.moment.at)  # type: ignore[attr-defined]

    def do(self, row: Framework, said: dict[str, Any], *, by: User) -> int:
        _framework, version, _scheme = current_of(row.public_id, self.request.moment.at)  # type: ignore[attr-defined]
        return state_of_chosen(version, said["requirements"], said["decision"], because=said["because"], by=by)

    def told(self, done: int) -> Any:
        return {"stated": done}


urlpatterns = [
    path("frameworks/<str:public_id>/statements/", Statements.as_view(), name="statements"),
    path("frameworks/<str:public_id>/statements/state/", StateRequirements.as_view(), name="statements_state"),
]
