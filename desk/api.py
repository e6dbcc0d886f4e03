from __future__ import annotations

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from desk.models import Job
from organisation.models import User
from organisation.rest import ListDoor, RowDoor


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


urlpatterns = [
    path("jobs/", Jobs.as_view(), name="jobs"),
    path("jobs/<str:public_id>/", OneJob.as_view(), name="job"),
]
