"""People for programs: who they are, on which line they stand, and what an administrator does about it.

What manages people asks to confirm who is there, so that a person's browser calls it and no token does.
"""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Prefetch, QuerySet
from django.forms import BaseForm
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from organisation import invitations, second_factor, sessions
from organisation.delegations_api import DelegationSerializer
from organisation.forms import PersonForm, RoleForm
from organisation.models import Delegation, Grant, Role, RoleAssignment, User
from organisation.permissions import may
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, NothingSerializer
from organisation.rest_forms import FormSerializer
from organisation.single_sign_on import entry
from organisation.single_sign_on.provider import is_linked
from organisation.solutions_api import SayWhySerializer


class PersonSerializer(serializers.ModelSerializer[User]):
    id = serializers.CharField(source="public_id")
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "name", "email", "is_active", "last_login", "roles"]

    def get_roles(self, person: User) -> list[str]:
        return [assignment.role for assignment in person.roles_then]  # type: ignore[attr-defined]


class HeldRoleSerializer(serializers.ModelSerializer[RoleAssignment]):
    class Meta:
        model = RoleAssignment
        fields = ["id", "role", "valid_from", "valid_to", "granted_by", "reason"]


class PartInSolutionSerializer(serializers.ModelSerializer[Grant]):
    solution = serializers.CharField(source="solution.public_id")
    solution_name = serializers.CharField(source="solution.name")

    class Meta:
        model = Grant
        fields = [
            "id", "solution", "solution_name", "kind", "valid_from", "valid_to", "about_from", "about_to",
            "granted_by", "reason",
        ]  # fmt: skip


class SessionSerializer(serializers.ModelSerializer[UserSession]):
    """device: what the browser says of itself. is_this: the one that asks."""

    device = serializers.SerializerMethodField()
    is_this = serializers.SerializerMethodField()

    class Meta:
        model = UserSession
        fields = ["id", "device", "ip", "created_at", "last_seen_at", "is_this"]

    def get_device(self, session: UserSession) -> str:
        return sessions.device(session.user_agent)

    def get_is_this(self, session: UserSession) -> bool:
        return bool(session.session_key == self.context["request"].session.session_key)


class SecondFactorSerializer(serializers.ModelSerializer[Authenticator]):
    class Meta:
        model = Authenticator
        fields = ["type", "created_at", "last_used_at"]


class OnePersonSerializer(PersonSerializer):
    """held, grants: every role and every part in a solution, ended ones too, the latest first. stands_in_for,
    stood_in_for_by: in force or to come. logged_in, second_factors, by_single_sign_on: null but for those who manage
    people.
    """

    held = HeldRoleSerializer(source="role_assignments", many=True)
    grants = PartInSolutionSerializer(many=True)
    stands_in_for = serializers.SerializerMethodField()
    stood_in_for_by = serializers.SerializerMethodField()
    logged_in = serializers.SerializerMethodField()
    second_factors = serializers.SerializerMethodField()
    by_single_sign_on = serializers.SerializerMethodField()

    class Meta(PersonSerializer.Meta):
        fields = [
            *PersonSerializer.Meta.fields, "held", "grants", "stands_in_for", "stood_in_for_by",
            "logged_in", "second_factors", "by_single_sign_on",
        ]  # fmt: skip

    @extend_schema_field(DelegationSerializer(many=True))
    def get_stands_in_for(self, person: User) -> Any:
        return DelegationSerializer(
            Delegation.objects.filter(delegate=person).not_ended(clock.now()).listed(), many=True
        ).data

    @extend_schema_field(DelegationSerializer(many=True))
    def get_stood_in_for_by(self, person: User) -> Any:
        return DelegationSerializer(
            Delegation.objects.filter(delegator=person).not_ended(clock.now()).listed(), many=True
        ).data

    @extend_schema_field(SessionSerializer(many=True, allow_null=True))
    def get_logged_in(self, person: User) -> Any:
        return (
            SessionSerializer(sessions.sessions_of(person), many=True, context=self.context).data
            if self._manages
            else None
        )

    @extend_schema_field(SecondFactorSerializer(many=True, allow_null=True))
    def get_second_factors(self, person: User) -> Any:
        return SecondFactorSerializer(second_factor.factors_of(person), many=True).data if self._manages else None

    @extend_schema_field({"type": "boolean", "nullable": True})
    def get_by_single_sign_on(self, person: User) -> bool | None:
        return is_linked(person) if self._manages else None

    @property
    def _manages(self) -> bool:
        return may(self.context["request"].user, "person.manage")


class InvitedSerializer(serializers.Serializer[Any]):
    """link: where they set a password, once, within three days. It is mailed to them, told here, and kept nowhere."""

    person = OnePersonSerializer()
    link = serializers.CharField()


class AddPersonSerializer(FormSerializer):
    """role: the line on which they stand; none yet where it is empty."""

    form = PersonForm
    name = serializers.CharField(max_length=200)
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500)


class GiveRoleSerializer(FormSerializer):
    """combine: beside what they hold; the reason then says why. until: the last day, unless it is ended before."""

    role = serializers.ChoiceField(choices=Role.choices)
    until = DayField(required=False, allow_null=True, default=None)
    combine = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(max_length=500)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        person: User = self.context["row"]
        return RoleForm(said, held=list(person.role_assignments.not_ended(clock.now()).order_by("pk")))


class PersonDoor(Door):
    action = "person.view"
    serializer_class: Any = OnePersonSerializer

    def rows(self) -> QuerySet[User]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        roles = RoleAssignment.objects.order_by("-valid_from", "-id")
        grants = Grant.objects.select_related("solution").order_by("-valid_from", "-id")
        people: QuerySet[User] = User.objects.listed(at).prefetch_related(
            Prefetch("role_assignments", roles), Prefetch("grants", grants)
        )
        return people


class People(PersonDoor, ListDoor):
    """Those who may log in, unless `state` says otherwise."""

    serializer_class = PersonSerializer
    order = ("name", "id")

    @extend_schema(
        parameters=[
            OpenApiParameter("state", enum=["active", "without_role", "closed"]),
            OpenApiParameter("role", enum=Role.values),
            OpenApiParameter("q", str, description="Part of a name or an e-mail address."),
        ]
    )
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[User]:
        at, asked = self.request.moment.at, self.request.query_params  # type: ignore[attr-defined]
        chosen = User.objects.listed_as(*(asked.get(name, "") for name in ("state", "role", "q")), at)
        people: QuerySet[User] = chosen.listed(at)
        return people


class OnePerson(PersonDoor, RowDoor):
    pass


class ManagePerson(PersonDoor, Act):
    action = "person.manage"
    said: ClassVar[type[serializers.Serializer[Any]]] = SayWhySerializer

    def subjects(self) -> Any:
        return User.objects.active()


class Invite(ManagePerson):
    """Sends them a new link."""

    said: ClassVar[type[serializers.Serializer[Any]]] = NothingSerializer
    serializer_class = InvitedSerializer
    tells_secret = True

    def do(self, row: User | None, said: dict[str, Any], *, by: User) -> Any:
        assert row is not None
        return row, invitations.invite(row, portal=self.request.build_absolute_uri("/"), by=by)

    def told(self, done: tuple[User, str]) -> Any:
        person, link = done
        return self.get_serializer({"person": self.rows().get(pk=person.pk), "link": link}).data


class AddPerson(Invite):
    said, makes = AddPersonSerializer, True

    def do(self, row: User | None, said: dict[str, Any], *, by: User) -> Any:
        return invitations.add(portal=self.request.build_absolute_uri("/"), by=by, **said)


class GiveRole(ManagePerson):
    said = GiveRoleSerializer

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        row.give_role(by=by, **said)
        return row


class EndRole(ManagePerson):
    def subjects(self) -> Any:
        return User.objects.all()

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        held = row.role_assignments.not_ended(clock.now()).select_related("person")
        get_object_or_404(held, pk=self.kwargs["part"]).end(by=by, **said)
        return row


class CloseLogIn(ManagePerson):
    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        row.deactivate(by=by, **said)
        return row


class OpenLogIn(ManagePerson):
    def subjects(self) -> Any:
        return User.objects.closed()

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        row.reactivate(by=by, **said)
        return row


class LogOut(ManagePerson):
    """Everywhere that they are logged in."""

    def subjects(self) -> Any:
        return User.objects.all()

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        sessions.end(sessions.sessions_of(row), person=row, by=by, because=said["reason"])
        return row


class ForgetSecondFactor(ManagePerson):
    """Of another person, who lost it. Make sure first that it is them who asks."""

    def subjects(self) -> Any:
        return User.objects.exclude(pk=self.request.user.pk)

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        second_factor.forget(row, by=by, because=said["reason"])
        return row


class ForgetSingleSignOn(ForgetSecondFactor):
    """Of another person, for whom the identity provider made a new account."""

    def do(self, row: User, said: dict[str, Any], *, by: User) -> User:
        entry.forget(row, by=by, because=said["reason"])
        return row


ONE = "people/<str:public_id>/"
urlpatterns = [
    path("people/", People.as_view(), name="people"),
    path("people/add/", AddPerson.as_view(), name="person_add"),
    path(ONE, OnePerson.as_view(), name="person"),
    path(f"{ONE}invite/", Invite.as_view(), name="person_invite"),
    path(f"{ONE}roles/give/", GiveRole.as_view(), name="person_role_give"),
    path(f"{ONE}roles/<int:part>/end/", EndRole.as_view(), name="person_role_end"),
    path(f"{ONE}close/", CloseLogIn.as_view(), name="person_close"),
    path(f"{ONE}open/", OpenLogIn.as_view(), name="person_open"),
    path(f"{ONE}log-out/", LogOut.as_view(), name="person_log_out"),
    path(f"{ONE}second-factor/forget/", ForgetSecondFactor.as_view(), name="person_second_factor_forget"),
    path(f"{ONE}single-sign-on/forget/", ForgetSingleSignOn.as_view(), name="person_single_sign_on_forget"),
]
