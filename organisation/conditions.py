"""Rows of the API have an ETag; who sends it back with a change (If-Match) changes what they read, or nothing."""

from __future__ import annotations

import hashlib
import re
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseNotModified
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import RowVersion
from audit.public_id import get_or_404
from organisation.bearer import SAFE

TAG = re.compile(r'(?<![/\w])"(\d{1,18})(?:\.[0-9a-f]+)?"')
"""“"7.1f0c…"”, or the version alone; a weak tag (W/"…") stands for nothing in If-Match."""


class Stale(APIException):
    status_code = 412
    default_code = "stale"


class Conditional(GenericAPIView[Any]):
    """versioned: of which rows If-Match names the version; None where there is nothing to hold it against."""

    versioned: ClassVar[type[RowVersion] | None] = None
    matched: int | None = None
    """The version that If-Match named, held against the row, which stays locked until the answer."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        asked = request.headers.get("If-Match")
        if asked and request.method not in SAFE and asked.strip() != "*":
            self.matched = self._held(asked)

    def _held(self, asked: str) -> int:
        public_id = self.kwargs.get("public_id")
        if self.versioned is None or public_id is None:
            raise ParseError(_("Nothing here has a version: send it without If-Match."))
        pk = get_or_404(self.get_queryset(), public_id).pk
        rows: QuerySet[RowVersion] = self.versioned._default_manager.select_for_update()
        version = rows.get(pk=pk).version
        if version not in {int(one) for one in TAG.findall(asked)}:
            raise Stale(_("Somebody saved it since you read it: read it again, then change it."))
        return version

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer: Any = super().finalize_response(request, response, *args, **kwargs)
        is_row = request.method in SAFE and "public_id" in kwargs and isinstance(answer, Response)
        if not is_row or answer.status_code != 200 or not isinstance(answer.data, dict):
            return answer
        tag = self._tag(answer)
        known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
        if tag in known:
            answer = HttpResponseNotModified()
        answer["ETag"], answer["Cache-Control"] = tag, "private, no-cache"
        return answer

    def _tag(self, answer: Response) -> str:
        digest = hashlib.sha256(answer.render().content).hexdigest()[:24]
        version = answer.data.get("version") if self.versioned else None
        return f'"{version}.{digest}"' if version else f'"{digest}"'
