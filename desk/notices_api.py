"""Notices for programs: what stands under a person's bell, and when it is mailed to them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from desk.models import Group, Mail, Notice
from desk.notices import choices_of, choose
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, NothingSerializer


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """kind: what it is about. subject: a public id, or empty. url: of the page that it leads to."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Notice
        fields = ["id", "at", "kind", "subject", "text", "url", "read_at", "mail", "mailed_at"]


class NoticeDoor(Door):
    action = "notice.view"
    serializer_class = NoticeSerializer

    def rows(self) -> QuerySet[Notice]:
        assert isinstance(self.request.user, User)
        return Notice.objects.visible_to(self.request.user)


class Notices(NoticeDoor, ListDoor):
    """state: unread, for those alone that are."""

    order = ("-id",)

    @extend_schema(parameters=[OpenApiParameter("state", enum=["unread"])])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Notice]:
        mine = Notice.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        return mine.unread() if self.request.query_params.get("state") == "unread" else mine


class OneNotice(NoticeDoor, RowDoor):
    pass


class ReadNotice(NoticeDoor, Act):
    def do(self, row: Notice, said: dict[str, Any], *, by: User) -> Notice:
        self.rows().filter(pk=row.pk).mark_read()  # type: ignore[attr-defined]
        return row


class ReadSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread.")


class ReadNotices(NoticeDoor):
    """All of them."""

    @extend_schema(operation_id="notices_read_all", request=NothingSerializer, responses=ReadSerializer)
    def post(self, request: Request) -> Response:
        return Response({"read": self.rows().mark_read()})  # type: ignore[attr-defined]


class MailSerializer(serializers.Serializer[Any]):
    """When notices go out by e-mail, by what they are about; what is not said stays."""

    mention = serializers.ChoiceField(Mail.choices, help_text=Group.MENTION.label)
    awaiting = serializers.ChoiceField(Mail.choices, help_text=Group.AWAITING.label)
    watched = serializers.ChoiceField(Mail.choices, help_text=Group.WATCHED.label)
    work = serializers.ChoiceField(Mail.choices, help_text=Group.WORK.label)
    other = serializers.ChoiceField(Mail.choices, help_text=Group.OTHER.label)


class MailOfNotices(Door):
    action = "preference.change"
    serializer_class = MailSerializer

    @extend_schema(responses=MailSerializer)
    def get(self, request: Request) -> Response:
        return self._told(request)

    @extend_schema(request=MailSerializer(partial=True), responses=MailSerializer)
    def patch(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        asked = MailSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        choose(request.user, {Group(group): Mail(mail) for group, mail in asked.validated_data.items()})
        return self._told(request)

    def _told(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        return Response({group.value: mail.value for group, mail in choices_of(request.user).items()})


urlpatterns = [
    path("notices/", Notices.as_view(), name="notices"),
    path("notices/read/", ReadNotices.as_view(), name="notices_read"),
    path("notices/mail/", MailOfNotices.as_view(), name="notices_mail"),
    path("notices/<str:public_id>/", OneNotice.as_view(), name="notice"),
    path("notices/<str:public_id>/read/", ReadNotice.as_view(), name="notice_read"),
]
