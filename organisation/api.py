from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import clock
from organisation.models import ApiToken, Delegation, User
from organisation.permissions import MAY, may
from organisation.rest import ListDoor, Permitted, RowDoor


class PersonSerializer(serializers.ModelSerializer[User]):
    id = serializers.CharField(source="public_id")
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "name", "email", "is_active", "last_login", "roles"]

    def get_roles(self, person: User) -> list[str]:
        return [assignment.role for assignment in person.roles_then]  # type: ignore[attr-defined]


class People(ListDoor):
    action = "person.view"
    serializer_class = PersonSerializer
    order = ("name", "id")

    def rows(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.listed(clock.now())
        return people


class OnePerson(RowDoor):
    action = "person.view"
    serializer_class = PersonSerializer

    def rows(self) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.listed(clock.now())
        return people


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """areas: of actions that it is made for; none for all of them."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "areas", "expires_at"]


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    """Who stands in for whom, by public id and name."""

    id = serializers.CharField(source="public_id")
    delegator = serializers.CharField(source="delegator.public_id")
    delegator_name = serializers.CharField(source="delegator.name")
    delegate = serializers.CharField(source="delegate.public_id")
    delegate_name = serializers.CharField(source="delegate.name")

    class Meta:
        model = Delegation
        fields = [
            "id", "delegator", "delegator_name", "delegate", "delegate_name", "valid_from", "valid_to", "reason",
        ]  # fmt: skip


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
    path("people/", People.as_view(), name="people"),
    path("people/<str:public_id>/", OnePerson.as_view(), name="person"),
]
