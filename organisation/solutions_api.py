"""Solutions and AWS accounts for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from organisation import ownership
from organisation.forms import GrantForm, ReasonForm, SolutionAccountForm, SolutionForm, TagRuleForm
from organisation.models import Account, Grant, Solution, SolutionAccount, TagRule, User
from organisation.models.grant import MANAGED
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, RowField
from organisation.rest_forms import FormSerializer

NARROWED = [OpenApiParameter("q", str, description="Part of a name.")]


class PlaceSerializer(serializers.ModelSerializer[SolutionAccount]):
    account = serializers.CharField(source="account.account_id")
    name = serializers.CharField(source="account.name")

    class Meta:
        model = SolutionAccount
        fields = ["id", "account", "name", "whole", "valid_from", "valid_to"]


class TagRuleSerializer(serializers.ModelSerializer[TagRule]):
    class Meta:
        model = TagRule
        fields = ["id", "key", "value", "valid_from", "valid_to"]


class GrantSerializer(serializers.ModelSerializer[Grant]):
    person = serializers.CharField(source="person.public_id")
    name = serializers.CharField(source="person.name")

    class Meta:
        model = Grant
        fields = ["id", "person", "name", "kind", "valid_from", "valid_to"]


class SolutionSerializer(serializers.ModelSerializer[Solution]):
    """accounts, tag_rules, people: those in force; each by its id is ended."""

    id = serializers.CharField(source="public_id")
    accounts = PlaceSerializer(source="places_then", many=True)
    tag_rules = TagRuleSerializer(source="rules_then", many=True)
    people = GrantSerializer(source="grants_then", many=True)

    class Meta:
        model = Solution
        fields = [
            "id", "name", "description", "added_at", "retired_at", "accounts", "tag_rules", "people", "version",
        ]  # fmt: skip


@extend_schema_field(OpenApiTypes.STR)
class AccountField(serializers.CharField):
    """An AWS account by its 12 digits. Raises Http404."""

    def to_internal_value(self, data: Any) -> Any:
        said = super().to_internal_value(data)
        if (found := Account.objects.filter(account_id=said).first()) is None:
            raise Http404(f"There is no account {said}")
        return found


class SayWhySerializer(FormSerializer):
    """reason: goes into the trail."""

    form = ReasonForm
    reason = serializers.CharField(max_length=500)


class DescribeSolutionSerializer(FormSerializer):
    form = SolutionForm
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def filled(self, said: dict[str, Any]) -> BaseForm:
        return SolutionForm(said, solution=self.context["row"])


class ChangeSolutionSerializer(DescribeSolutionSerializer, AsReadSerializer):
    pass


class RuleOfSolutionSerializer(FormSerializer):
    """since: from now, unless it is said. until: the last day, unless it is ended before."""

    since = DayField(required=False, allow_null=True, default=None)
    until = DayField(required=False, allow_null=True, default=None)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        told: dict[str, Any] = {name: str(value) if isinstance(value, date) else value for name, value in said.items()}
        return self.form(told, solution=self.context["row"])


class AddAccountSerializer(RuleOfSolutionSerializer):
    """whole: every resource in the account; else those that a tag rule of the solution names."""

    form = SolutionAccountForm
    account = AccountField()
    whole = serializers.BooleanField()

    def filled(self, said: dict[str, Any]) -> BaseForm:
        return super().filled({**said, "whole": "yes" if said["whole"] else "no"})


class AddTagRuleSerializer(RuleOfSolutionSerializer):
    """value: capitals make no difference; * at its end stands for any ending."""

    form = TagRuleForm
    key = serializers.CharField(max_length=128)
    value = serializers.CharField(max_length=256)


class AddPersonToSolutionSerializer(FormSerializer):
    """Somebody of the first line who has no part in it yet. until: the last day, unless it is ended before."""

    form = GrantForm
    person = RowField(lambda user: User.objects.active())
    kind = serializers.ChoiceField(choices=MANAGED)
    until = DayField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        return GrantForm(said, solution=self.context["row"])


class SolutionDoor(Door):
    action = "solution.view"
    versioned = Solution
    serializer_class = SolutionSerializer

    def rows(self) -> QuerySet[Solution]:
        moment = self.request.moment  # type: ignore[attr-defined]
        return Solution.objects.visible_to(self.request.user).added_by(moment.at).listed(moment.at)


class Solutions(SolutionDoor, ListDoor):
    order = ("name", "id")

    @extend_schema(parameters=[OpenApiParameter("state", enum=["in_use", "ownerless", "retired"]), *NARROWED])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Solution]:
        at, asked = self.request.moment.at, self.request.query_params  # type: ignore[attr-defined]
        chosen = Solution.objects.visible_to(self.request.user).listed_as(asked.get("state", ""), at)
        return chosen.named_like(asked.get("q", "")).listed(at)


class OneSolution(SolutionDoor, RowDoor):
    pass


class ManageSolution(SolutionDoor, Act):
    action = "solution.manage"

    def subjects(self) -> QuerySet[Solution]:
        """Those that may still be changed."""
        return Solution.objects.visible_to(self.request.user).in_use(clock.now())


class AddSolution(ManageSolution):
    said, makes = DescribeSolutionSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Solution:
        return Solution.add(name=said["name"], description=said["description"], by=by)


class ChangeSolution(ManageSolution):
    said = ChangeSolutionSerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        row.change(name=said["name"], description=said["description"], read=row.version, by=by)
        return row


class RetireSolution(ManageSolution):
    said = SayWhySerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        ownership.retire(row, reason=said["reason"], by=by)
        return row


class AddAccount(ManageSolution):
    said = AddAccountSerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        ownership.add_account(row, by=by, **said)
        return row


class AddTagRule(ManageSolution):
    said = AddTagRuleSerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        ownership.add_tag_rule(row, by=by, **said)
        return row


class AddPersonToSolution(ManageSolution):
    said = AddPersonToSolutionSerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        Grant.give(row, by=by, **said)
        return row


class EndAccount(ManageSolution):
    said = SayWhySerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        places = row.accounts.not_ended(clock.now()).select_related("account", "solution")
        ownership.end(get_object_or_404(places, pk=self.kwargs["part"]), by=by, **said)
        return row


class EndTagRule(ManageSolution):
    said = SayWhySerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        rules = row.tag_rules.not_ended(clock.now()).select_related("solution")
        ownership.end(get_object_or_404(rules, pk=self.kwargs["part"]), by=by, **said)
        return row


class EndPersonInSolution(ManageSolution):
    said = SayWhySerializer

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> Solution:
        grants = row.grants.managed().not_ended(clock.now()).select_related("person", "solution")
        get_object_or_404(grants, pk=self.kwargs["part"]).end(by=by, **said)
        return row


class AccountSerializer(serializers.ModelSerializer[Account]):
    """id: its 12 digits. solutions: those that live in it, whole or in part."""

    id = serializers.CharField(source="account_id")
    solutions = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields = ["id", "name", "email", "state", "ou_path", "seen_at", "solutions"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_solutions(self, account: Account) -> list[str]:
        places = account.places_then  # type: ignore[attr-defined]
        return [place.solution.public_id for place in places]


class Accounts(ListDoor):
    """Every account that a connection reported, and whose it is."""

    action = "account.view"
    serializer_class = AccountSerializer
    order = ("name", "id")

    @extend_schema(parameters=[OpenApiParameter("state", enum=["unclaimed"]), *NARROWED])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Account]:
        at, asked = self.request.moment.at, self.request.query_params  # type: ignore[attr-defined]
        chosen = Account.objects.all().listed_as(asked.get("state", ""), at)
        return chosen.named_like(asked.get("q", "")).listed(at)


ONE = "solutions/<str:public_id>/"
urlpatterns = [
    path("accounts/", Accounts.as_view(), name="accounts"),
    path("solutions/", Solutions.as_view(), name="solutions"),
    path("solutions/add/", AddSolution.as_view(), name="solution_add"),
    path(ONE, OneSolution.as_view(), name="solution"),
    path(f"{ONE}change/", ChangeSolution.as_view(), name="solution_change"),
    path(f"{ONE}retire/", RetireSolution.as_view(), name="solution_retire"),
    path(f"{ONE}accounts/add/", AddAccount.as_view(), name="solution_account_add"),
    path(f"{ONE}accounts/<int:part>/end/", EndAccount.as_view(), name="solution_account_end"),
    path(f"{ONE}tag-rules/add/", AddTagRule.as_view(), name="solution_tag_rule_add"),
    path(f"{ONE}tag-rules/<int:part>/end/", EndTagRule.as_view(), name="solution_tag_rule_end"),
    path(f"{ONE}people/add/", AddPersonToSolution.as_view(), name="solution_person_add"),
    path(f"{ONE}people/<int:part>/end/", EndPersonInSolution.as_view(), name="solution_person_end"),
]
