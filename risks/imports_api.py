"""The register on its way back in, for programs: brought, looked at, applied, dropped, taken back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from controls.imports.content import MOST_BYTES
from controls.imports_api import ProblemSerializer
from controls.register_api import NamedSerializer
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, FileAct
from risks import tasks
from risks.exchange import running
from risks.models import RegisterImport


class RegisterImportSerializer(serializers.ModelSerializer[RegisterImport]):
    """reverses: the import that it takes back."""

    id = serializers.CharField(source="public_id")
    requested_by = NamedSerializer()
    reverses = serializers.CharField(source="reverses.public_id", allow_null=True, default=None)

    class Meta:
        model = RegisterImport
        fields = ["id", "name", "state", "because", "requested_by", "requested_at", "decided_at", "reverses"]


class OneRegisterImportSerializer(RegisterImportSerializer):
    """preview: which risks it would add and change; empty until it is read. problems: why it is refused; of what takes
    one back, what was left as it was. risks: those that it changed.
    """

    preview = serializers.DictField()
    problems = ProblemSerializer(many=True)
    risks = serializers.SerializerMethodField()

    class Meta(RegisterImportSerializer.Meta):
        fields = [*RegisterImportSerializer.Meta.fields, "preview", "problems", "risks"]

    def get_risks(self, found: RegisterImport) -> list[str]:
        return [one["risk"] for one in sorted(found.done, key=lambda one: one["row"])]


class RegisterImportDoor(Door):
    action = "risk.import"
    serializer_class = OneRegisterImportSerializer

    def rows(self) -> QuerySet[RegisterImport]:
        rows = RegisterImport.objects.visible_to(self.request.user)
        return rows.select_related("file", "requested_by", "reverses")


class RegisterImports(ListDoor):
    action = "risk.import"
    serializer_class = RegisterImportSerializer
    order = ("-id",)

    def rows(self) -> QuerySet[RegisterImport]:
        rows = RegisterImport.objects.visible_to(self.request.user).select_related("requested_by", "reverses")
        return rows.defer("preview", "done", "problems")


class OneRegisterImport(RegisterImportDoor, RowDoor):
    pass


class BringRegisterSerializer(serializers.Serializer[Any]):
    """A form with a file: the register as it was exported and changed. because: of the rows that give no reason."""

    file = serializers.FileField()
    because = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class BringRegister(RegisterImportDoor, FileAct):
    """A worker reads it; then it is ready to apply, or refused."""

    said, makes = BringRegisterSerializer, True
    most_bytes = staticmethod(lambda: MOST_BYTES)

    def do(self, row: None, said: dict[str, Any], *, by: User) -> RegisterImport:
        file = said["file"]
        made = running.requested(file.read(), name=file.name, because=said["because"], by=by)
        tasks.hand_out(made)
        return made


class ApplyRegister(RegisterImportDoor, Act):
    """A worker applies it, as one change."""

    def do(self, row: RegisterImport, said: dict[str, Any], *, by: User) -> RegisterImport:
        running.ask_to_apply(row, by=by)
        tasks.hand_out(row)
        return row


class DropRegister(RegisterImportDoor, Act):
    def do(self, row: RegisterImport, said: dict[str, Any], *, by: User) -> RegisterImport:
        running.drop(row, by=by)
        return row


class TakeBackSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=500)


class TakeRegisterBack(RegisterImportDoor, Act):
    """Answers the entry that takes it back; a worker carries that out."""

    said, makes = TakeBackSerializer, True

    def do(self, row: RegisterImport, said: dict[str, Any], *, by: User) -> RegisterImport:
        made = running.ask_to_take_back(row, because=said["because"], by=by)
        tasks.hand_out(made)
        return made


ONE = "register-imports/<str:public_id>/"
urlpatterns = [
    path("register-imports/", RegisterImports.as_view(), name="register_imports"),
    path("register-imports/add/", BringRegister.as_view(), name="register_import_add"),
    path(ONE, OneRegisterImport.as_view(), name="register_import"),
    path(f"{ONE}apply/", ApplyRegister.as_view(), name="register_import_apply"),
    path(f"{ONE}drop/", DropRegister.as_view(), name="register_import_drop"),
    path(f"{ONE}take-back/", TakeRegisterBack.as_view(), name="register_import_take_back"),
]
