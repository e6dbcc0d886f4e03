"""What programs do to mappings: proposed, taken back, changed and decided on, with the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls import deciding, mapping_sets, proposing, refusals
from controls.api import MappingDoor
from controls.deciding import Outlook
from controls.ends import end_chosen
from controls.listing import Asked
from controls.mapping_listing import mapping_choices, mappings
from controls.models import Mapping, MappingDecision, MappingSet
from controls.models.mapping import MappingQuerySet
from controls.register_api import NamedSerializer
from controls.tasks import carry_out_decision
from organisation.models import NotAllowed, User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, BecauseSerializer

RELATIONS = Mapping.Relation.choices
ACTIONS = [("approve", "approve"), ("end", "end")]


class HowSerializer(serializers.Serializer[Any]):
    relation = serializers.ChoiceField(choices=RELATIONS)
    rationale = serializers.CharField(max_length=2000)


class ProposeMappingSerializer(HowSerializer):
    """one, two: its ends, as RQ-1, CT-1, K-1, security_hub:S3.8 or the bare key of a check."""

    one = serializers.CharField(max_length=300)
    two = serializers.CharField(max_length=300)


class DecideMappingSerializer(serializers.Serializer[Any]):
    """relation: the type that the approver states; empty: as it was proposed."""

    action = serializers.ChoiceField(choices=ACTIONS)
    relation = serializers.ChoiceField(choices=RELATIONS, required=False, allow_blank=True, default="")
    because = serializers.CharField(max_length=500)


class DecideChosenSerializer(DecideMappingSerializer):
    mappings = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=200)


class DecideAllSerializer(DecideMappingSerializer):
    """seen: of the figures as they were read."""

    seen = serializers.CharField()


class AdoptSerializer(serializers.Serializer[Any]):
    """relation: the type that the approver states of all of them; empty: as each was proposed."""

    relation = serializers.ChoiceField(choices=RELATIONS, required=False, allow_blank=True, default="")
    because = serializers.CharField(max_length=500)


class ProposeMapping(MappingDoor, Act):
    """Somebody else decides on it."""

    action, said, makes = "mapping.propose", ProposeMappingSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Mapping:
        one, two = (self.end(name, said.pop(name), by) for name in ("one", "two"))
        try:
            return proposing.propose(one, two, by=by, **said)
        except proposing.Refused as no:
            raise refusals.Refused(str(no), "one" if no.end == 1 else "two") from no

    def end(self, name: str, value: str, user: User) -> proposing.End:
        try:
            return end_chosen(value, user)
        except proposing.Refused as no:
            raise refusals.Refused(str(no), name) from no


class TakeBackMapping(MappingDoor, Act):
    action, said = "mapping.propose", BecauseSerializer

    def do(self, row: Mapping, said: dict[str, Any], *, by: User) -> Mapping:
        proposing.take_back(row, because=said["because"], by=by)
        return row


class ChangeMapping(MappingDoor, Act):
    """Ends it and answers the one that is proposed in its place."""

    action, said, makes = "mapping.decide", HowSerializer, True

    def do(self, row: Mapping, said: dict[str, Any], *, by: User) -> Mapping:
        return proposing.change(row, by=by, **said)


class DecideMapping(MappingDoor, Act):
    action, said = "mapping.decide", DecideMappingSerializer

    def do(self, row: Mapping, said: dict[str, Any], *, by: User) -> Mapping:
        if not mapping_sets.decide(Mapping.objects.filter(pk=row.pk), by=by, **said):
            raise NotAllowed(_("%(id)s was left as it was.") % {"id": row.public_id})
        return row


class ChangedSerializer(serializers.Serializer[Any]):
    """left: how many were left as they were: the decider's own proposals, and what was decided before."""

    changed = serializers.IntegerField()
    left = serializers.IntegerField()


class DecideChosen(Act):
    """On these alone; each is recorded by itself."""

    action, said = "mapping.decide", DecideChosenSerializer
    serializer_class = ChangedSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> dict[str, int]:
        chosen = said.pop("mappings")
        keys = {Mapping.key_of(one) for one in chosen}
        n = mapping_sets.decide(Mapping.objects.visible_to(by).filter(pk__in=keys), by=by, **said)
        return {"changed": n, "left": len(chosen) - n}

    def told(self, done: dict[str, int]) -> Any:
        return self.get_serializer(done).data


class MappingDecisionSerializer(serializers.ModelSerializer[MappingDecision]):
    """asked: the filter. chosen: how many it was about. changed: null while it is under way."""

    id = serializers.CharField(source="public_id")
    chosen = serializers.IntegerField(source="about")
    reverses = serializers.CharField(source="reverses.public_id", allow_null=True, default=None)
    decided_by = NamedSerializer()
    asked = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = MappingDecision
        fields = [
            "id", "action", "relation", "because", "asked", "chosen", "changed", "reverses", "decided_by", "decided_at",
            "carried_out_at",
        ]  # fmt: skip


class OneDecisionSerializer(MappingDecisionSerializer):
    """still_approved: of what it approved, how many are in force."""

    still_approved = serializers.SerializerMethodField()

    class Meta(MappingDecisionSerializer.Meta):
        fields = [*MappingDecisionSerializer.Meta.fields, "still_approved"]

    def get_still_approved(self, row: MappingDecision) -> int:
        return deciding.still_approved(row).count()


class DecisionDoor(Door):
    action = "framework.view"
    serializer_class = MappingDecisionSerializer

    def rows(self) -> QuerySet[MappingDecision]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        rows = MappingDecision.objects.filter(decided_at__lte=at).annotate(about=Coalesce("chosen__len", 0))
        return rows.defer("chosen").select_related("decided_by", "reverses")


class MappingDecisions(DecisionDoor, ListDoor):
    order = ("-id",)


class OneMappingDecision(DecisionDoor, RowDoor):
    serializer_class = OneDecisionSerializer


class ReverseDecision(DecisionDoor, Act):
    """Withdraws what it approved and nobody ended since, as one decision."""

    action, said, makes = "mapping.decide", BecauseSerializer, True

    def do(self, row: MappingDecision, said: dict[str, Any], *, by: User) -> MappingDecision:
        because = said["because"]
        return deciding.reverse_decision(row, because=because, by=by, hand_out=carry_out_decision.delay)


class OutlookSerializer(serializers.Serializer[Outlook]):
    """What deciding on all that match would do now. open_to: proposals that the caller may approve; own: their own,
    left out. first_checks, first_of_controls: requirements and controls that would have a check for the first time;
    last_checks: requirements that would lose their last one by ending. seen: to be sent back.
    """

    total = serializers.IntegerField()
    open_to = serializers.IntegerField()
    own = serializers.IntegerField()
    approved = serializers.IntegerField()
    first_checks = serializers.IntegerField()
    first_of_controls = serializers.IntegerField()
    last_checks = serializers.IntegerField()
    seen = serializers.CharField()


class DecideAll(DecisionDoor, Act):
    """On everything that the address matches, narrowed as the list of mappings is, as one decision."""

    action, said, makes = "mapping.decide", DecideAllSerializer, True

    def asked(self) -> tuple[Asked, MappingQuerySet]:
        user: Any = self.request.user
        query, at = self.request.query_params, self.request.moment.at  # type: ignore[attr-defined]
        asked = Asked.of(query, mapping_choices(user, query))
        return asked, mappings(asked, user, at)

    @extend_schema(responses=OutlookSerializer)
    def get(self, request: Request) -> Response:
        _asked, rows = self.asked()
        return Response(OutlookSerializer(deciding.outlook(rows, self.request.user)).data)  # type: ignore[arg-type]

    def do(self, row: None, said: dict[str, Any], *, by: User) -> MappingDecision:
        asked, rows = self.asked()
        return deciding.decide_all(rows, asked=asked.values, by=by, hand_out=carry_out_decision.delay, **said)


class MappingSetSerializer(serializers.ModelSerializer[MappingSet]):
    """Mappings that somebody published together. stated_version: of the framework, as the source says."""

    id = serializers.CharField(source="public_id")
    framework = serializers.CharField(source="framework.public_id")

    class Meta:
        model = MappingSet
        fields = [
            "id", "key", "name", "framework", "publisher", "url", "licence", "published_on", "stated_version", "note",
            "source_sha256", "loaded_at",
        ]  # fmt: skip


class MappingSets(ListDoor):
    action = "framework.view"
    serializer_class = MappingSetSerializer

    def rows(self) -> QuerySet[MappingSet]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        return MappingSet.objects.filter(loaded_at__lte=at).select_related("framework")


class AdoptSet(DecisionDoor, Act):
    """Approves everything that is proposed of a published set, as one decision."""

    action, said, makes = "mapping.decide", AdoptSerializer, True

    def subjects(self) -> QuerySet[MappingSet]:
        return MappingSet.objects.all()

    def do(self, row: MappingSet, said: dict[str, Any], *, by: User) -> MappingDecision:
        return deciding.adopt(row, by=by, hand_out=carry_out_decision.delay, **said)


ONE = "mappings/<str:public_id>/"
DECISION = "mapping-decisions/<str:public_id>/"
urlpatterns = [
    path("mappings/propose/", ProposeMapping.as_view(), name="mapping_propose"),
    path("mappings/decide-all/", DecideAll.as_view(), name="mappings_decide_all"),
    path("mappings/decide-chosen/", DecideChosen.as_view(), name="mappings_decide_chosen"),
    path(f"{ONE}take-back/", TakeBackMapping.as_view(), name="mapping_take_back"),
    path(f"{ONE}change/", ChangeMapping.as_view(), name="mapping_change"),
    path(f"{ONE}decide/", DecideMapping.as_view(), name="mapping_decide"),
    path("mapping-decisions/", MappingDecisions.as_view(), name="mapping_decisions"),
    path(DECISION, OneMappingDecision.as_view(), name="mapping_decision"),
    path(f"{DECISION}reverse/", ReverseDecision.as_view(), name="mapping_decision_reverse"),
    path("mapping-sets/", MappingSets.as_view(), name="mapping_sets"),
    path("mapping-sets/<str:public_id>/adopt/", AdoptSet.as_view(), name="mapping_set_adopt"),
]
