"""Standing in for programs: one's own, and for an administrator anybody's."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.urls import path
from rest_framework import serializers

from audit import clock
from organisation.delegation_form import DelegationForm
from organisation.models import Delegation, User
from organisation.rest import DayField, Door, ListDoor
from organisation.rest_acts import Act, RowField
from organisation.rest_forms import FormSerializer
from organisation.solutions_api import SayWhySerializer


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    """Who stands in for whom, by public id and name. valid_to: the first moment at which it holds no longer."""

    id = serializers.CharField(source="public_id")
    delegator = serializers.CharField(source="delegator.public_id")
    delegator_name = serializers.CharField(source="delegator.name")
    delegate = serializers.CharField(source="delegate.public_id")
    delegate_name = serializers.CharField(source="delegate.name")

    class Meta:
        model = Delegation
        fields = [
            "id", "delegator", "delegator_name", "delegate", "delegate_name", "valid_from", "valid_to", "reason",
        ]  # fmt: skip


def colleagues(user: User) -> Any:
    """The form says who of them may."""
    return User.objects.active()


class StandInSerializer(FormSerializer):
    """delegate: of the same line. since: from now, unless it is said. until: the last day, within ninety."""

    form = DelegationForm
    delegate = RowField(colleagues)
    since = DayField(required=False, allow_null=True, default=None)
    until = DayField()
    reason = serializers.CharField(max_length=500)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        """The row of the address is whom it is for; without one, whoever calls."""
        return DelegationForm(said, delegator=self.context["row"] or self.context["request"].user)


class DelegationDoor(Door):
    serializer_class = DelegationSerializer

    def rows(self) -> QuerySet[Delegation]:
        assert isinstance(self.request.user, User)
        return Delegation.objects.of(self.request.user).listed()


class Delegations(DelegationDoor, ListDoor):
    """One's own, of both directions: in force, to come and past."""

    action = "delegation.view"
    order = ("-id",)


class DelegationAct(DelegationDoor, Act):
    def told(self, done: Delegation) -> Any:
        """As it is now, though it was called off before it began."""
        return self.get_serializer(done).data


class GiveDelegation(DelegationAct):
    """For oneself."""

    action, said, makes = "delegation.give", StandInSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Delegation:
        return Delegation.give(by, by=by, **said)


class EndDelegation(DelegationAct):
    """One's own, that one gave."""

    action, said = "delegation.end", SayWhySerializer

    def subjects(self) -> QuerySet[Delegation]:
        assert isinstance(self.request.user, User)
        return Delegation.objects.filter(delegator=self.request.user).not_ended(clock.now()).listed()

    def do(self, row: Delegation, said: dict[str, Any], *, by: User) -> Delegation:
        row.end(by=by, **said)
        return row


class ArrangeDelegation(DelegationAct):
    """For somebody who is away already."""

    action, said, makes = "delegation.arrange", StandInSerializer, True

    def subjects(self) -> Any:
        return User.objects.active()

    def do(self, row: User, said: dict[str, Any], *, by: User) -> Delegation:
        return Delegation.give(row, by=by, **said)


class EndDelegationFor(EndDelegation):
    """Anybody's."""

    action = "delegation.arrange"

    def subjects(self) -> QuerySet[Delegation]:
        return Delegation.objects.not_ended(clock.now()).listed()


urlpatterns = [
    path("delegations/", Delegations.as_view(), name="delegations"),
    path("delegations/give/", GiveDelegation.as_view(), name="delegation_give"),
    path("delegations/<str:public_id>/end/", EndDelegation.as_view(), name="delegation_end"),
    path("delegations/<str:public_id>/end-for/", EndDelegationFor.as_view(), name="delegation_end_for"),
    path("people/<str:public_id>/stand-in/", ArrangeDelegation.as_view(), name="delegation_arrange"),
]
