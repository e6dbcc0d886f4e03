"""Tokens for programs, by the API that they call: listed, made and revoked. A secret is told once."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from audit.public_id import get_or_404
from organisation.forms import TokenForm
from organisation.models import ApiToken, User
from organisation.models.token import ApiTokenQuerySet
from organisation.rest import DayField, ListDoor
from organisation.rest_acts import Act
from organisation.rest_forms import FormSerializer
from organisation.second_factor import is_by_provider
from organisation.solutions_api import SayWhySerializer


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """areas: of actions that it is made for; none for all of them."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "areas", "expires_at"]


class OneTokenSerializer(TokenSerializer):
    """state: live, expired or revoked. last_used_at: to the minute."""

    person = serializers.CharField(source="person.public_id")
    person_name = serializers.CharField(source="person.name")
    state = serializers.ChoiceField(ApiToken.State.choices, source="state_now")

    class Meta(TokenSerializer.Meta):
        fields = [
            *TokenSerializer.Meta.fields, "person", "person_name", "state", "made_at", "last_used_at",
            "last_used_from", "revoked_at", "revoked_by",
        ]  # fmt: skip


class MadeTokenSerializer(OneTokenSerializer):
    """secret: told here once, and kept nowhere."""

    secret = serializers.CharField()

    class Meta(OneTokenSerializer.Meta):
        fields = [*OneTokenSerializer.Meta.fields, "secret"]


class MakeTokenSerializer(FormSerializer):
    """areas: those in which the person may do something; none for all of them. until: the last day, within a year."""

    form = TokenForm
    name = serializers.CharField(max_length=100)
    scope = serializers.ChoiceField(choices=ApiToken.Scope.choices)
    areas = serializers.ListField(child=serializers.CharField(max_length=40), required=False, default=list)
    until = DayField()

    def filled(self, said: dict[str, Any]) -> BaseForm:
        return TokenForm(said, person=self.context["request"].user)


class Tokens(ListDoor):
    """One's own."""

    action = "token.view"
    serializer_class = OneTokenSerializer
    order = ("-id",)

    def rows(self) -> QuerySet[ApiToken]:
        assert isinstance(self.request.user, User)
        return ApiToken.objects.of(self.request.user).listed()


class EverybodysTokens(ListDoor):
    action = "token.oversee"
    serializer_class = OneTokenSerializer
    order = ("-id",)

    @extend_schema(
        operation_id="tokens_everybody",
        parameters=[OpenApiParameter("person", str, description="An id: theirs alone.")],
    )
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[ApiToken]:
        asked = self.request.query_params.get("person")
        found = ApiToken.objects.of(get_or_404(User.objects.all(), asked)) if asked else ApiToken.objects.all()
        return found.listed()


class MakeToken(Act):
    """For a person who confirmed that it is them: no token makes another."""

    action, said, makes = "token.make", MakeTokenSerializer, True
    serializer_class = MadeTokenSerializer
    tells_secret = True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Any:
        return ApiToken.make(by=by, second_factor_by_provider=is_by_provider(self.request._request, by), **said)

    def told(self, done: tuple[ApiToken, str]) -> Any:
        token, secret = done
        return {**OneTokenSerializer(token).data, "secret": secret}


class RevokeToken(Act):
    """One's own; an administrator revokes everybody's."""

    action, said = "token.revoke", SayWhySerializer
    serializer_class = OneTokenSerializer

    def rows(self) -> ApiTokenQuerySet:
        assert isinstance(self.request.user, User)
        return ApiToken.objects.visible_to(self.request.user).listed()

    def subjects(self) -> ApiTokenQuerySet:
        return self.rows().live(clock.now())

    def do(self, row: ApiToken, said: dict[str, Any], *, by: User) -> ApiToken:
        row.revoke(by=by, because=said["reason"])
        return row


urlpatterns = [
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/everybody/", EverybodysTokens.as_view(), name="tokens_everybody"),
    path("tokens/make/", MakeToken.as_view(), name="token_make"),
    path("tokens/<str:public_id>/revoke/", RevokeToken.as_view(), name="token_revoke"),
]
