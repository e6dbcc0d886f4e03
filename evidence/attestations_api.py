"""Attestations for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from audit.public_id import get_or_404
from controls.models import Control
from controls.register_api import NamedSerializer
from evidence import attesting
from evidence.attestation_list import RELATED, as_of
from evidence.attesting import Given, Statement
from evidence.models import Attestation, Evidence
from organisation.models import NotAllowed, Solution, User
from organisation.rest import DayField, Door, ListDoor, MomentField, RowDoor
from risks.decisions_api import refused


class AttestationSerializer(serializers.ModelSerializer[Attestation]):
    """state: awaited, so, not_so, expired or withdrawn, at the moment asked about."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    control = NamedSerializer()
    solution = NamedSerializer(allow_null=True)
    asked_by = NamedSerializer()
    asked_of = NamedSerializer()
    verdict = serializers.CharField(source="verdict.public_id", allow_null=True, default=None)

    class Meta:
        model = Attestation
        fields = [
            "id", "state", "control", "solution", "statement", "period_from", "period_to", "asked_by", "asked_at",
            "asked_of", "due_on", "holds", "basis", "attested_at", "expires_at", "verdict", "withdrawn_at",
            "withdrawn_because",
        ]  # fmt: skip

    def to_representation(self, row: Attestation) -> Any:
        """Of what was said after the moment asked about, nothing."""
        told, at = super().to_representation(row), self.context["at"]
        if not (row.attested_at and row.attested_at <= at):
            told |= {"holds": None, "basis": "", "attested_at": None, "expires_at": None, "verdict": None}
        if not (row.withdrawn_at and row.withdrawn_at <= at):
            told |= {"withdrawn_at": None, "withdrawn_because": ""}
        return told


class OneAttestationSerializer(AttestationSerializer):
    """evidence: ids of the pieces that the reader may see."""

    evidence = serializers.SerializerMethodField()

    class Meta(AttestationSerializer.Meta):
        fields = [*AttestationSerializer.Meta.fields, "evidence"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_evidence(self, row: Attestation) -> list[str]:
        if not row.attested_at or row.attested_at > self.context["at"]:
            return []
        seen = Evidence.objects.visible_to(self.context["request"].user)
        return [one.public_id for one in seen.filter(attestations=row).order_by("pk")]


class StatementSerializer(serializers.Serializer[Any]):
    """Rows by their public ids. period_to: the first moment after the period."""

    control = serializers.CharField()
    solution = serializers.CharField(required=False, allow_blank=True, default="")
    statement = serializers.CharField(max_length=4000)
    period_from = MomentField()
    period_to = MomentField()


class AskForAttestationSerializer(StatementSerializer):
    asked_of = serializers.CharField()
    due_on = DayField(required=False, allow_null=True, default=None, help_text="Else in two weeks.")


class GiveAttestationSerializer(serializers.Serializer[Any]):
    """holds: whether it was so, as stated. evidence: ids of pieces of the locker."""

    holds = serializers.BooleanField()
    basis = serializers.CharField(max_length=4000)
    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    expires_at = MomentField(required=False, allow_null=True, default=None)


class StateOfOnesOwnAccordSerializer(StatementSerializer, GiveAttestationSerializer):
    pass


class AttestationReasonSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=2000)


class AttestationDoor(Door):
    action = "attestation.view"
    serializer_class = AttestationSerializer

    def rows(self) -> QuerySet[Attestation]:
        return self.rows_at(self.request.moment)  # type: ignore[attr-defined]

    def rows_at(self, moment: Moment) -> QuerySet[Attestation]:
        return as_of(Attestation.objects.visible_to(self.request.user), moment.at).select_related(*RELATED)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.request.moment.at}  # type: ignore[attr-defined]

    def answer(self, pk: int, status: int = 200) -> Response:
        """As it is after the move."""
        moment = Moment.now()
        context = {**self.get_serializer_context(), "at": moment.at}
        return Response(AttestationSerializer(self.rows_at(moment).get(pk=pk), context=context).data, status=status)


class Attestations(AttestationDoor, ListDoor):
    order = ("-id",)


class OneAttestation(AttestationDoor, RowDoor):
    serializer_class = OneAttestationSerializer


def statement_of(said: Any, user: Any) -> Statement:
    """Raises Http404."""
    controls = Control.objects.visible_to(user).select_related("solution", "owner")
    solution = get_or_404(Solution.objects.visible_to(user), said["solution"]) if said["solution"] else None
    period = (said["period_from"], said["period_to"])
    return Statement(get_or_404(controls, said["control"]), solution, said["statement"], period)


def given_of(said: Any, user: Any) -> Given:
    pieces = [get_or_404(Evidence.objects.visible_to(user), one) for one in said["evidence"]]
    return Given(said["holds"], said["basis"], pieces, said["expires_at"])


class AskForAttestation(AttestationDoor):
    action = "attestation.ask"

    @extend_schema(request=AskForAttestationSerializer, responses={201: AttestationSerializer})
    def post(self, request: Request) -> Response:
        asked = AskForAttestationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said, user = asked.validated_data, request.user
        day = said["due_on"] or timezone.localdate(max(Moment.now().at, said["period_to"])) + timedelta(days=14)
        of = get_or_404(User.objects.active(), said["asked_of"])
        try:
            made = attesting.ask(statement_of(said, user), of=of, due_on=day, by=user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return self.answer(made.pk, 201)


class StateOfOnesOwnAccord(AttestationDoor):
    action = "attestation.give"

    @extend_schema(request=StateOfOnesOwnAccordSerializer, responses={201: AttestationSerializer})
    def post(self, request: Request) -> Response:
        stated = StateOfOnesOwnAccordSerializer(data=request.data)
        stated.is_valid(raise_exception=True)
        said, user = stated.validated_data, request.user
        try:
            made = attesting.state(statement_of(said, user), given_of(said, user), by=user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return self.answer(made.pk, 201)


class Give(AttestationDoor):
    action = "attestation.give"

    @extend_schema(request=GiveAttestationSerializer, responses=AttestationSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        given = GiveAttestationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            attesting.give(found, given_of(given.validated_data, request.user), by=request.user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return self.answer(found.pk)


class WithdrawAttestation(AttestationDoor):
    action = "attestation.give"

    @extend_schema(request=AttestationReasonSerializer, responses=AttestationSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        said = AttestationReasonSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            self.end(found, said.validated_data["because"], request.user)
        except NotAllowed as no:
            raise refused(no) from no
        return self.answer(found.pk)

    def end(self, found: Attestation, because: str, by: Any) -> None:
        attesting.withdraw(found, because=because, by=by)


class CallAttestationOff(WithdrawAttestation):
    action = "attestation.ask"

    def end(self, found: Attestation, because: str, by: Any) -> None:
        attesting.call_off(found, because=because, by=by)


ONE = "attestations/<str:public_id>/"
urlpatterns = [
    path("attestations/", Attestations.as_view(), name="attestations"),
    path("attestations/ask/", AskForAttestation.as_view(), name="attestation_ask"),
    path("attestations/state/", StateOfOnesOwnAccord.as_view(), name="attestation_state"),
    path(ONE, OneAttestation.as_view(), name="attestation"),
    path(f"{ONE}give/", Give.as_view(), name="attestation_give"),
    path(f"{ONE}withdraw/", WithdrawAttestation.as_view(), name="attestation_withdraw"),
    path(f"{ONE}call-off/", CallAttestationOff.as_view(), name="attestation_call_off"),
]
