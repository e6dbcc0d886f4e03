"""The categories of risks, for programs: read and decided."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, AsReadSerializer, BecauseAsReadSerializer
from risks import categories
from risks.models import Category


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


ONE = "categories/<str:public_id>/"
urlpatterns = [
    path("categories/", Categories.as_view(), name="categories"),
    path("categories/add/", AddCategory.as_view(), name="category_add"),
    path(ONE, OneCategory.as_view(), name="category"),
    path(f"{ONE}change/", ChangeCategory.as_view(), name="category_change"),
    path(f"{ONE}retire/", RetireCategory.as_view(), name="category_retire"),
    path(f"{ONE}reopen/", ReopenCategory.as_view(), name="category_reopen"),
]
