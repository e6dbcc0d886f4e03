"""One's own log-in for programs: where one is logged in, one's preferences, and who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from organisation import sessions
from organisation.forms import PreferencesForm
from organisation.models import Role, User
from organisation.people_api import SessionSerializer
from organisation.permission_words import AREAS, rows
from organisation.permissions import MAY
from organisation.rest import Door, ListDoor
from organisation.rest_acts import NothingSerializer
from organisation.rest_forms import FormSerializer


class Sessions(ListDoor):
    """One's own: the browsers in which one is logged in."""

    action = "session.end"
    serializer_class = SessionSerializer
    order = ("-last_seen_at", "-id")

    def rows(self) -> QuerySet[UserSession]:
        found: QuerySet[UserSession] = sessions.sessions_of(self.request.user)  # type: ignore[arg-type]
        return found


class EndSession(Door):
    """Logs oneself out there."""

    action = "session.end"
    serializer_class = NothingSerializer

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, part: int) -> Response:
        assert isinstance(request.user, User)
        found = get_object_or_404(sessions.sessions_of(request.user), pk=part)
        sessions.end([found], person=request.user, by=request.user, because="ended by themselves")
        return Response(status=204)


class PreferencesSerializer(FormSerializer):
    """language: a code of an installed language; empty for what the browser asks."""

    form = PreferencesForm
    name = serializers.CharField(max_length=200)
    time_zone = serializers.CharField(max_length=64)
    language = serializers.CharField(max_length=16, required=False, allow_blank=True)


class Preferences(Door):
    action = "preference.change"
    serializer_class = PreferencesSerializer

    @extend_schema(responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(self.get_serializer(request.user).data)

    @extend_schema(request=PreferencesSerializer, responses=PreferencesSerializer)
    def put(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        request.user.prefer(**asked.validated_data)
        return Response(self.get_serializer(request.user).data)


class PermissionSerializer(serializers.Serializer[Any]):
    """A row of the table. confirms: it asks people to confirm who they are, and no token does it. own_work: auditors
    from outside do it of their own engagement alone.
    """

    action = serializers.CharField()
    words = serializers.CharField()
    area = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    confirms = serializers.BooleanField()
    own_work = serializers.BooleanField()


class Permissions(Door):
    """Who may do what, as it is enforced."""

    action = "permission.view"
    serializer_class = PermissionSerializer
    pagination_class = None

    @extend_schema(responses=PermissionSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(PermissionSerializer(list(_table()), many=True).data)


def _table() -> Iterator[dict[str, Any]]:
    for _key, heading, words in AREAS:
        for row in rows(words):
            yield {
                "action": row.action,
                "words": str(row.words),
                "area": str(heading),
                "roles": [role.value for role in Role if role.value in MAY[row.action]],
                "confirms": row.steps_up,
                "own_work": row.own_work,
            }


urlpatterns = [
    path("sessions/", Sessions.as_view(), name="sessions"),
    path("sessions/<int:part>/end/", EndSession.as_view(), name="session_end"),
    path("preferences/", Preferences.as_view(), name="preferences"),
    path("permissions/", Permissions.as_view(), name="permissions"),
]
