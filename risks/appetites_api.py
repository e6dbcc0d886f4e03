"""How much risk is wanted and borne, and who may accept how much, for programs: read and decided."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit import clock
from controls.register_api import NamedSerializer
from organisation.models import Role, Solution, User
from organisation.rest import Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import Act, RowField
from risks import appetites, authorities
from risks.matrices_api import ApprovalSerializer, StandingsSerializer
from risks.models import Appetite, Authority, Category
from risks.refusals import Refused
from risks.risk_api import RiskLevelSerializer
from risks.standing import Effect


class ApprovedSerializer(serializers.ModelSerializer[Any]):
    """valid_to: until when it holds; null until somebody ends it. Levels in the words of `matrix`."""

    id = serializers.CharField(source="public_id")
    solution = NamedSerializer(allow_null=True)
    matrix = serializers.CharField(source="matrix.public_id")
    recorded_by = NamedSerializer(allow_null=True)

    def _level(self, row: Appetite | Authority, level: int) -> dict[str, Any]:
        return {"level": level, "label": row.matrix.label(level)}


APPROVED = [
    "matrix", "approved_by", "approved_on", "reference", "recorded_by", "valid_from", "valid_to", "ended_because",
]  # fmt: skip


class AppetiteSerializer(ApprovedSerializer):
    """solution, category: null for every one."""

    category = NamedSerializer(allow_null=True)
    appetite = serializers.SerializerMethodField()
    tolerance = serializers.SerializerMethodField()

    class Meta:
        model = Appetite
        fields = ["id", "solution", "category", "appetite", "tolerance", "because", *APPROVED]

    @extend_schema_field(RiskLevelSerializer)
    def get_appetite(self, row: Appetite) -> dict[str, Any]:
        return self._level(row, row.appetite)

    @extend_schema_field(RiskLevelSerializer)
    def get_tolerance(self, row: Appetite) -> dict[str, Any]:
        return self._level(row, row.tolerance)


class AppetiteDoor(Door):
    action: ClassVar[str] = "appetite.view"
    serializer_class = AppetiteSerializer

    def rows(self) -> QuerySet[Appetite]:
        user: Any = self.request.user
        return appetites.seen_by(user, self.request.moment.at)  # type: ignore[attr-defined]


class Appetites(AppetiteDoor, ListDoor):
    """In force and ended, the latest first."""

    order = ("-valid_from", "-id")


class OneAppetite(AppetiteDoor, RowDoor):
    pass


class LastingSerializer(ApprovalSerializer):
    """until: the first moment at which it holds no longer; null until somebody ends it."""

    until = MomentField(required=False, allow_null=True, default=None)


def level() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=5)


def solution() -> RowField:
    return RowField(
        lambda user: Solution.objects.in_use(clock.now()), required=False, allow_null=True, default=None
    )  # fmt: skip


class ReplaceAppetiteSerializer(LastingSerializer):
    """appetite, tolerance: indices of the levels of the matrix in force."""

    appetite = level()
    tolerance = level()
    because = serializers.CharField(max_length=500)


class RecordAppetiteSerializer(ReplaceAppetiteSerializer):
    """solution, category: null for every one."""

    solution = solution()
    category = RowField(lambda user: Category.objects.in_use(), required=False, allow_null=True, default=None)


class BoundsSerializer(serializers.Serializer[Any]):
    """solution, category: null for every one. appetite, tolerance: null for ending it."""

    solution = solution()
    category = RowField(lambda user: Category.objects.in_use(), required=False, allow_null=True, default=None)
    appetite = serializers.IntegerField(min_value=0, max_value=5, required=False, allow_null=True, default=None)
    tolerance = serializers.IntegerField(min_value=0, max_value=5, required=False, allow_null=True, default=None)


class WhatAppetiteWouldChange(Act):
    """Changes nothing."""

    action, said = "appetite.manage", BoundsSerializer
    serializer_class = StandingsSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Effect:
        if why_not := appetites.bounds_refusal(said["appetite"], said["tolerance"]):
            raise Refused(why_not, "tolerance")
        return appetites.effect(**said)

    def told(self, done: Effect) -> Any:
        return self.get_serializer(done).data


class RecordAppetite(AppetiteDoor, Act):
    """In force at once, in place of the one of the same solution and category."""

    action, said, makes = "appetite.manage", RecordAppetiteSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Appetite:
        return appetites.record(by=by, **said)


class AppetiteAct(AppetiteDoor, Act):
    """On one that is in force."""

    action = "appetite.manage"

    def subjects(self) -> QuerySet[Appetite]:
        return self.rows().filter(pk__in=Appetite.objects.in_force(clock.now()).values("pk"))


class ReplaceAppetite(AppetiteAct):
    """Answers the one that takes its place."""

    said, makes = ReplaceAppetiteSerializer, True

    def do(self, row: Appetite, said: dict[str, Any], *, by: User) -> Appetite:
        return appetites.record(solution=row.solution, category=row.category, by=by, **said)


class EndSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=500)


class EndAppetite(AppetiteAct):
    said = EndSerializer

    def do(self, row: Appetite, said: dict[str, Any], *, by: User) -> Appetite:
        appetites.end(row, because=said["because"], by=by)
        return row


class AuthoritySerializer(ApprovedSerializer):
    """solution: null for every one. level: up to which they may accept."""

    person = NamedSerializer()
    level = serializers.SerializerMethodField()

    class Meta:
        model = Authority
        fields = ["id", "person", "solution", "level", *APPROVED]

    @extend_schema_field(RiskLevelSerializer)
    def get_level(self, row: Authority) -> dict[str, Any]:
        return self._level(row, row.level)


class AuthorityDoor(Door):
    action: ClassVar[str] = "appetite.view"
    serializer_class = AuthoritySerializer

    def rows(self) -> QuerySet[Authority]:
        user: Any = self.request.user
        return authorities.seen_by(user, self.request.moment.at)  # type: ignore[attr-defined]


class Authorities(AuthorityDoor, ListDoor):
    """In force and ended, the latest first."""

    order = ("-valid_from", "-id")


class OneAuthority(AuthorityDoor, RowDoor):
    pass


class ReplaceAuthoritySerializer(LastingSerializer):
    """level: an index of the levels of the matrix in force."""

    level = level()


class RecordAuthoritySerializer(ReplaceAuthoritySerializer):
    """person: of the first line. solution: null for every one."""

    person = RowField(lambda user: User.objects.active().with_role(Role.FIRST, clock.now()))
    solution = solution()


class RecordAuthority(AuthorityDoor, Act):
    """In force at once, in place of what they might accept there before."""

    action, said, makes = "appetite.manage", RecordAuthoritySerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Authority:
        return authorities.record(by=by, **said)


class AuthorityAct(AuthorityDoor, Act):
    """On one that is in force."""

    action = "appetite.manage"

    def subjects(self) -> QuerySet[Authority]:
        return self.rows().filter(pk__in=Authority.objects.in_force(clock.now()).values("pk"))


class ReplaceAuthority(AuthorityAct):
    """Answers the one that takes its place."""

    said, makes = ReplaceAuthoritySerializer, True

    def do(self, row: Authority, said: dict[str, Any], *, by: User) -> Authority:
        return authorities.record(person=row.person, solution=row.solution, by=by, **said)


class EndAuthority(AuthorityAct):
    said = EndSerializer

    def do(self, row: Authority, said: dict[str, Any], *, by: User) -> Authority:
        authorities.end(row, because=said["because"], by=by)
        return row


APPETITE, AUTHORITY = "appetites/<str:public_id>/", "authorities/<str:public_id>/"
urlpatterns = [
    path("appetites/", Appetites.as_view(), name="appetites"),
    path("appetites/effect/", WhatAppetiteWouldChange.as_view(), name="appetite_effect"),
    path("appetites/record/", RecordAppetite.as_view(), name="appetite_record"),
    path(APPETITE, OneAppetite.as_view(), name="appetite"),
    path(f"{APPETITE}replace/", ReplaceAppetite.as_view(), name="appetite_replace"),
    path(f"{APPETITE}end/", EndAppetite.as_view(), name="appetite_end"),
    path("authorities/", Authorities.as_view(), name="authorities"),
    path("authorities/record/", RecordAuthority.as_view(), name="authority_record"),
    path(AUTHORITY, OneAuthority.as_view(), name="authority"),
    path(f"{AUTHORITY}replace/", ReplaceAuthority.as_view(), name="authority_replace"),
    path(f"{AUTHORITY}end/", EndAuthority.as_view(), name="authority_end"),
]
