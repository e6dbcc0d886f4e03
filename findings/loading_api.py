"""Exported findings that a program brings: kept, and merged by a worker as `manage.py load_findings` merges them."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from desk.api import JobSerializer
from findings import load_jobs
from findings.load_jobs import CannotTake
from findings.loading import CannotLoad
from findings.models import Connection
from findings.tasks import load_findings
from organisation.models import User
from organisation.rest import Door
from organisation.rest_acts import RowField


class LoadSerializer(serializers.Serializer[Any]):
    """A form with a file: a JSON array, JSON lines or answers of GetFindings, also compressed with gzip.

    connection: that the findings belong to; needed where there are several.
    """

    file = serializers.FileField()
    connection = RowField(lambda user: Connection.objects.all(), required=False, allow_blank=True, default="")


class LoadFindings(Door):
    """Answers the job that loads the file: ask after it at /jobs/. How large a file may be says LOAD_MOST_MB."""

    action = "finding.load"
    parser_classes = [MultiPartParser]
    serializer_class = JobSerializer
    most_bytes = staticmethod(load_jobs.most_bytes)

    @extend_schema(request={"multipart/form-data": LoadSerializer}, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        asked = LoadSerializer(data=request.data, context=self.get_serializer_context())
        if "file" in getattr(request._request, "refused_files", ()):  # known once the data is read
            raise ValidationError({"file": [load_jobs.too_large()]})
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        try:
            job = load_jobs.ask(said["file"], said["connection"] or None, by=request.user, enqueue=load_findings.delay)
        except CannotTake as no:
            raise ValidationError({"file": [str(no)]}) from no
        except CannotLoad as no:
            raise ValidationError({"connection": [str(no)]}) from no
        return Response(self.get_serializer(job).data, status=202)


urlpatterns = [path("findings/load/", LoadFindings.as_view(), name="findings_load")]
