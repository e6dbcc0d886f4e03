from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from desk import discussion, watching
from desk.mentions import suggested
from desk.models import Comment, Job
from desk.models.comment import LONGEST
from desk.subjects import Subject, require_writes, seen_or_404, writes
from organisation.models import NotAllowed, User
from organisation.permissions import require
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act


class JobSerializer(serializers.ModelSerializer[Job]):
    id = serializers.CharField(source="public_id")
    per_cent = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "subject",
            "title",
            "state",
            "per_cent",
            "step",
            "requested_at",
            "started_at",
            "finished_at",
        ]


class Jobs(ListDoor):
    action = "job.view"
    serializer_class = JobSerializer
    order = ("-id",)

    def rows(self) -> QuerySet[Job]:
        assert isinstance(self.request.user, User)
        return Job.objects.visible_to(self.request.user)


class OneJob(RowDoor):
    action = "job.view"
    serializer_class = JobSerializer

    def rows(self) -> QuerySet[Job]:
        assert isinstance(self.request.user, User)
        return Job.objects.visible_to(self.request.user)


class SomebodySerializer(serializers.Serializer[User]):
    """A person, as far as a discussion needs to name them."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class MentionSerializer(SomebodySerializer):
    id = serializers.CharField(source="person.public_id")
    name = serializers.CharField(source="person.name")


class CommentSerializer(serializers.ModelSerializer[Comment]):
    id = serializers.CharField(source="public_id")
    author = SomebodySerializer()
    mentions = MentionSerializer(many=True)

    class Meta:
        model = Comment
        fields = ["id", "kind", "subject", "author", "at", "text", "mentions", "withdrawn_at", "withdrawn_because"]


class WriteSerializer(serializers.Serializer[Any]):
    """mentioned: ids of people whom the text names after an @, needed only where several have that name."""

    text = serializers.CharField(max_length=LONGEST)
    mentioned = serializers.ListField(child=serializers.CharField(), required=False)


class WithdrawSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=500)


class WithdrawComment(Act):
    """One's own."""

    action, said = "comment.write", WithdrawSerializer
    serializer_class = CommentSerializer

    def rows(self) -> QuerySet[Comment]:
        return Comment.objects.told()

    def do(self, row: Comment, said: dict[str, Any], *, by: User) -> Comment:
        require_writes(discussion.subject_of(row, by), by)
        row.withdraw(because=said["because"], by=by)
        return row


class MentionableSerializer(SomebodySerializer):
    line = serializers.CharField(allow_null=True)


class PeopleToMention(Door):
    """A few of those whom one may mention there, by the beginning of one of their names."""

    action = "comment.write"
    serializer_class = MentionableSerializer
    pagination_class = None

    @extend_schema(
        parameters=[OpenApiParameter("mention", str, required=True)], responses=MentionableSerializer(many=True)
    )
    def get(self, request: Request, kind: str, public_id: str) -> Response:
        assert isinstance(request.user, User)
        subject = _subject(request, kind, public_id)
        found: Any = []
        if writes(subject, request.user):
            found = suggested(request.query_params.get("mention", "").strip(), subject, but=request.user)
        return Response(MentionableSerializer(found, many=True).data)


class WatchSerializer(serializers.Serializer[Any]):
    watches = serializers.BooleanField()
    watchers = SomebodySerializer(many=True, read_only=True)


def _subject(request: Request, kind: str, public_id: str) -> Subject:
    assert isinstance(request.user, User)
    return seen_or_404(kind, public_id, request.user)


class Comments(ListDoor):
    """What was said about something: a finding, a check, a control, a solution …; written with text and mentions."""

    action = "comment.view"
    serializer_class = CommentSerializer
    order = ("-id",)

    def get(self, request: Request, kind: str = "", public_id: str = "") -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Comment]:
        subject = _subject(self.request, self.kwargs["kind"], self.kwargs["public_id"])
        at = self.request.moment.at  # type: ignore[attr-defined]
        return Comment.objects.about(subject.kind, subject.public_id).written_by(at).told()

    @extend_schema(request=WriteSerializer, responses={201: CommentSerializer})
    def post(self, request: Request, kind: str, public_id: str) -> Response:
        require(request.user, "comment.write")
        assert isinstance(request.user, User)
        subject = _subject(request, kind, public_id)
        require_writes(subject, request.user)
        asked = WriteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        try:
            made = discussion.write(subject, said["text"], by=request.user, picked=said.get("mentioned", ()))
        except NotAllowed as no:
            raise ValidationError({"text": str(no)}) from no
        return Response(CommentSerializer(made).data, status=201)


class Watching(Door):
    """Whether you watch it, and who does."""

    action = "subject.watch"
    serializer_class = WatchSerializer

    @extend_schema(responses=WatchSerializer)
    def get(self, request: Request, kind: str, public_id: str) -> Response:
        return self._told(request, _subject(request, kind, public_id))

    @extend_schema(request=WatchSerializer, responses=WatchSerializer)
    def put(self, request: Request, kind: str, public_id: str) -> Response:
        assert isinstance(request.user, User)
        subject = _subject(request, kind, public_id)
        asked = WatchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        act = watching.watch if asked.validated_data["watches"] else watching.unwatch
        act(subject, request.user)
        return self._told(request, subject)

    def _told(self, request: Request, subject: Subject) -> Response:
        people = watching.watchers(subject)
        return Response(WatchSerializer({"watches": request.user in people, "watchers": people}).data)


urlpatterns = [
    path("jobs/", Jobs.as_view(), name="jobs"),
    path("jobs/<str:public_id>/", OneJob.as_view(), name="job"),
    path("comments/<str:public_id>/withdraw/", WithdrawComment.as_view(), name="comment_withdraw"),
    path("subjects/<str:kind>/<str:public_id>/people/", PeopleToMention.as_view(), name="people_to_mention"),
    path("subjects/<str:kind>/<str:public_id>/comments/", Comments.as_view(), name="comments"),
    path("subjects/<str:kind>/<str:public_id>/watch/", Watching.as_view(), name="watch"),
]
