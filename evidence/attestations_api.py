"""Attestations for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from audit.public_id import all_or_404
from controls.models import Control
from controls.register_api import NamedSerializer
from evidence import attesting
from evidence.answering import brought, pieces_of
from evidence.attestation_list import RELATED, Attestations, as_of
from evidence.attesting import Given, Statement
from evidence.file_acts import FileAct, UploadField
from evidence.models import Attestation, Evidence
from organisation.models import Solution, User
from organisation.rest import DayField, Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import Act, BecauseSerializer, RowField


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


def solutions(user: User) -> QuerySet[Solution]:
    return Solution.objects.visible_to(user)


class StatementSerializer(serializers.Serializer[Any]):
    """Rows by their public ids. period_to: the first moment after the period."""

    control = RowField(lambda user: Control.objects.visible_to(user).select_related("solution", "owner"))
    solution = RowField(solutions, required=False, allow_null=True, default=None)
    statement = serializers.CharField(max_length=4000)
    period_from = MomentField()
    period_to = MomentField()


class AskForAttestationSerializer(StatementSerializer):
    asked_of = RowField(lambda user: User.objects.active())
    due_on = DayField(required=False, allow_null=True, default=None, help_text="Else in two weeks.")


class GiveAttestationSerializer(serializers.Serializer[Any]):
    """holds: whether it was so, as stated. evidence: ids of pieces of the locker. file: goes into it."""

    holds = serializers.BooleanField()
    basis = serializers.CharField(max_length=4000)
    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    file = UploadField()
    file_title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    expires_at = MomentField(required=False, allow_null=True, default=None)


class StateOfOnesOwnAccordSerializer(StatementSerializer, GiveAttestationSerializer):
    pass


class AttestationDoor(Door):
    action = "attestation.view"
    serializer_class = AttestationSerializer

    def rows(self) -> QuerySet[Attestation]:
        moment = self.request.moment  # type: ignore[attr-defined]
        return as_of(Attestation.objects.visible_to(self.request.user), moment.at).select_related(*RELATED)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.request.moment.at}  # type: ignore[attr-defined]


FILTERS = ("solution", "state", "who", "control", "overdue", "expires", "mine", "q")


class ListOfAttestations(AttestationDoor, ListDoor):
    """Narrowed by the same parameters as the page."""

    order = ("-id",)

    def rows(self) -> QuerySet[Attestation]:
        user: Any = self.request.user
        found = Attestations.of(self.request.GET, user, self.request.moment)  # type: ignore[attr-defined]
        return found.rows.select_related(*RELATED)

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in FILTERS])
    def get(self, request: Request) -> Response:
        return super().get(request)


class OneAttestation(AttestationDoor, RowDoor):
    serializer_class = OneAttestationSerializer


def statement_of(said: dict[str, Any]) -> Statement:
    period = (said["period_from"], said["period_to"])
    return Statement(said["control"], said["solution"], said["statement"], period)


def given_of(said: dict[str, Any], about: Statement, by: User) -> Given:
    """With the pieces that are named, and the file that is brought."""
    pieces = all_or_404(pieces_of(about.solution or about.control.solution, about.control, by), said["evidence"])
    if said["file"]:
        pieces.append(brought(said, about.control, about.solution, about.period, by))
    return Given(said["holds"], said["basis"], pieces, said["expires_at"])


class AskForAttestation(AttestationDoor, Act):
    action, said, makes = "attestation.ask", AskForAttestationSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Attestation:
        day = said["due_on"] or timezone.localdate(max(clock.now(), said["period_to"])) + timedelta(days=14)
        return attesting.ask(statement_of(said), of=said["asked_of"], due_on=day, by=by)


class StateOfOnesOwnAccord(AttestationDoor, FileAct):
    action, said, makes = "attestation.give", StateOfOnesOwnAccordSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Attestation:
        statement = statement_of(said)
        return attesting.state(statement, given_of(said, statement, by), by=by)


class Give(AttestationDoor, FileAct):
    action, said = "attestation.give", GiveAttestationSerializer

    def do(self, row: Attestation, said: dict[str, Any], *, by: User) -> Attestation:
        about = Statement(row.control, row.solution, row.statement, (row.period_from, row.period_to))
        attesting.give(row, given_of(said, about, by), by=by)
        return row


class WithdrawAttestation(AttestationDoor, Act):
    action, said = "attestation.give", BecauseSerializer

    def do(self, row: Attestation, said: dict[str, Any], *, by: User) -> Attestation:
        attesting.withdraw(row, because=said["because"], by=by)
        return row


class CallAttestationOff(AttestationDoor, Act):
    action, said = "attestation.ask", BecauseSerializer

    def do(self, row: Attestation, said: dict[str, Any], *, by: User) -> Attestation:
        attesting.call_off(row, because=said["because"], by=by)
        return row


ONE = "attestations/<str:public_id>/"
urlpatterns = [
    path("attestations/", ListOfAttestations.as_view(), name="attestations"),
    path("attestations/ask/", AskForAttestation.as_view(), name="attestation_ask"),
    path("attestations/state/", StateOfOnesOwnAccord.as_view(), name="attestation_state"),
    path(ONE, OneAttestation.as_view(), name="attestation"),
    path(f"{ONE}give/", Give.as_view(), name="attestation_give"),
    path(f"{ONE}withdraw/", WithdrawAttestation.as_view(), name="attestation_withdraw"),
    path(f"{ONE}call-off/", CallAttestationOff.as_view(), name="attestation_call_off"),
]
