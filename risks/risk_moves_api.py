"""What programs do to a risk: its levels decided on, reviewed, closed and reopened; the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.standing_api import HistoryActSerializer, whole
from organisation.models import User
from organisation.rest import DayField, Door
from organisation.rest_acts import Act, AsReadSerializer, BecauseAsReadSerializer, BecauseSerializer, NothingSerializer
from risks import assessing, registering
from risks.acts import history
from risks.models import Assessment, Risk
from risks.past import as_they_were
from risks.proposing import proposals
from risks.risk_api import AssessmentSerializer, RiskDoor


class TakeSerializer(serializers.Serializer[Any]):
    """likelihood, impact: of the portal's proposal as it was read."""

    likelihood = serializers.IntegerField(min_value=0, max_value=5)
    impact = serializers.IntegerField(min_value=0, max_value=5)


class ReviewSerializer(BecauseAsReadSerializer):
    because = serializers.CharField(max_length=500)
    next_on = DayField()


class ReasonSerializer(serializers.Serializer[Any]):
    """control: whose reason it is. reduces: whether the level is lower by it."""

    words = serializers.CharField()
    control = serializers.CharField(allow_null=True)
    reduces = serializers.BooleanField()


class RiskProposalSerializer(serializers.Serializer[Any]):
    """likelihood, impact, level: on the matrix in force; null where there is no proposal, and why_none says why."""

    likelihood = serializers.IntegerField(allow_null=True)
    impact = serializers.IntegerField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    reasons = ReasonSerializer(many=True)
    why_none = serializers.CharField()


class RiskProposal(RiskDoor):
    """The current level that the portal proposes, with its reasons."""

    @extend_schema(responses=RiskProposalSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        (risk,) = as_they_were([self.one(public_id)], self.moment.at)
        return Response(proposals([risk], self.user, self.moment)[risk.pk].told)


class RiskActs(RiskDoor):
    """What people did to it, the latest first."""

    @extend_schema(responses=HistoryActSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        done: Any = history(self.one(public_id), self.user, self.moment.at)
        return Response(whole(HistoryActSerializer(done, many=True).data))


class RiskAct(RiskDoor, Act):
    """Answers the risk."""

    def rows(self) -> QuerySet[Risk]:
        return super().rows().select_related("solution", "category", "owner", "closure_proposed_by")


class Review(RiskAct):
    action, said = "risk.change", ReviewSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        return registering.reviewed(row, next_on=said["next_on"], because=said["because"], by=by)


class ProposeClosing(RiskAct):
    action, said = "risk.close", BecauseAsReadSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        return registering.propose_closing(row, because=said["because"], by=by)


class ConfirmClosing(RiskAct):
    action, said = "risk.close", AsReadSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        return registering.confirm_closing(row, by=by)


class RejectClosing(RiskAct):
    action, said = "risk.close", BecauseAsReadSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        return registering.reject_closing(row, because=said["because"], by=by)


class Reopen(RiskAct):
    action, said = "risk.close", BecauseAsReadSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        return registering.reopen(row, because=said["because"], by=by)


class LevelDoor(Door):
    action = "risk.assess"
    serializer_class = AssessmentSerializer

    def rows(self) -> QuerySet[Assessment]:
        related = ("risk", "matrix", "proposed_by", "confirmed_by", "declined_by")
        return Assessment.objects.visible_to(self.request.user).select_related(*related)


class Take(LevelDoor, Act):
    """The portal's proposal, as one's own statement of the current level."""

    versioned = Risk
    said, makes = TakeSerializer, True

    def subjects(self) -> QuerySet[Risk]:
        seen = Risk.objects.visible_to(self.request.user).added_by(self.request.moment.at)  # type: ignore[attr-defined]
        return seen.select_related("solution", "category", "owner")

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Assessment:
        return assessing.take(row, likelihood=said["likelihood"], impact=said["impact"], by=by)


class ConfirmLevel(LevelDoor, Act):
    said = NothingSerializer

    def do(self, row: Assessment, said: dict[str, Any], *, by: User) -> Assessment:
        return assessing.confirm(row, by=by)


class DeclineLevel(LevelDoor, Act):
    said = BecauseSerializer

    def do(self, row: Assessment, said: dict[str, Any], *, by: User) -> Assessment:
        return assessing.decline(row, because=said["because"], by=by)


ONE = "risks/<str:public_id>/"
LEVEL = "levels/<str:public_id>/"
urlpatterns = [
    path(f"{ONE}proposal/", RiskProposal.as_view(), name="risk_proposal"),
    path(f"{ONE}acts/", RiskActs.as_view(), name="risk_acts"),
    path(f"{ONE}take/", Take.as_view(), name="risk_take"),
    path(f"{ONE}review/", Review.as_view(), name="risk_review"),
    path(f"{ONE}close/", ProposeClosing.as_view(), name="risk_close"),
    path(f"{ONE}close/confirm/", ConfirmClosing.as_view(), name="risk_close_confirm"),
    path(f"{ONE}close/reject/", RejectClosing.as_view(), name="risk_close_reject"),
    path(f"{ONE}reopen/", Reopen.as_view(), name="risk_reopen"),
    path(f"{LEVEL}confirm/", ConfirmLevel.as_view(), name="level_confirm"),
    path(f"{LEVEL}decline/", DeclineLevel.as_view(), name="level_decline"),
]
