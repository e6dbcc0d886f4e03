"""What programs do with requests for evidence: the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers

from audit.public_id import all_or_404
from controls.models import Requirement
from evidence import requests
from evidence.answering import answered, pieces_for
from evidence.file_acts import FileAct, UploadField
from evidence.models import EvidenceRequest
from evidence.request_rules import controls_to_ask_of, solutions_to_ask_of
from evidence.requests import Asking
from evidence.requests_api import ONE, RequestDoor
from evidence.sources import asked_for
from organisation.models import User
from organisation.rest import DayField, MomentField
from organisation.rest_acts import Act, AsReadSerializer, RowField


class AskForEvidenceSerializer(serializers.Serializer[Any]):
    """Rows by their public ids; assignee: of a person. Of a period both ends, the second after it."""

    title = serializers.CharField(max_length=200)
    assignee = RowField(lambda user: User.objects.active())
    due_on = DayField()
    what = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    solution = RowField(solutions_to_ask_of, required=False, allow_blank=True, allow_null=True, default=None)
    control = RowField(controls_to_ask_of, required=False, allow_blank=True, allow_null=True, default=None)
    requirement = RowField(
        lambda user: Requirement.objects.all(), required=False, allow_blank=True, allow_null=True, default=None
    )
    period_from = MomentField(required=False, allow_null=True, default=None)
    period_to = MomentField(required=False, allow_null=True, default=None)
    item = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    asked_for = serializers.CharField(required=False, allow_blank=True, default="")

    def validate(self, said: Any) -> Any:
        if bool(said["period_from"]) != bool(said["period_to"]):
            raise serializers.ValidationError({"period_to": [_("Say both ends of the period, or neither.")]})
        return said


class AnswerWithEvidenceSerializer(AsReadSerializer):
    """evidence: ids of pieces of the locker. file: goes into it."""

    words = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    file = UploadField()
    file_title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PassRequestOnSerializer(AsReadSerializer):
    to = RowField(lambda user: User.objects.active())
    words = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class SettleRequestSerializer(AsReadSerializer):
    """move: accepted, returned (with what is missing, and a new day if you like) or withdrawn (with why)."""

    move = serializers.ChoiceField(choices=[(one.value, one.label) for one in sorted(requests.SETTLES)])
    because = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    due_on = DayField(required=False, allow_null=True, default=None)


class AskForEvidence(RequestDoor, Act):
    action, said, makes = "evidence_request.ask", AskForEvidenceSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> EvidenceRequest:
        begin, end, source = said.pop("period_from"), said.pop("period_to"), said.pop("asked_for")
        said |= {name: said[name] or None for name in ("solution", "control", "requirement")}
        period = (begin, end) if begin else None
        return requests.ask(Asking(**said, period=period, source=asked_for(source, by)), by=by)


class AnswerRequest(RequestDoor, FileAct):
    action, said = "evidence_request.answer", AnswerWithEvidenceSerializer

    def do(self, row: EvidenceRequest, said: dict[str, Any], *, by: User) -> EvidenceRequest:
        said["evidence"] = all_or_404(pieces_for(row, by), said["evidence"])
        return answered(row, said, by=by)


class PassRequestOn(RequestDoor, Act):
    action, said = "evidence_request.answer", PassRequestOnSerializer

    def do(self, row: EvidenceRequest, said: dict[str, Any], *, by: User) -> EvidenceRequest:
        return requests.pass_on(row, to=said["to"], by=by, words=said["words"])


class SettleRequest(RequestDoor, Act):
    action, said = "evidence_request.settle", SettleRequestSerializer

    def do(self, row: EvidenceRequest, said: dict[str, Any], *, by: User) -> EvidenceRequest:
        return requests.settle(row, said["move"], by=by, because=said["because"], due_on=said["due_on"])


urlpatterns = [
    path("evidence-requests/ask/", AskForEvidence.as_view(), name="evidence_request_ask"),
    path(f"{ONE}answer/", AnswerRequest.as_view(), name="evidence_request_answer"),
    path(f"{ONE}pass-on/", PassRequestOn.as_view(), name="evidence_request_pass_on"),
    path(f"{ONE}settle/", SettleRequest.as_view(), name="evidence_request_settle"),
]
