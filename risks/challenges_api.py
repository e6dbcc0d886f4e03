"""Challenges for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.public_id import get_or_404
from controls.register_api import NamedSerializer
from organisation.models import NotAllowed
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import refused
from risks import challenging
from risks.models import Challenge


class ChallengeSerializer(serializers.ModelSerializer[Challenge]):
    """of: the public id of what it is about."""

    id = serializers.CharField(source="public_id")
    of = serializers.SerializerMethodField()
    raised_by = NamedSerializer()
    answered_by = NamedSerializer(allow_null=True)
    settled_by = NamedSerializer(allow_null=True)

    class Meta:
        model = Challenge
        fields = [
            "id", "about", "of", "because", "raised_by", "raised_at", "answer", "answered_by", "answered_at", "outcome",
            "settled_because", "settled_by", "settled_at",
        ]  # fmt: skip

    def get_of(self, row: Challenge) -> str:
        return challenging.subject_id(row)


class ChallengeDoor(Door):
    action = "risk.view"
    serializer_class = ChallengeSerializer

    def rows(self) -> QuerySet[Challenge]:
        seen = Challenge.objects.visible_to(self.request.user).raised(self.request.moment.at)  # type: ignore[attr-defined]
        return seen.select_related("risk", "treatment", "exception", "raised_by", "answered_by", "settled_by")


class Challenges(ChallengeDoor, ListDoor):
    order = ("-id",)


class OneChallenge(ChallengeDoor, RowDoor):
    pass


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=4000)


class SettleSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Challenge.Outcome.choices)
    because = serializers.CharField(max_length=4000)


class AnswerChallenge(ChallengeDoor):
    action = "challenge.answer"

    @extend_schema(request=AnswerSerializer, responses=ChallengeSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        said = AnswerSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            challenging.answer(found, text=said.validated_data["answer"], by=request.user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows().get(pk=found.pk)).data)


class SettleChallenge(ChallengeDoor):
    action = "challenge.settle"

    @extend_schema(request=SettleSerializer, responses=ChallengeSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        said = SettleSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            challenging.settle(found, by=request.user, **said.validated_data)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows().get(pk=found.pk)).data)


urlpatterns = [
    path("challenges/", Challenges.as_view(), name="challenges"),
    path("challenges/<str:public_id>/", OneChallenge.as_view(), name="challenge"),
    path("challenges/<str:public_id>/answer/", AnswerChallenge.as_view(), name="challenge_answer"),
    path("challenges/<str:public_id>/settle/", SettleChallenge.as_view(), name="challenge_settle"),
]
