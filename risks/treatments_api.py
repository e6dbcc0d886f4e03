"""Treatments and their actions for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.models import RowVersion
from audit.public_id import get_or_404
from controls.register_api import NamedSerializer
from findings.models import Check
from organisation.models import User
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, BecauseAsReadSerializer, RowField
from risks import treating, treatment_closing, treatment_list
from risks.models import Risk, Treatment, TreatmentAction, TreatmentCheck
from risks.treating import Named
from risks.treatment_list import with_progress


class ActionSerializer(serializers.ModelSerializer[TreatmentAction]):
    id = serializers.CharField(source="public_id")
    owner = NamedSerializer()

    class Meta:
        model = TreatmentAction
        fields = ["id", "what", "owner", "due_on", "state", "link", "ended_at", "ended_because", "version"]


class TreatmentCheckSerializer(serializers.ModelSerializer[TreatmentCheck]):
    """account: empty where it has to pass wherever the solution is."""

    check_id = serializers.CharField(source="check_ran.public_id")
    check_key = serializers.CharField(source="check_ran.key")

    class Meta:
        model = TreatmentCheck
        fields = ["check_id", "check_key", "account"]


class TreatmentSerializer(serializers.ModelSerializer[Treatment]):
    id = serializers.CharField(source="public_id")
    risk = serializers.CharField(source="risk.public_id")
    owner = NamedSerializer()
    actions = ActionSerializer(many=True)
    actions_wanted = serializers.IntegerField(source="wanted")
    actions_done = serializers.IntegerField(source="done")
    actions_overdue = serializers.IntegerField(source="overdue")

    class Meta:
        model = Treatment
        fields = [
            "id", "risk", "strategy", "plan", "owner", "hold_days", "actions", "actions_wanted", "actions_done",
            "actions_overdue", "closure_proposed_at", "closure_because", "closed_at", "version",
        ]  # fmt: skip


class OneTreatmentSerializer(TreatmentSerializer):
    """checks: it is done once these pass."""

    checks = serializers.SerializerMethodField()

    class Meta(TreatmentSerializer.Meta):
        fields = [*TreatmentSerializer.Meta.fields, "checks"]

    @extend_schema_field(TreatmentCheckSerializer(many=True))
    def get_checks(self, row: Treatment) -> Any:
        at = self.context["request"].moment.at
        named = row.checks.in_force(at).select_related("check_ran").order_by("check_ran__key", "account")
        return TreatmentCheckSerializer(named, many=True).data


class TreatmentDoor(Door):
    action = "risk.view"
    versioned: ClassVar[type[RowVersion] | None] = Treatment
    serializer_class = TreatmentSerializer

    def rows(self) -> QuerySet[Treatment]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        seen = Treatment.objects.visible_to(self.request.user).filter(added_at__lte=at)
        related = ("risk__owner", "risk__solution", "owner", "closure_proposed_by")
        return with_progress(seen, at).select_related(*related).prefetch_related("actions__owner")


class Treatments(TreatmentDoor, ListDoor):
    """?solution, state, strategy, overdue, mine, q: as the page has them."""

    order = ("-id",)

    def rows(self) -> QuerySet[Treatment]:
        user, moment = self.request.user, self.request.moment  # type: ignore[attr-defined]
        found = treatment_list.Treatments.of(self.request.query_params, user, moment)  # type: ignore[arg-type]
        return found.rows.prefetch_related("actions__owner")


class OneTreatment(TreatmentDoor, RowDoor):
    serializer_class = OneTreatmentSerializer


def people(user: User) -> Any:
    return User.objects.active()


class AddTreatmentSerializer(serializers.Serializer[Any]):
    """checks: ids of checks that show it done once they pass everywhere in the solution."""

    strategy = serializers.ChoiceField(choices=Treatment.Strategy.choices)
    plan = serializers.CharField(max_length=4000)
    owner = RowField(people)
    hold_days = serializers.IntegerField(min_value=1, max_value=366, required=False)
    checks = serializers.ListField(child=RowField(lambda user: Check.objects.all()), required=False)


class ChangeTreatmentSerializer(AddTreatmentSerializer, AsReadSerializer):
    """What is left out stays as it is."""

    strategy = serializers.ChoiceField(choices=Treatment.Strategy.choices, required=False)
    plan = serializers.CharField(max_length=4000, required=False)
    owner = RowField(people, required=False)
    because = serializers.CharField(max_length=500)


def checks_of(risk: Risk, said: dict[str, Any], treatment: Treatment | None = None) -> dict[str, list[Named]]:
    """Those that the page offers. Raises Http404."""
    if "checks" not in said:
        return {}
    offered = treating.checks_to_name(risk, treatment)
    return {"checks": [(get_or_404(offered, one.public_id), "") for one in said["checks"]]}


class AddTreatment(TreatmentDoor, Act):
    """To a risk."""

    action, said, makes = "treatment.change", AddTreatmentSerializer, True
    versioned = None
    serializer_class = OneTreatmentSerializer

    def subjects(self) -> QuerySet[Risk]:
        return Risk.objects.visible_to(self.request.user).select_related("owner", "solution")

    def do(self, row: Risk, said: dict[str, Any], *, by: User) -> Treatment:
        return treating.add(row, by=by, **said | checks_of(row, said))


class ChangeTreatment(TreatmentDoor, Act):
    action, said = "treatment.change", ChangeTreatmentSerializer
    serializer_class = OneTreatmentSerializer

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Treatment:
        read = said.pop("version")
        named = checks_of(row.risk, said, row)
        return treating.change(row, by=by, read=row.version if read is None else read, **said | named)


class ProposeClosure(TreatmentDoor, Act):
    action, said = "treatment.close", BecauseAsReadSerializer

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Treatment:
        return treatment_closing.propose(row, because=said["because"], by=by)


class CloseTreatmentSerializer(AsReadSerializer):
    because = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)


class CloseTreatment(TreatmentDoor, Act):
    action, said = "treatment.close", CloseTreatmentSerializer

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Treatment:
        return treatment_closing.confirm(row, because=said["because"], by=by)


class SendBack(TreatmentDoor, Act):
    action, said = "treatment.close", BecauseAsReadSerializer

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Treatment:
        return treatment_closing.decline(row, because=said["because"], by=by)


class AddActionSerializer(serializers.Serializer[Any]):
    what = serializers.CharField(max_length=300)
    owner = RowField(people)
    due_on = DayField()
    link = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")


class ChangeActionSerializer(AsReadSerializer):
    """What is left out stays as it is."""

    what = serializers.CharField(max_length=300, required=False)
    owner = RowField(people, required=False)
    due_on = DayField(required=False)
    link = serializers.URLField(max_length=500, required=False, allow_blank=True)
    because = serializers.CharField(max_length=500)


class MoveActionSerializer(AsReadSerializer):
    because = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
    state = serializers.ChoiceField(choices=TreatmentAction.State.choices)


class AddAction(TreatmentDoor, Act):
    """Answers the treatment."""

    action, said, makes = "treatment.change", AddActionSerializer, True

    def do(self, row: Treatment, said: dict[str, Any], *, by: User) -> Treatment:
        treating.add_action(row, by=by, **said)
        return row


class ActionDoor(Door):
    action = "treatment.change"
    versioned = TreatmentAction
    serializer_class = ActionSerializer

    def rows(self) -> QuerySet[TreatmentAction]:
        seen = TreatmentAction.objects.visible_to(self.request.user)
        return seen.select_related("treatment__risk__owner", "treatment__owner", "owner")


class ChangeAction(ActionDoor, Act):
    said = ChangeActionSerializer

    def do(self, row: TreatmentAction, said: dict[str, Any], *, by: User) -> TreatmentAction:
        read = said.pop("version")
        return treating.change_action(row, by=by, read=row.version if read is None else read, **said)


class MoveAction(ActionDoor, Act):
    said = MoveActionSerializer

    def do(self, row: TreatmentAction, said: dict[str, Any], *, by: User) -> TreatmentAction:
        return treating.set_state(row, said["state"], because=said["because"], read=said["version"], by=by)


ONE = "treatments/<str:public_id>/"
ACTION = "actions/<str:public_id>/"
urlpatterns = [
    path("treatments/", Treatments.as_view(), name="treatments"),
    path(ONE, OneTreatment.as_view(), name="treatment"),
    path("risks/<str:public_id>/treatments/add/", AddTreatment.as_view(), name="treatment_add"),
    path(f"{ONE}change/", ChangeTreatment.as_view(), name="treatment_change"),
    path(f"{ONE}actions/add/", AddAction.as_view(), name="action_add"),
    path(f"{ONE}propose-closure/", ProposeClosure.as_view(), name="treatment_propose_closure"),
    path(f"{ONE}close/", CloseTreatment.as_view(), name="treatment_close"),
    path(f"{ONE}send-back/", SendBack.as_view(), name="treatment_send_back"),
    path(f"{ACTION}change/", ChangeAction.as_view(), name="action_change"),
    path(f"{ACTION}move/", MoveAction.as_view(), name="action_move"),
]
