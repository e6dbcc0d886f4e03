"""Audit findings for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assurance import finding_verbs
from assurance.finding_list import CHOICES, AuditFindings, as_of
from assurance.finding_moves import Verb
from assurance.finding_verbs import WRITTEN, Wording, pieces_for, to_name
from assurance.models import AuditFinding, AuditFindingStep, Engagement
from audit.public_id import all_or_404, get_or_404
from controls.register_api import NamedSerializer
from evidence.models import Evidence
from organisation.models import User
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, ChangeSerializer, RowField
from risks.refusals import Refused


class AuditFindingStepSerializer(serializers.ModelSerializer[AuditFindingStep]):
    """evidence: ids of the pieces that the reader may see."""

    by = NamedSerializer()
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = AuditFindingStep
        fields = ["state", "at", "by", "words", "evidence"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_evidence(self, row: AuditFindingStep) -> list[str]:
        return [one.public_id for one in row.evidence.all()]


class AuditFindingSerializer(serializers.ModelSerializer[AuditFinding]):
    """state: at the moment asked about. A draft is its team's alone."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    engagement = serializers.CharField(source="engagement.public_id")
    solution = NamedSerializer(allow_null=True)
    control = NamedSerializer(allow_null=True)
    owner = NamedSerializer()
    repeats = serializers.CharField(source="repeats.public_id", allow_null=True, default=None)

    class Meta:
        model = AuditFinding
        fields = [
            "id", "title", "rating", "state", "engagement", "solution", "control", "owner", "condition", "criteria",
            "cause", "effect", "recommendation", "response", "agreed_on", "repeats", "issued_at", "closed_at",
            "version",
        ]  # fmt: skip


class OneAuditFindingSerializer(AuditFindingSerializer):
    """test: the working paper that showed it, to who may see its engagement."""

    requirement = serializers.CharField(source="requirement.public_id", allow_null=True, default=None)
    test = serializers.SerializerMethodField()
    written_by = NamedSerializer()
    steps = AuditFindingStepSerializer(many=True)

    class Meta(AuditFindingSerializer.Meta):
        fields = [*AuditFindingSerializer.Meta.fields, "requirement", "test", "written_by", "written_at", "steps"]

    def get_test(self, row: AuditFinding) -> str | None:
        seen = Engagement.objects.visible_to(self.context["request"].user).filter(pk=row.engagement_id)
        return row.test.public_id if row.test and seen.exists() else None


def named(**options: Any) -> serializers.CharField:
    """A row that the engagement lets a draft name, by its public id."""
    return serializers.CharField(required=False, allow_null=True, **options)


class WordingSerializer(serializers.Serializer[Any]):
    """Rows by their public ids. repeats: a finding of an earlier engagement that is found again."""

    title = serializers.CharField(max_length=200)
    rating = serializers.ChoiceField(choices=AuditFinding.Rating.choices)
    condition = serializers.CharField(max_length=4000)
    criteria = serializers.CharField(max_length=4000)
    cause = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    effect = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    recommendation = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    owner = serializers.CharField()
    solution, control, requirement, test, repeats = named(), named(), named(), named(), named()


class WriteAuditFindingSerializer(WordingSerializer):
    engagement = RowField(lambda user: Engagement.objects.worked_on_by(user).select_related("framework"))


class ChangeAuditFindingSerializer(ChangeSerializer, WordingSerializer):
    """What is not said stays as it is."""


class AuditFindingWordsSerializer(AsReadSerializer):
    words = serializers.CharField(max_length=4000)


class AuditFindingRemarkSerializer(AsReadSerializer):
    words = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class RespondSerializer(AuditFindingWordsSerializer):
    """done_by: the day that is proposed."""

    done_by = DayField()


class AgreeSerializer(AuditFindingRemarkSerializer):
    """done_by: the day that is agreed, where it is another than was proposed."""

    done_by = DayField(required=False, allow_null=True, default=None)


class DoneSerializer(AuditFindingWordsSerializer):
    """evidence: public ids of the locker."""

    evidence = serializers.ListField(child=serializers.CharField(), required=False, default=list)


class AuditFindingDoor(Door):
    action = "audit_finding.view"
    versioned = AuditFinding
    serializer_class: type[AuditFindingSerializer] = AuditFindingSerializer

    def rows(self) -> QuerySet[AuditFinding]:
        user: Any = self.request.user
        found = as_of(AuditFinding.objects.visible_to(user), user, self.request.moment)  # type: ignore[attr-defined]
        return found.select_related("engagement", "solution", "control", "owner", "repeats")


class ListOfAuditFindings(AuditFindingDoor, ListDoor):
    """Narrowed by the same parameters as the page."""

    order = ("-id",)

    def rows(self) -> QuerySet[AuditFinding]:
        user: Any = self.request.user
        return AuditFindings.of(self.request.GET, user, self.request.moment).rows  # type: ignore[attr-defined]

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in ("solution", "engagement", *CHOICES, "q")])
    def get(self, request: Request) -> Response:
        return super().get(request)


class WholeAuditFindingDoor(AuditFindingDoor):
    serializer_class = OneAuditFindingSerializer

    def rows(self) -> QuerySet[AuditFinding]:
        at, user = self.request.moment.at, self.request.user  # type: ignore[attr-defined]
        pieces = Prefetch("evidence", Evidence.objects.visible_to(user).order_by("pk"))
        steps = AuditFindingStep.objects.filter(at__lte=at).select_related("by").prefetch_related(pieces)
        related = ("engagement__framework", "requirement", "test", "written_by")
        return super().rows().select_related(*related).prefetch_related(Prefetch("steps", steps))


class OneAuditFinding(WholeAuditFindingDoor, RowDoor):
    pass


class AuditFindingAct(WholeAuditFindingDoor, Act):
    action = "audit_finding.write"


def found_rows(said: dict[str, Any], engagement: Engagement, by: User) -> dict[str, Any]:
    """What is said, with the rows that it names. Raises Http404."""
    rows = to_name(engagement, by)
    named = {name: value for name, value in said.items() if name in rows}
    return {**said, **{name: get_or_404(rows[name], value) if value else None for name, value in named.items()}}


class WriteAuditFinding(AuditFindingAct):
    said, makes = WriteAuditFindingSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> AuditFinding:
        engagement = said.pop("engagement")
        return finding_verbs.draft(engagement, Wording(**found_rows(said, engagement, by)), by=by)


class ChangeAuditFinding(AuditFindingAct):
    said = ChangeAuditFindingSerializer

    def do(self, row: AuditFinding, said: dict[str, Any], *, by: User) -> AuditFinding:
        as_it_is = {name: getattr(row, name) for name in WRITTEN}
        del said["version"]
        wording = Wording(**{**as_it_is, **found_rows(said, row.engagement, by)})
        return finding_verbs.change(row, wording, by=by, read=row.version)


class MoveAuditFinding(AuditFindingAct):
    verb: ClassVar[Verb]
    said: ClassVar[type[serializers.Serializer[Any]]] = AuditFindingWordsSerializer

    def do(self, row: AuditFinding, said: dict[str, Any], *, by: User) -> AuditFinding:
        pieces = all_or_404(pieces_for(row, by), said.get("evidence", ()))
        told = {"words": said["words"], "day": said.get("done_by"), "evidence": pieces}
        try:
            return finding_verbs.move(row, self.verb, by=by, **told)
        except Refused as no:
            raise Refused(str(no), "done_by" if no.field == "day" else no.field) from no


class Issue(MoveAuditFinding):
    verb, said = Verb.ISSUE, AuditFindingRemarkSerializer


class Drop(MoveAuditFinding):
    verb = Verb.DROP


class Respond(MoveAuditFinding):
    action, verb, said = "audit_finding.respond", Verb.RESPOND, RespondSerializer


class Agree(MoveAuditFinding):
    verb, said = Verb.AGREE, AgreeSerializer


class ReturnResponse(MoveAuditFinding):
    verb = Verb.RETURN


class SayDone(MoveAuditFinding):
    action, verb, said = "audit_finding.respond", Verb.DONE, DoneSerializer


class CloseAuditFinding(MoveAuditFinding):
    verb, said = Verb.CLOSE, DoneSerializer


class Reopen(MoveAuditFinding):
    verb, said = Verb.REOPEN, DoneSerializer


ONE = "audit-findings/<str:public_id>/"
urlpatterns = [
    path("audit-findings/", ListOfAuditFindings.as_view(), name="audit_findings"),
    path("audit-findings/write/", WriteAuditFinding.as_view(), name="audit_finding_write"),
    path(ONE, OneAuditFinding.as_view(), name="audit_finding"),
    path(f"{ONE}change/", ChangeAuditFinding.as_view(), name="audit_finding_change"),
    path(f"{ONE}issue/", Issue.as_view(), name="audit_finding_issue"),
    path(f"{ONE}drop/", Drop.as_view(), name="audit_finding_drop"),
    path(f"{ONE}respond/", Respond.as_view(), name="audit_finding_respond"),
    path(f"{ONE}agree/", Agree.as_view(), name="audit_finding_agree"),
    path(f"{ONE}return/", ReturnResponse.as_view(), name="audit_finding_return"),
    path(f"{ONE}done/", SayDone.as_view(), name="audit_finding_done"),
    path(f"{ONE}close/", CloseAuditFinding.as_view(), name="audit_finding_close"),
    path(f"{ONE}reopen/", Reopen.as_view(), name="audit_finding_reopen"),
]
