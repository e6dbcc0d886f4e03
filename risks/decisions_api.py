"""Exceptions for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from audit.public_id import get_or_404
from controls.register_api import NamedSerializer
from findings.models import Check, Resource
from organisation.models import NotAllowed, Solution
from organisation.rest import Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import refused
from risks import challenging, excepting, exception_list
from risks.asking import Asking, ask
from risks.exception_list import as_of
from risks.exception_moves import Verb
from risks.models import ExceptionStep, Risk, RiskException


class StepSerializer(serializers.ModelSerializer[ExceptionStep]):
    by = NamedSerializer(allow_null=True)

    class Meta:
        model = ExceptionStep
        fields = ["state", "at", "by", "because"]


class ExceptionSerializer(serializers.ModelSerializer[RiskException]):
    """state: at the moment asked about. level: in the words of the matrix that it was stated on."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    solution = NamedSerializer()
    risk = serializers.CharField(source="risk.public_id", allow_null=True, default=None)
    level = serializers.SerializerMethodField()
    checks = serializers.SerializerMethodField()
    asked_by = NamedSerializer()
    accepted_by = NamedSerializer(allow_null=True)
    concurred_by = NamedSerializer(allow_null=True)

    class Meta:
        model = RiskException
        fields = [
            "id", "kind", "state", "solution", "risk", "level", "reason", "compensating", "granted_by", "checks",
            "by_rule", "accounts", "regions", "ceiling", "asked_by", "asked_at", "accepted_by", "accepted_at",
            "concurred_by", "began_at", "expires_at", "ended_at", "ended_because", "version",
        ]  # fmt: skip

    def get_level(self, row: RiskException) -> str:
        return row.matrix.label(row.level)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_checks(self, row: RiskException) -> list[str]:
        return [one.public_id for one in row.checks.all()]


class OneExceptionSerializer(ExceptionSerializer):
    steps = StepSerializer(many=True)

    class Meta(ExceptionSerializer.Meta):
        fields = [*ExceptionSerializer.Meta.fields, "steps"]


class AskSerializer(serializers.Serializer[Any]):
    """Rows by their public ids."""

    kind = serializers.ChoiceField(choices=RiskException.Kind.choices)
    solution = serializers.CharField()
    reason = serializers.CharField(max_length=4000)
    expires_at = MomentField()
    risk = serializers.CharField(required=False, default="")
    checks = serializers.ListField(child=serializers.CharField(), default=list)
    by_rule = serializers.BooleanField(default=False)
    resources = serializers.ListField(child=serializers.CharField(), default=list)
    accounts = serializers.ListField(child=serializers.CharField(), default=list)
    regions = serializers.ListField(child=serializers.CharField(), default=list)
    ceiling = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    compensating = serializers.CharField(required=False, allow_blank=True, default="")
    granted_by = serializers.CharField(required=False, allow_blank=True, default="")


class MoveSerializer(serializers.Serializer[Any]):
    """version: of the row as it was read; a move of one that somebody else moved meanwhile is refused."""

    because = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class DecideSerializer(MoveSerializer):
    granted = serializers.BooleanField()
    reference = serializers.CharField(max_length=200)


class ExceptionDoor(Door):
    action = "exception.view"
    versioned = RiskException
    serializer_class = ExceptionSerializer

    def rows(self) -> QuerySet[RiskException]:
        return self.rows_at(self.request.moment)  # type: ignore[attr-defined]

    def rows_at(self, moment: Moment) -> QuerySet[RiskException]:
        seen = RiskException.objects.visible_to(self.request.user)
        related = ("solution", "risk", "matrix", "asked_by", "accepted_by", "concurred_by")
        return as_of(seen, moment).select_related(*related).prefetch_related("checks")


class Exceptions(ExceptionDoor, ListDoor):
    """?solution, state, kind, level, expires, mine, q: as the page has them."""

    order = ("-id",)

    def rows(self) -> QuerySet[RiskException]:
        user, moment = self.request.user, self.request.moment  # type: ignore[attr-defined]
        found = exception_list.Exceptions.of(self.request.query_params, user, moment)  # type: ignore[arg-type]
        return found.rows.prefetch_related("checks")


class AskForException(ExceptionDoor):
    action = "exception.ask"

    @extend_schema(request=AskSerializer, responses={201: ExceptionSerializer})
    def post(self, request: Request) -> Response:
        asked = AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = dict(asked.validated_data)
        said["solution"] = get_or_404(Solution.objects.visible_to(request.user), said["solution"])
        said["risk"] = get_or_404(Risk.objects.visible_to(request.user), said["risk"]) if said["risk"] else None
        said["checks"] = [get_or_404(Check.objects.all(), one) for one in said["checks"]]
        resources = Resource.objects.visible_to(request.user)
        said["resources"] = [get_or_404(resources, one) for one in said["resources"]]
        try:
            made = ask(Asking(**said), by=request.user)  # type: ignore[arg-type]
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows_at(Moment.now()).get(pk=made.pk)).data, status=201)


class OneException(ExceptionDoor, RowDoor):
    serializer_class = OneExceptionSerializer


class MoveException(ExceptionDoor):
    verb: ClassVar[Verb]

    @extend_schema(request=MoveSerializer, responses=ExceptionSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        said = MoveSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            self.move(found, request, said.validated_data)
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows().get(pk=found.pk)).data)

    def move(self, found: RiskException, request: Request, said: Any) -> None:
        excepting.move(found, self.verb, by=request.user, because=said["because"], read=said["version"])  # type: ignore[arg-type]


class Accept(MoveException):
    action, verb = "exception.accept", Verb.ACCEPT


class Refuse(MoveException):
    action, verb = "exception.accept", Verb.REFUSE


class Concur(MoveException):
    action, verb = "exception.concur", Verb.CONCUR


class Escalate(MoveException):
    action, verb = "exception.concur", Verb.ESCALATE


class Withdraw(MoveException):
    action, verb = "exception.ask", Verb.WITHDRAW


class End(MoveException):
    action, verb = "exception.ask", Verb.END


class ChallengeException(MoveException):
    action, verb = "risk.challenge", Verb.CHALLENGE

    def move(self, found: RiskException, request: Request, said: Any) -> None:
        because, read = said["because"], said["version"]
        challenging.challenge_exception(found, because=because, by=request.user, read=read)  # type: ignore[arg-type]


class Decide(MoveException):
    action, verb = "exception.concur", Verb.GRANT

    @extend_schema(request=DecideSerializer, responses=ExceptionSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        return super().post(request, public_id)

    def move(self, found: RiskException, request: Request, said: Any) -> None:
        decided = DecideSerializer(data=request.data)
        decided.is_valid(raise_exception=True)
        told = decided.validated_data
        excepting.decide(
            found, granted=told["granted"], reference=told["reference"], because=told["because"],
            by=request.user, read=told["version"],  # type: ignore[arg-type]
        )  # fmt: skip


ONE = "exceptions/<str:public_id>/"
urlpatterns = [
    path("exceptions/", Exceptions.as_view(), name="exceptions"),
    path("exceptions/ask/", AskForException.as_view(), name="exception_ask"),
    path(ONE, OneException.as_view(), name="exception"),
    path(f"{ONE}accept/", Accept.as_view(), name="exception_accept"),
    path(f"{ONE}refuse/", Refuse.as_view(), name="exception_refuse"),
    path(f"{ONE}concur/", Concur.as_view(), name="exception_concur"),
    path(f"{ONE}escalate/", Escalate.as_view(), name="exception_escalate"),
    path(f"{ONE}decide/", Decide.as_view(), name="exception_decide"),
    path(f"{ONE}challenge/", ChallengeException.as_view(), name="exception_challenge"),
    path(f"{ONE}withdraw/", Withdraw.as_view(), name="exception_withdraw"),
    path(f"{ONE}end/", End.as_view(), name="exception_end"),
]
