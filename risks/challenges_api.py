"""Challenges for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from controls.register_api import NamedSerializer
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act
from risks import challenge_list, challenging
from risks.models import Assessment, Challenge, Risk, Treatment


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
    """?state, about, mine, q: as the page has them."""

    order = ("-id",)

    def rows(self) -> QuerySet[Challenge]:
        user, moment = self.request.user, self.request.moment  # type: ignore[attr-defined]
        return challenge_list.Challenges.of(self.request.query_params, user, moment).rows  # type: ignore[arg-type]


class OneChallenge(ChallengeDoor, RowDoor):
    pass


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=4000)


class LongBecauseSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=4000)


class SettleSerializer(LongBecauseSerializer):
    outcome = serializers.ChoiceField(choices=Challenge.Outcome.choices)


class AnswerChallenge(ChallengeDoor, Act):
    action, said = "challenge.answer", AnswerSerializer

    def do(self, row: Challenge, said: dict[str, Any], *, by: User) -> Challenge:
        return challenging.answer(row, text=said["answer"], by=by)


class SettleChallenge(ChallengeDoor, Act):
    action, said = "challenge.settle", SettleSerializer

    def do(self, row: Challenge, said: dict[str, Any], *, by: User) -> Challenge:
        return challenging.settle(row, by=by, **said)


class ChallengeLevel(ChallengeDoor, Act):
    action, said, makes = "risk.challenge", LongBecauseSerializer, True

    def subjects(self) -> QuerySet[Assessment]:
        return Assessment.objects.visible_to(self.request.user).select_related("risk", "matrix")

    def do(self, row: Assessment, said: dict[str, Any], *, by: User) -> Challenge:
        return challenging.challenge_level(row, because=said["because"], by=by)


class ChallengeTreatment(ChallengeDoor, Act):
    """How it is treated; where its closing is proposed or done, that."""

    action, said, makes = "risk.challenge", LongBecauseSerializer, True

    def subjects(self) -> QuerySet[Treatment]:
        return Treatment.objects.visible_to(self.request.user).select_related("risk__owner", "owner")

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Challenge:
        return challenging.challenge_treated(row, because=said["because"], by=by)


class ChallengeClosing(ChallengeDoor, Act):
    action, said, makes = "risk.challenge", LongBecauseSerializer, True

    def subjects(self) -> QuerySet[Risk]:
        return Risk.objects.visible_to(self.request.user).select_related("owner")

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Challenge:
        return challenging.challenge_closure(row, because=said["because"], by=by)


urlpatterns = [
    path("challenges/", Challenges.as_view(), name="challenges"),
    path("challenges/<str:public_id>/", OneChallenge.as_view(), name="challenge"),
    path("challenges/<str:public_id>/answer/", AnswerChallenge.as_view(), name="challenge_answer"),
    path("challenges/<str:public_id>/settle/", SettleChallenge.as_view(), name="challenge_settle"),
    path("levels/<str:public_id>/challenge/", ChallengeLevel.as_view(), name="level_challenge"),
    path("treatments/<str:public_id>/challenge/", ChallengeTreatment.as_view(), name="treatment_challenge"),
    path("risks/<str:public_id>/close/challenge/", ChallengeClosing.as_view(), name="closure_challenge"),
]
