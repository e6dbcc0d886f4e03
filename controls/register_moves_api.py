"""What programs do to controls: kept, inherited, tested and stated of, with the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers

from audit import clock
from audit.public_id import get_or_404
from controls import verdicts
from controls.control_forms import people_to_own, solutions_to_operate
from controls.heirs import could_inherit
from controls.models import Control, Frequency, Inheritance, Verdict
from controls.register import rows_of
from controls.register_api import ControlDoor, VerdictDoor
from controls.verdicts import solutions_to_answer
from organisation.models import Solution, User
from organisation.rest import MomentField
from organisation.rest_acts import Act, AsReadSerializer, BecauseAsReadSerializer, BecauseSerializer, RowField

SAID = [Verdict.Result.PASSING, Verdict.Result.PARTLY_FAILING, Verdict.Result.FAILING]
RESULTS = [(one.value, one.label) for one in SAID]


def people(user: User) -> Any:
    return User.objects.active()


def solutions(user: User) -> QuerySet[Solution]:
    return Solution.objects.all()


class AddControlSerializer(serializers.Serializer[Any]):
    """owner: of the first or second line. solution: the one that operates it; null for every solution, each for itself.
    is_common: others may inherit it from the one that operates it.
    """

    name = serializers.CharField(max_length=200)
    objective = serializers.CharField(max_length=2000)
    kind = serializers.ChoiceField(choices=Control.Kind.choices)
    method = serializers.ChoiceField(choices=Control.Method.choices)
    frequency = serializers.ChoiceField(choices=Frequency.choices)
    procedure = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    evidence = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    owner = RowField(people)
    solution = RowField(solutions, required=False, allow_null=True)
    is_common = serializers.BooleanField(required=False)


class ChangeControlSerializer(AddControlSerializer, AsReadSerializer):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=200, required=False)
    objective = serializers.CharField(max_length=2000, required=False)
    kind = serializers.ChoiceField(choices=Control.Kind.choices, required=False)
    method = serializers.ChoiceField(choices=Control.Method.choices, required=False)
    frequency = serializers.ChoiceField(choices=Frequency.choices, required=False)
    owner = RowField(people, required=False)


def allowed(said: dict[str, Any], control: Control | None = None) -> dict[str, Any]:
    """Where the rows that it names are those that the page offers. Raises Http404."""
    if "owner" in said:
        get_object_or_404(people_to_own(control), pk=said["owner"].pk)
    if said.get("solution"):
        get_object_or_404(solutions_to_operate(control), pk=said["solution"].pk)
    return said


class ControlAct(ControlDoor, Act):
    """Answers the control."""

    def told(self, done: Control) -> Any:
        user: Any = self.request.user
        (row,) = rows_of([self.get_queryset().get(pk=done.pk)], user, self.moment)
        return self.get_serializer(row).data


class AddControl(ControlAct):
    action, said, makes = "control.manage", AddControlSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Control:
        return Control.add(by=by, **allowed(said))


class ChangeControl(ControlAct):
    action, said = "control.manage", ChangeControlSerializer

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Control:
        read = said.pop("version")
        row.change(read=row.version if read is None else read, by=by, **allowed(said, row))
        return row


class RetireControl(ControlAct):
    action, said = "control.manage", BecauseAsReadSerializer

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Control:
        row.retire(because=said["because"], by=by)
        return row


class ReopenControl(ControlAct):
    action, said = "control.manage", BecauseAsReadSerializer

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Control:
        row.reopen(because=said["because"], by=by)
        return row


class InheritSerializer(serializers.Serializer[Any]):
    solution = RowField(solutions)
    because = serializers.CharField(max_length=500)


class LetInherit(ControlAct):
    """A solution that may inherit it does so from now on."""

    action, said = "control.inherit", InheritSerializer

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Control:
        heir = get_or_404(could_inherit(row), said["solution"].public_id)
        Inheritance.agree(row, heir, because=said["because"], by=by)
        return row


class EndInheritance(ControlAct):
    action, said = "control.inherit", InheritSerializer

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Control:
        held = row.inheritances.not_ended(clock.now()).select_related("control", "solution")
        get_object_or_404(held, solution=said["solution"]).end(because=said["because"], by=by)
        return row


class RecordTestSerializer(serializers.Serializer[Any]):
    """what: the procedure that was followed. because: what was seen. period_to: the first moment after the period.
    fresh_until: empty for as long as the control's frequency gives. solution: where the control is every solution's.
    """

    solution = RowField(solutions_to_answer, required=False, allow_null=True, default=None)
    period_from = MomentField()
    period_to = MomentField()
    result = serializers.ChoiceField(choices=RESULTS)
    what = serializers.CharField(max_length=4000)
    because = serializers.CharField(max_length=4000)
    fresh_until = MomentField(required=False, allow_null=True, default=None)


class WriteDownSerializer(RecordTestSerializer):
    """stated_by: who states it, and in which function. what: what is stated. because: on what basis."""

    stated_by = serializers.CharField(max_length=200)


class RecordTest(VerdictDoor, Act):
    action, said, makes = "control.answer", RecordTestSerializer, True
    kind = Verdict.Kind.MANUAL_TEST

    def subjects(self) -> QuerySet[Control]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Control.objects.visible_to(self.request.user).added_by(at).select_related("owner", "solution")

    def do(self, row: Control, said: dict[str, Any], *, by: User) -> Verdict:
        return verdicts.record(row, kind=self.kind.value, by=by, **said)


class WriteStatementDown(RecordTest):
    """What somebody without a log-in stated; whoever has one attests it themselves."""

    said = WriteDownSerializer
    kind = Verdict.Kind.ATTESTATION


class WithdrawVerdict(VerdictDoor, Act):
    action, said = "control.answer", BecauseSerializer

    def do(self, row: Verdict, said: dict[str, Any], *, by: User) -> Verdict:
        verdicts.withdraw(row, because=said["because"], by=by)
        return row


ONE = "controls/<str:public_id>/"
urlpatterns = [
    path("controls/add/", AddControl.as_view(), name="control_add"),
    path(f"{ONE}change/", ChangeControl.as_view(), name="control_change"),
    path(f"{ONE}retire/", RetireControl.as_view(), name="control_retire"),
    path(f"{ONE}reopen/", ReopenControl.as_view(), name="control_reopen"),
    path(f"{ONE}inheritances/add/", LetInherit.as_view(), name="control_inherit"),
    path(f"{ONE}inheritances/end/", EndInheritance.as_view(), name="control_inheritance_end"),
    path(f"{ONE}tests/add/", RecordTest.as_view(), name="control_test_add"),
    path(f"{ONE}attestations/add/", WriteStatementDown.as_view(), name="control_attestation_add"),
    path("verdicts/<str:public_id>/withdraw/", WithdrawVerdict.as_view(), name="verdict_withdraw"),
]
