from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organisation.delegations_api import DelegationSerializer
from organisation.models import User
from organisation.permissions import MAY, may
from organisation.rest import Permitted
from organisation.tokens_api import TokenSerializer


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    email = serializers.EmailField()
    time_zone = serializers.CharField()
    line = serializers.CharField(allow_null=True)
    may = serializers.ListField(child=serializers.CharField(), help_text="Actions allowed today.")
    stands_in_for = DelegationSerializer(many=True, help_text="In force now.")
    stood_in_for_by = DelegationSerializer(many=True, help_text="In force now, or to come.")
    token = TokenSerializer(allow_null=True, help_text="What is called with; null in a browser.")


class Me(APIView):
    action: ClassVar[str] = "self.view"
    permission_classes = [Permitted]

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        person = request.user
        assert isinstance(person, User)
        allowed = sorted(action for action in MAY if may(person, action))
        told: dict[str, Any] = {"id": person.public_id, "name": person.name, "email": person.email}
        told |= {"time_zone": person.time_zone, "line": person.line, "may": allowed, "token": person.token}
        told |= {"stands_in_for": person.standing_in.taken, "stood_in_for_by": person.standing_in.given}
        return Response(MeSerializer(told).data)


urlpatterns = [
    path("me/", Me.as_view(), name="me"),
]
