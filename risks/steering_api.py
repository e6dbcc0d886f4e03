"""What risks are measured by, for programs: matrix, categories, appetite and authority, read and decided."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit import clock
from audit.models import StaleRow
from controls.register_api import NamedSerializer
from organisation.models import Role, Solution, User
from organisation.rest import DayField, Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, BecauseAsReadSerializer, RowField
from risks import appetites, authorities, categories, matrices
from risks.matrices import LABEL, Draft
from risks.models import Appetite, Authority, Category, Matrix
from risks.refusals import Refused
from risks.risk_api import RiskLevelSerializer


class CategorySerializer(serializers.ModelSerializer[Category]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Category
        fields = ["id", "name", "description", "added_at", "retired_at", "version"]


class CategoryDoor(Door):
    action = "appetite.view"
    versioned = Category
    serializer_class = CategorySerializer

    def rows(self) -> QuerySet[Category]:
        return Category.objects.filter(added_at__lte=self.request.moment.at)  # type: ignore[attr-defined]


class Categories(CategoryDoor, ListDoor):
    order = ("name", "id")


class OneCategory(CategoryDoor, RowDoor):
    pass


class AddCategorySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ChangeCategorySerializer(AsReadSerializer):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class AddCategory(CategoryDoor, Act):
    action, said, makes = "appetite.manage", AddCategorySerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Category:
        return categories.add(by=by, **said)


class CategoryAct(CategoryDoor, Act):
    action = "appetite.manage"


class ChangeCategory(CategoryAct):
    said = ChangeCategorySerializer

    def do(self, row: Category, said: dict[str, Any], *, by: User) -> Category:
        name, description = said.get("name", row.name), said.get("description", row.description)
        categories.change(row, name=name, description=description, read=row.version, by=by)
        return row


class RetireCategory(CategoryAct):
    said = BecauseAsReadSerializer

    def do(self, row: Category, said: dict[str, Any], *, by: User) -> Category:
        categories.retire(row, because=said["because"], read=row.version, by=by)
        return row


class ReopenCategory(CategoryAct):
    said = BecauseAsReadSerializer

    def do(self, row: Category, said: dict[str, Any], *, by: User) -> Category:
        categories.reopen(row, because=said["because"], read=row.version, by=by)
        return row


class ApprovalSerializer(serializers.Serializer[Any]):
    """approved_by: the governing body. reference: where that is on record."""

    approved_by = serializers.CharField(max_length=200)
    approved_on = DayField()
    reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MatrixLevelSerializer(serializers.Serializer[Any]):
    """tone: 1 (lightest) to 6."""

    label = serializers.CharField(max_length=LABEL)  # type: ignore[assignment]
    tone = serializers.IntegerField(min_value=1, max_value=6)


def indices() -> serializers.ListField:
    return serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=5), max_length=10)


class MatrixSerializer(serializers.ModelSerializer[Matrix]):
    """likelihoods, impacts, levels: from the least to the most. cells[likelihood][impact]: an index of levels.
    by_severity: the level of each severity, by its rank. carried: as what each level of the one before reads.
    """

    id = serializers.CharField(source="public_id")
    likelihoods = serializers.ListField(child=serializers.CharField())
    impacts = serializers.ListField(child=serializers.CharField())
    levels = MatrixLevelSerializer(many=True)
    cells = serializers.ListField(child=indices())
    by_severity = indices()
    carried = indices()
    follows = serializers.CharField(source="follows.public_id", allow_null=True, default=None)
    adopted_by = NamedSerializer(allow_null=True)

    class Meta:
        model = Matrix
        fields = [
            "id", "likelihoods", "impacts", "levels", "cells", "by_severity", "carried", "follows", "because",
            "approved_by", "approved_on", "reference", "adopted_by", "adopted_at",
        ]  # fmt: skip


class MatrixDoor(Door):
    action = "appetite.view"
    serializer_class = MatrixSerializer

    def rows(self) -> QuerySet[Matrix]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Matrix.objects.adopted(at).select_related("adopted_by", "follows")


class Matrices(MatrixDoor, ListDoor):
    """The one in force first."""

    order = ("-adopted_at", "-id")


class OneMatrix(MatrixDoor, RowDoor):
    pass


class AdoptMatrixSerializer(ApprovalSerializer):
    """read: the one in force as it was read, null where there was none."""

    likelihoods = serializers.ListField(child=serializers.CharField(max_length=LABEL), max_length=10)
    impacts = serializers.ListField(child=serializers.CharField(max_length=LABEL), max_length=10)
    levels = serializers.ListField(child=MatrixLevelSerializer(), max_length=10)
    cells = serializers.ListField(child=indices(), max_length=10)
    by_severity = indices()
    carried = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=5), max_length=10, required=False, default=list
    )
    because = serializers.CharField(max_length=2000)
    read = RowField(lambda user: Matrix.objects.all(), allow_null=True)


class AdoptMatrix(MatrixDoor, Act):
    """In force at once; what was assessed before keeps its own, and reads as `carried` says."""

    action, said, makes = "appetite.manage", AdoptMatrixSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Matrix:
        names = ("likelihoods", "impacts", "levels", "cells", "by_severity", "carried")
        draft = Draft(**{name: said.pop(name) for name in names})
        try:
            return matrices.adopt(draft, by=by, **said)
        except StaleRow as stale:
            words = _("Another matrix was adopted this moment. Look at that one, then begin again from it.")
            raise Refused(words, "read") from stale


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


CATEGORY, APPETITE, AUTHORITY = (f"{name}/<str:public_id>/" for name in ("categories", "appetites", "authorities"))
urlpatterns = [
    path("categories/", Categories.as_view(), name="categories"),
    path("categories/add/", AddCategory.as_view(), name="category_add"),
    path(CATEGORY, OneCategory.as_view(), name="category"),
    path(f"{CATEGORY}change/", ChangeCategory.as_view(), name="category_change"),
    path(f"{CATEGORY}retire/", RetireCategory.as_view(), name="category_retire"),
    path(f"{CATEGORY}reopen/", ReopenCategory.as_view(), name="category_reopen"),
    path("matrices/", Matrices.as_view(), name="matrices"),
    path("matrices/adopt/", AdoptMatrix.as_view(), name="matrix_adopt"),
    path("matrices/<str:public_id>/", OneMatrix.as_view(), name="matrix"),
    path("appetites/", Appetites.as_view(), name="appetites"),
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
