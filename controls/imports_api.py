"""Frameworks on their way in, for programs: brought, looked at, applied or dropped, with the verbs of the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers

from controls import tasks
from controls.api import VersionSerializer
from controls.imports import running
from controls.imports.content import MOST_BYTES
from controls.models import Framework, FrameworkVersion, Import
from controls.models.framework import Superseded
from controls.refusals import Refused
from controls.register_api import NamedSerializer
from organisation.models import User
from organisation.rest import DayField, Door, ListDoor, RowDoor
from organisation.rest_acts import Act, BecauseSerializer, FileAct


class ProblemSerializer(serializers.Serializer[Any]):
    place = serializers.CharField()
    reason = serializers.CharField()


class FrameworkImportSerializer(serializers.ModelSerializer[Import]):
    """result: id of what it became."""

    id = serializers.CharField(source="public_id")
    requested_by = NamedSerializer(allow_null=True)

    class Meta:
        model = Import
        fields = ["id", "name", "kind", "state", "requested_by", "requested_at", "decided_at", "result"]


class OneFrameworkImportSerializer(FrameworkImportSerializer):
    """asked: what was said of the file. preview: what it would change: added, changed, withdrawn and what it is about;
    empty until it is read. problems: why it is refused.
    """

    asked = serializers.DictField()
    preview = serializers.DictField()
    problems = ProblemSerializer(many=True)
    sha256 = serializers.CharField(source="file.sha256")

    class Meta(FrameworkImportSerializer.Meta):
        fields = [*FrameworkImportSerializer.Meta.fields, "asked", "preview", "problems", "sha256"]


class ImportDoor(Door):
    action = "framework.manage"
    serializer_class = OneFrameworkImportSerializer

    def rows(self) -> QuerySet[Import]:
        return Import.objects.select_related("file", "requested_by")


class FrameworkImports(ListDoor):
    action = "framework.manage"
    serializer_class = FrameworkImportSerializer
    order = ("-id",)

    def rows(self) -> QuerySet[Import]:
        return Import.objects.select_related("requested_by").defer("preview", "problems")


class OneFrameworkImport(ImportDoor, RowDoor):
    pass


class BringFrameworkSerializer(serializers.Serializer[Any]):
    """A form with a file. framework: the key of a known one, or empty: as the file says, or a new one by this name.
    make_current: whether the organisation works with this version as soon as it is applied.
    """

    file = serializers.FileField()
    framework = serializers.CharField(required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    version = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    published_on = DayField(required=False, allow_null=True, default=None)
    make_current = serializers.BooleanField(required=False, default=False)


class BringFramework(ImportDoor, FileAct):
    """A worker reads it; then it is ready to apply, or refused."""

    said, makes = BringFrameworkSerializer, True
    most_bytes = staticmethod(lambda: MOST_BYTES)

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Import:
        if said["framework"] and not Framework.objects.filter(key=said["framework"]).exists():
            raise Refused(_("There is no such framework."), "framework")
        file, day = said.pop("file"), said["published_on"]
        asked = {**said, "published_on": day.isoformat() if day else ""}
        made = running.requested(file.read(), name=file.name, asked=asked, by=by)
        tasks.hand_out(made)
        return made


class ApplyFramework(ImportDoor, Act):
    """A worker applies it."""

    def do(self, row: Import, said: dict[str, Any], *, by: User) -> Import:
        if not running.ask_to_apply(row, by=by):
            raise Refused(_("It is not ready to apply."))
        row.refresh_from_db()
        tasks.hand_out(row)
        return row


class DropFramework(ImportDoor, Act):
    def do(self, row: Import, said: dict[str, Any], *, by: User) -> Import:
        if not running.drop(row, by=by):
            raise Refused(_("Only what is ready to apply, or refused, is dropped."))
        return row


class MakeCurrent(Act):
    """From now on its requirements count, and the version that was current is withdrawn."""

    action, said = "framework.manage", BecauseSerializer
    serializer_class = VersionSerializer

    def rows(self) -> QuerySet[FrameworkVersion]:
        return FrameworkVersion.objects.select_related("framework")

    def do(self, row: FrameworkVersion, said: dict[str, Any], *, by: User) -> FrameworkVersion:
        try:
            row.make_current(by=by, because=said["because"])
        except Superseded as no:
            words = _("This version was current before, and another took its place: it does not come back.")
            raise Refused(words) from no
        return row


ONE = "framework-imports/<str:public_id>/"
urlpatterns = [
    path("framework-imports/", FrameworkImports.as_view(), name="framework_imports"),
    path("framework-imports/add/", BringFramework.as_view(), name="framework_import_add"),
    path(ONE, OneFrameworkImport.as_view(), name="framework_import"),
    path(f"{ONE}apply/", ApplyFramework.as_view(), name="framework_import_apply"),
    path(f"{ONE}drop/", DropFramework.as_view(), name="framework_import_drop"),
    path(
        "framework-versions/<str:public_id>/make-current/", MakeCurrent.as_view(), name="framework_version_make_current"
    ),
]
