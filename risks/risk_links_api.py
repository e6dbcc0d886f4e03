"""What keeps a risk down and what shows it, linked and unlinked by programs; and a risk made of what fails."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.public_id import get_or_404
from findings.models import Check
from organisation.models import Solution, User
from organisation.rest_acts import BecauseSerializer, RowField
from risks import from_findings, registering
from risks.from_findings import Source
from risks.models import Category, Risk, RiskControl, RiskFindings
from risks.risk_api import NamedRowSerializer, RiskDoor, WriteRiskSerializer
from risks.risk_moves_api import RiskAct


class ControlLinkSerializer(serializers.ModelSerializer[RiskControl]):
    """likelihood_at_most, impact_at_most: indices of `matrix`; null where it does nothing for that side."""

    control = NamedRowSerializer()
    matrix = serializers.CharField(source="matrix.public_id")

    class Meta:
        model = RiskControl
        fields = ["control", "likelihood_at_most", "impact_at_most", "matrix", "because", "linked_by", "valid_from"]


class FindingsLinkSerializer(serializers.ModelSerializer[RiskFindings]):
    """account: empty where it is wherever the solution is. finding: null where it is every one of the check."""

    check_id = serializers.CharField(source="check_ran.public_id")
    check_key = serializers.CharField(source="check_ran.key")
    finding = serializers.CharField(source="finding.public_id", allow_null=True, default=None)

    class Meta:
        model = RiskFindings
        fields = ["check_id", "check_key", "account", "finding", "linked_by", "valid_from"]


class LinksSerializer(serializers.Serializer[Any]):
    """Of a risk, in force at the moment."""

    controls = ControlLinkSerializer(many=True)
    findings = FindingsLinkSerializer(many=True)


class Links(RiskDoor):
    @extend_schema(responses=LinksSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        at, risk = self.moment.at, self.one(public_id)
        controls = risk.control_links.in_force(at).select_related("control", "matrix").order_by("control__name", "pk")
        findings = risk.finding_links.in_force(at).select_related("check_ran", "finding")
        told = {"controls": controls, "findings": findings.order_by("check_ran__key", "pk")}
        return Response(LinksSerializer(told).data)


class LinkControlSerializer(serializers.Serializer[Any]):
    """likelihood_at_most, impact_at_most: indices of the matrix in force; null where it does nothing for that side."""

    control = serializers.CharField()
    likelihood_at_most = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    impact_at_most = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    because = serializers.CharField(max_length=500)


class UnlinkControlSerializer(BecauseSerializer):
    control = serializers.CharField()


class LinkFindingsSerializer(serializers.Serializer[Any]):
    """check: by its id. account: twelve digits; empty for wherever the solution is."""

    check = RowField(lambda user: Check.objects.all())
    account = serializers.RegexField(r"^(\d{12})?\Z", required=False, allow_blank=True, default="")


class UnlinkFindingsSerializer(LinkFindingsSerializer, BecauseSerializer):
    """finding: where it is one finding that is linked, not every one of the check."""

    finding = serializers.CharField(required=False, allow_blank=True, default="")


class LinkControl(RiskAct):
    action, said = "risk.change", LinkControlSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        control = get_or_404(registering.linkable(row, by), said.pop("control"))
        registering.link_control(row, control, by=by, **said)
        return row


class UnlinkControl(RiskAct):
    action, said = "risk.change", UnlinkControlSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        registering.unlink_control(registering.control_link(row, said["control"]), because=said["because"], by=by)
        return row


class LinkFindings(RiskAct):
    action, said = "risk.change", LinkFindingsSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        registering.link_findings(row, said["check"], said["account"], by=by)
        return row


class UnlinkFindings(RiskAct):
    action, said = "risk.change", UnlinkFindingsSerializer

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Risk:
        link = registering.findings_link(row, said["check"], said["account"], said["finding"])
        registering.unlink_findings(link, because=said["because"], by=by)
        return row


class DraftSerializer(serializers.Serializer[Any]):
    """As the form of a new risk begins, for a person to correct. category, owner: null where none offers itself."""

    title = serializers.CharField()
    cause = serializers.CharField()
    event = serializers.CharField()
    consequence = serializers.CharField()
    solution = NamedRowSerializer()
    category = NamedRowSerializer(allow_null=True)
    owner = NamedRowSerializer(allow_null=True)


class SourceSerializer(serializers.Serializer[Any]):
    """failing: 0 where nothing fails any more. risks: those that it shows already. joinable: that it could join."""

    key = serializers.CharField()
    check_id = serializers.CharField(source="check.public_id")
    account = serializers.CharField(source="key.account")
    solution = NamedRowSerializer()
    failing = serializers.IntegerField()
    risks = serializers.SerializerMethodField()
    joinable = serializers.SerializerMethodField()
    draft = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_risks(self, found: Source) -> list[str]:
        return [one.public_id for one in found.concerns]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_joinable(self, found: Source) -> list[str]:
        """The worst of them; ?q= finds others by their words."""
        request = self.context["request"]
        words = request.query_params.get("q", "").strip()
        return [one.public_id for one in from_findings.offered(found, request.user, words)]

    @extend_schema_field(DraftSerializer)
    def get_draft(self, found: Source) -> Any:
        told = from_findings.draft(found, self.context["request"].user)
        rows: dict[str, type[Model]] = {"solution": Solution, "category": Category, "owner": User}
        named = {name: model._default_manager.filter(pk=told[name]).first() for name, model in rows.items()}
        return DraftSerializer(told | named).data


class OfWhatFails(RiskDoor):
    """One check in one account of a solution, by its key, as My items has it: K-12-111111111111-S-3."""

    action = "risk.change"
    versioned = None

    @extend_schema(responses=SourceSerializer)
    def get(self, request: Request, key: str) -> Response:
        found = from_findings.source(key, self.user, self.moment)
        return Response(SourceSerializer(found, context=self.get_serializer_context()).data)


class JoinSerializer(serializers.Serializer[Any]):
    risk = RowField(lambda user: Risk.objects.visible_to(user).select_related("solution", "category", "owner"))


class MakeOfWhatFails(RiskAct):
    """A risk of it, which its findings show from now on."""

    action, said, makes = "risk.change", WriteRiskSerializer, True
    versioned = None

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Risk:
        found = from_findings.source(self.kwargs["key"], by, self.moment)
        return from_findings.make(found, {"review_on": None, "link": "", **said}, by=by)


class JoinRisk(RiskAct):
    """From now on what fails shows this risk too."""

    action, said = "risk.change", JoinSerializer
    versioned = None

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Risk:
        found = from_findings.source(self.kwargs["key"], by, self.moment)
        registering.link_findings(said["risk"], found.check, found.key.account, by=by)
        risk: Risk = said["risk"]
        return risk


ONE = "risks/<str:public_id>/"
FROM = "risks/from/<str:key>/"
urlpatterns = [
    path(FROM, OfWhatFails.as_view(), name="risk_from"),
    path(f"{FROM}make/", MakeOfWhatFails.as_view(), name="risk_from_make"),
    path(f"{FROM}join/", JoinRisk.as_view(), name="risk_from_join"),
    path(f"{ONE}links/", Links.as_view(), name="risk_links"),
    path(f"{ONE}controls/link/", LinkControl.as_view(), name="risk_link_control"),
    path(f"{ONE}controls/unlink/", UnlinkControl.as_view(), name="risk_unlink_control"),
    path(f"{ONE}findings/link/", LinkFindings.as_view(), name="risk_link_findings"),
    path(f"{ONE}findings/unlink/", UnlinkFindings.as_view(), name="risk_unlink_findings"),
]
