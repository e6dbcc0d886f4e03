"""What programs do with a piece of evidence: the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from audit.public_id import all_or_404, get_or_404
from controls.models import Control
from evidence import changing, uploading
from evidence.evidence_api import EvidenceDoor, EvidenceSerializer, OneEvidenceSerializer
from evidence.file_acts import FileAct, UploadField
from evidence.models import Evidence
from evidence.uploading import controls_for
from evidence.urls.ids import ONE
from organisation.models import User
from organisation.rest import MomentField
from organisation.rest_acts import Act, BecauseSerializer, RowField


class SupersedeSerializer(serializers.Serializer[Any]):
    """A form with a file. What is not said stays as it was; an empty one among the controls stands for none.

    effective_to: the first moment after its period.
    """

    file = UploadField(required=True, allow_null=False, default=serializers.empty, allow_empty_file=True)
    effective_from = MomentField()
    effective_to = MomentField()
    title = serializers.CharField(max_length=200, required=False)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    confidentiality = serializers.ChoiceField(choices=Evidence.Confidentiality.choices, required=False)
    controls = serializers.ListField(child=serializers.CharField(allow_blank=True), required=False)


class LinkEvidenceSerializer(serializers.Serializer[Any]):
    """because: what of the control it shows."""

    control = RowField(controls_for)
    because = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EvidenceAct(EvidenceDoor, Act):
    serializer_class = OneEvidenceSerializer


class Supersede(EvidenceDoor, FileAct):
    action, said, makes = "evidence.add", SupersedeSerializer, True
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": SupersedeSerializer}, responses={201: EvidenceSerializer})
    def post(self, request: Request, **named: Any) -> Response:
        return super().post(request, **named)

    def do(self, row: Evidence, said: dict[str, Any], *, by: User) -> Evidence:
        if "controls" in said:
            said["controls"] = all_or_404(controls_for(by), filter(None, said["controls"]))
        return uploading.supersede(row, said.pop("file"), by=by, **said)


class WithdrawEvidence(EvidenceAct):
    action, said = "evidence.withdraw", BecauseSerializer

    def do(self, row: Evidence, said: dict[str, Any], *, by: User) -> Evidence:
        return changing.withdraw(row, because=said["because"], by=by)


class LinkEvidence(EvidenceAct):
    action, said = "evidence.add", LinkEvidenceSerializer

    def do(self, row: Evidence, said: dict[str, Any], *, by: User) -> Evidence:
        changing.link(row, said["control"], because=said["because"], by=by)
        return row


class EndLink(EvidenceAct):
    action, said = "evidence.add", BecauseSerializer

    def do(self, row: Evidence, said: dict[str, Any], *, by: User) -> Evidence:
        seen: QuerySet[Control] = Control.objects.visible_to(by)
        control = get_or_404(seen, self.kwargs["control_id"])
        found = row.links.in_force(clock.now()).filter(control=control).first()
        if found is None:
            raise Http404(f"{row.public_id} shows nothing of {control.public_id}")
        changing.unlink(found, because=said["because"], by=by)
        return row


urlpatterns = [
    path(f"evidence/{ONE}supersede/", Supersede.as_view(), name="evidence_supersede"),
    path(f"evidence/{ONE}withdraw/", WithdrawEvidence.as_view(), name="evidence_withdraw"),
    path(f"evidence/{ONE}link/", LinkEvidence.as_view(), name="evidence_link"),
    path(f"evidence/{ONE}links/<str:control_id>/end/", EndLink.as_view(), name="evidence_unlink"),
]
