"""Engagements for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assurance import acts, engaging, teaming
from assurance.comparing import before, compared
from assurance.engagement_list import CHOICES, Engagements, seen_by
from assurance.engaging import Plan
from assurance.models import Engagement, TeamMember
from assurance.teaming import Member
from audit import clock
from audit.public_id import all_or_404, get_or_404
from controls.register_api import NamedSerializer
from controls.standing_api import HistoryActSerializer, whole
from organisation.models import Solution, User
from organisation.rest import Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, BecauseSerializer, ChangeSerializer, RowField
from risks.refusals import Refused


class EngagementSerializer(serializers.ModelSerializer[Engagement]):
    """state and counts: at the moment asked about. solutions: those that the reader may see, of `solutions_total`."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    framework = serializers.CharField(source="framework.public_id")
    solutions = serializers.SerializerMethodField()
    solutions_total = serializers.SerializerMethodField()
    planned_by = NamedSerializer(source="added_by")
    tests_total = serializers.IntegerField()
    tests_reviewed = serializers.IntegerField()
    findings_issued = serializers.IntegerField()

    class Meta:
        model = Engagement
        fields = [
            "id", "title", "objective", "state", "framework", "solutions", "solutions_total", "about_from", "about_to",
            "from_outside", "access_until", "planned_by", "added_at", "closed_at", "tests_total", "tests_reviewed",
            "findings_issued", "version",
        ]  # fmt: skip

    @extend_schema_field(NamedSerializer(many=True))
    def get_solutions(self, row: Engagement) -> Any:
        seen = self.context["seen"]
        return NamedSerializer([one for one in row.solutions.all() if one.pk in seen], many=True).data

    def get_solutions_total(self, row: Engagement) -> int:
        return len(row.solutions.all())


class TeamMemberSerializer(serializers.Serializer[Member]):
    """ties: what of the scope they answer for, in words, to who audits; where there is any, their work is refused."""

    person = NamedSerializer(source="member.person")
    part = serializers.ChoiceField(choices=TeamMember.Part.choices, source="member.part")
    declaration = serializers.CharField(source="member.declaration")
    declared_at = serializers.DateTimeField(source="member.declared_at", allow_null=True)
    valid_from = serializers.DateTimeField(source="member.valid_from")
    valid_to = serializers.DateTimeField(source="member.valid_to", allow_null=True)
    ties = serializers.ListField(child=serializers.CharField())


class ComparisonSerializer(serializers.Serializer[Any]):
    """Ids of audit findings that the reader may see. closed, still_open: of the engagement before."""

    new = serializers.ListField(child=serializers.CharField())
    repeated = serializers.ListField(child=serializers.CharField())
    closed = serializers.ListField(child=serializers.CharField())
    still_open = serializers.ListField(child=serializers.CharField())


class OneEngagementSerializer(EngagementSerializer):
    """previous: the engagement before it, where the reader may see it; compared: what was found, held against that."""

    team = serializers.SerializerMethodField()
    previous = serializers.SerializerMethodField()
    compared = serializers.SerializerMethodField()

    class Meta(EngagementSerializer.Meta):
        fields = [*EngagementSerializer.Meta.fields, "team", "previous", "compared"]

    @extend_schema_field(TeamMemberSerializer(many=True))
    def get_team(self, row: Engagement) -> Any:
        with_ties = teaming.sees_ties(self.context["request"].user)
        members: Any = teaming.members(row, self.context["at"], with_ties=with_ties)
        return TeamMemberSerializer(members, many=True).data

    def get_previous(self, row: Engagement) -> str | None:
        found = before(row, self.context["request"].user)
        return found.public_id if found else None

    @extend_schema_field(ComparisonSerializer(allow_null=True))
    def get_compared(self, row: Engagement) -> Any:
        user = self.context["request"].user
        found = compared(row, user) if before(row, user) else None
        return {name: [one.public_id for one in rows] for name, rows in vars(found).items()} if found else None


class EngagementDoor(Door):
    action = "engagement.view"
    versioned = Engagement
    serializer_class: type[EngagementSerializer] = EngagementSerializer

    def rows(self) -> QuerySet[Engagement]:
        found = seen_by(self.request.user, self.request.moment)  # type: ignore[attr-defined, arg-type]
        return found.select_related("framework", "added_by").prefetch_related("solutions")

    def get_serializer_context(self) -> dict[str, Any]:
        seen = Solution.objects.visible_to(self.request.user).values_list("pk", flat=True)
        told = {"seen": set(seen), "at": self.request.moment.at}  # type: ignore[attr-defined]
        return {**super().get_serializer_context(), **told}


class ListOfEngagements(EngagementDoor, ListDoor):
    """Narrowed by the same parameters as the page."""

    order = ("-id",)

    def rows(self) -> QuerySet[Engagement]:
        user: Any = self.request.user
        return Engagements.of(self.request.GET, user, self.request.moment).rows  # type: ignore[attr-defined]

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in ("solution", *CHOICES, "q")])
    def get(self, request: Request) -> Response:
        return super().get(request)


class OneEngagement(EngagementDoor, RowDoor):
    serializer_class = OneEngagementSerializer


class PlanSerializer(serializers.Serializer[Any]):
    """Rows by their public ids. about_to: the first moment after the period; without about_from, the moment audited.

    access_until: of an engagement that is done from outside.
    """

    title = serializers.CharField(max_length=200)
    objective = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    framework = RowField(lambda user: engaging.criteria())
    solutions = serializers.ListField(child=serializers.CharField())
    about_from = MomentField(required=False, allow_null=True)
    about_to = MomentField()
    previous = RowField(lambda user: Engagement.objects.visible_to(user), required=False, allow_null=True)
    access_until = MomentField(required=False, allow_null=True)


class PlanEngagementSerializer(PlanSerializer):
    from_outside = serializers.BooleanField(required=False)


class ChangePlanSerializer(ChangeSerializer, PlanSerializer):
    """What is not said stays as it is. because: why it changes, once fieldwork has begun."""

    because = serializers.CharField(max_length=500, allow_blank=True, default="")


class CloseEngagementSerializer(AsReadSerializer):
    """because: why tests stay unreviewed, where some do."""

    because = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class PutOnTeamSerializer(serializers.Serializer[Any]):
    person = RowField(lambda user: User.objects.active())
    part = serializers.ChoiceField(choices=TeamMember.Part.choices, default=TeamMember.Part.AUDITOR)


class DeclarationSerializer(serializers.Serializer[Any]):
    declaration = serializers.CharField(max_length=2000)


FIELDS = {"to_on": "about_to", "access_on": "access_until"}
"""As the page's form names what is refused → as it is named here."""


class EngagementActs(EngagementDoor):
    """What people did to it, the latest first."""

    @extend_schema(responses=HistoryActSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        at = request.moment.at  # type: ignore[attr-defined]
        done: Any = acts.history(get_or_404(self.get_queryset(), public_id), request.user, at)  # type: ignore[arg-type]
        return Response(whole(HistoryActSerializer(done, many=True).data))


class EngagementAct(EngagementDoor, Act):
    action = "engagement.manage"
    serializer_class = OneEngagementSerializer


class PlanAct(EngagementAct):
    def do(self, row: Engagement | None, said: dict[str, Any], *, by: User) -> Engagement:
        if "solutions" in said:
            said["solutions"] = all_or_404(engaging.to_audit(row, clock.now()), said["solutions"])
        try:
            return self.planned(row, said, by)
        except Refused as no:
            raise Refused(str(no), FIELDS.get(no.field, no.field)) from no

    def planned(self, row: Any, said: dict[str, Any], by: User) -> Engagement:
        raise NotImplementedError


class PlanEngagement(PlanAct):
    said, makes = PlanEngagementSerializer, True

    def planned(self, row: None, said: dict[str, Any], by: User) -> Engagement:
        return engaging.plan(Plan(**{**said, "about_from": said.get("about_from") or said["about_to"]}), by=by)


class ChangeEngagement(PlanAct):
    said = ChangePlanSerializer

    def planned(self, row: Engagement, said: dict[str, Any], by: User) -> Engagement:
        as_it_is = {name: getattr(row, name) for name in engaging.FIELDS}
        because, _version = said.pop("because"), said.pop("version")
        whole = {**as_it_is, "solutions": list(row.solutions.all()), **said, "from_outside": row.from_outside}
        whole["about_from"] = whole["about_from"] or whole["about_to"]
        return engaging.change(row, Plan(**whole), by=by, read=row.version, because=because)


class BeginFieldwork(EngagementAct):
    said = AsReadSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        return engaging.begin(row, by=by, read=row.version)


class EndFieldwork(EngagementAct):
    said = AsReadSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        return engaging.to_reporting(row, by=by, read=row.version)


class CloseEngagement(EngagementAct):
    said = CloseEngagementSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        return engaging.close(row, because=said["because"], by=by, read=row.version)


class PutOnTeam(EngagementAct):
    said = PutOnTeamSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        teaming.put_on(row, said["person"], said["part"], by=by)
        return row


class TakeOffTeam(EngagementAct):
    said = BecauseSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        teaming.take_off(teaming.member_or_404(row, self.kwargs["person_id"]), because=said["because"], by=by)
        return row


class DeclareIndependence(EngagementAct):
    action, said = "engagement.work", DeclarationSerializer

    def do(self, row: Engagement, said: dict[str, Any], *, by: User) -> Engagement:
        teaming.declare(row, said["declaration"], by=by)
        return row


ONE = "engagements/<str:public_id>/"
urlpatterns = [
    path("engagements/", ListOfEngagements.as_view(), name="engagements"),
    path("engagements/plan/", PlanEngagement.as_view(), name="engagement_plan"),
    path(ONE, OneEngagement.as_view(), name="engagement"),
    path(f"{ONE}acts/", EngagementActs.as_view(), name="engagement_acts"),
    path(f"{ONE}change/", ChangeEngagement.as_view(), name="engagement_change"),
    path(f"{ONE}begin/", BeginFieldwork.as_view(), name="engagement_begin"),
    path(f"{ONE}report/", EndFieldwork.as_view(), name="engagement_report"),
    path(f"{ONE}close/", CloseEngagement.as_view(), name="engagement_close"),
    path(f"{ONE}declare/", DeclareIndependence.as_view(), name="engagement_declare"),
    path(f"{ONE}team/put/", PutOnTeam.as_view(), name="engagement_put_member"),
    path(f"{ONE}team/<str:person_id>/take-off/", TakeOffTeam.as_view(), name="engagement_end_member"),
]
