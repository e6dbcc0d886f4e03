"""Requests for evidence for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from audit.public_id import get_or_404
from controls.models import Control, Requirement
from controls.register_api import NamedSerializer
from evidence import requests
from evidence.models import Evidence, EvidenceRequest, RequestStep
from evidence.request_list import RELATED, as_of
from evidence.requests import Asking
from evidence.sources import asked_for
from organisation.models import NotAllowed, Solution, User
from organisation.rest import DayField, Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import refused

Kind = RequestStep.Kind


class RequestSerializer(serializers.ModelSerializer[EvidenceRequest]):
    """state: at the moment asked about. asked_for: kind and id of what it serves, e.g. engagement:EN-1."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    solution = NamedSerializer(allow_null=True)
    control = NamedSerializer(allow_null=True)
    requirement = serializers.CharField(source="requirement.public_id", allow_null=True, default=None)
    asked_for = serializers.SerializerMethodField()
    asked_by = NamedSerializer()
    assignee = NamedSerializer()

    class Meta:
        model = EvidenceRequest
        fields = [
            "id", "title", "what", "state", "solution", "control", "requirement", "period_from", "period_to", "item",
            "asked_for", "asked_by", "asked_at", "assignee", "due_on", "ended_at", "version",
        ]  # fmt: skip

    def get_asked_for(self, row: EvidenceRequest) -> str:
        return f"{row.source_kind}:{row.source_id}" if row.source_kind else ""


class RequestStepSerializer(serializers.ModelSerializer[RequestStep]):
    """evidence: ids of the pieces that the reader may see."""

    by = NamedSerializer()
    passed_to = NamedSerializer(allow_null=True)
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = RequestStep
        fields = ["kind", "at", "by", "words", "passed_to", "evidence"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_evidence(self, row: RequestStep) -> list[str]:
        seen = Evidence.objects.visible_to(self.context["request"].user)
        return [one.public_id for one in seen.filter(request_steps=row).order_by("pk")]


class OneRequestSerializer(RequestSerializer):
    steps = RequestStepSerializer(many=True)

    class Meta(RequestSerializer.Meta):
        fields = [*RequestSerializer.Meta.fields, "steps"]


class AskForEvidenceSerializer(serializers.Serializer[Any]):
    """Rows by their public ids; assignee: of a person. Of a period both ends, the second after it."""

    title = serializers.CharField(max_length=200)
    assignee = serializers.CharField()
    due_on = DayField()
    what = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    solution = serializers.CharField(required=False, allow_blank=True, default="")
    control = serializers.CharField(required=False, allow_blank=True, default="")
    requirement = serializers.CharField(required=False, allow_blank=True, default="")
    period_from = MomentField(required=False, allow_null=True, default=None)
    period_to = MomentField(required=False, allow_null=True, default=None)
    item = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    asked_for = serializers.CharField(required=False, allow_blank=True, default="")

    def validate(self, said: Any) -> Any:
        if bool(said["period_from"]) != bool(said["period_to"]):
            raise serializers.ValidationError({"period_to": [_("Say both ends of the period, or neither.")]})
        return said


class AnswerWithEvidenceSerializer(serializers.Serializer[Any]):
    """evidence: ids of pieces of the locker. version: of the row as it was read."""

    words = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class PassRequestOnSerializer(serializers.Serializer[Any]):
    to = serializers.CharField()
    words = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class SettleRequestSerializer(serializers.Serializer[Any]):
    """move: accepted, returned (with what is missing, and a new day if you like) or withdrawn (with why)."""

    move = serializers.ChoiceField(choices=[(one.value, one.label) for one in sorted(requests.SETTLES)])
    because = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    due_on = DayField(required=False, allow_null=True, default=None)
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class RequestDoor(Door):
    action = "evidence_request.view"
    versioned = EvidenceRequest
    serializer_class = RequestSerializer

    def rows(self) -> QuerySet[EvidenceRequest]:
        return self.rows_at(self.request.moment)  # type: ignore[attr-defined]

    def rows_at(self, moment: Moment) -> QuerySet[EvidenceRequest]:
        return as_of(EvidenceRequest.objects.visible_to(self.request.user), moment).select_related(*RELATED)


class EvidenceRequests(RequestDoor, ListDoor):
    order = ("-id",)


class AskForEvidence(RequestDoor):
    action = "evidence_request.ask"

    @extend_schema(request=AskForEvidenceSerializer, responses={201: RequestSerializer})
    def post(self, request: Request) -> Response:
        asked = AskForEvidenceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said, user = dict(asked.validated_data), request.user
        begin, end, source = said.pop("period_from"), said.pop("period_to"), said.pop("asked_for")
        rows: dict[str, QuerySet[Any]] = {
            "solution": Solution.objects.visible_to(user),
            "control": Control.objects.visible_to(user).select_related("solution", "owner"),
            "requirement": Requirement.objects.all(),
            "assignee": User.objects.active(),
        }
        for name, found in rows.items():
            said[name] = get_or_404(found, said[name]) if said[name] else None
        said["period"] = (begin, end) if begin else None
        said["source"] = asked_for(source, user)  # type: ignore[arg-type]
        try:
            made = requests.ask(Asking(**said), by=user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows_at(Moment.now()).get(pk=made.pk)).data, status=201)


class OneEvidenceRequest(RequestDoor, RowDoor):
    serializer_class = OneRequestSerializer

    def rows(self) -> QuerySet[EvidenceRequest]:
        return super().rows().prefetch_related("steps__by", "steps__passed_to")


class MoveRequest(RequestDoor):
    def moved(self, request: Request, public_id: str, said: Any) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        said.is_valid(raise_exception=True)
        try:
            self.move(found, request.user, said.validated_data)
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows().get(pk=found.pk)).data)

    def move(self, found: EvidenceRequest, by: Any, said: Any) -> None:
        raise NotImplementedError


class AnswerRequest(MoveRequest):
    action = "evidence_request.answer"

    @extend_schema(request=AnswerWithEvidenceSerializer, responses=RequestSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        return self.moved(request, public_id, AnswerWithEvidenceSerializer(data=request.data))

    def move(self, found: EvidenceRequest, by: Any, said: Any) -> None:
        pieces = [get_or_404(Evidence.objects.visible_to(by), one) for one in said["evidence"]]
        requests.answer(found, by=by, words=said["words"], evidence=pieces, read=said["version"])


class PassRequestOn(MoveRequest):
    action = "evidence_request.answer"

    @extend_schema(request=PassRequestOnSerializer, responses=RequestSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        return self.moved(request, public_id, PassRequestOnSerializer(data=request.data))

    def move(self, found: EvidenceRequest, by: Any, said: Any) -> None:
        to = get_or_404(User.objects.active(), said["to"])
        requests.pass_on(found, to=to, by=by, words=said["words"], read=said["version"])


class SettleRequest(MoveRequest):
    action = "evidence_request.settle"

    @extend_schema(request=SettleRequestSerializer, responses=RequestSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        return self.moved(request, public_id, SettleRequestSerializer(data=request.data))

    def move(self, found: EvidenceRequest, by: Any, said: Any) -> None:
        told = {"because": said["because"], "due_on": said["due_on"], "read": said["version"]}
        requests.settle(found, said["move"], by=by, **told)


ONE = "evidence-requests/<str:public_id>/"
urlpatterns = [
    path("evidence-requests/", EvidenceRequests.as_view(), name="evidence_requests"),
    path("evidence-requests/ask/", AskForEvidence.as_view(), name="evidence_request_ask"),
    path(ONE, OneEvidenceRequest.as_view(), name="evidence_request"),
    path(f"{ONE}answer/", AnswerRequest.as_view(), name="evidence_request_answer"),
    path(f"{ONE}pass-on/", PassRequestOn.as_view(), name="evidence_request_pass_on"),
    path(f"{ONE}settle/", SettleRequest.as_view(), name="evidence_request_settle"),
]
