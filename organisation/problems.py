"""What a refusal says to programs: problem+json, RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CONTENT_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="api"'
TITLES: dict[int, str | Promise] = {
    400: _("Bad Request"),
    401: _("Unauthorized"),
    403: _("Forbidden"),
    404: _("Not Found"),
    405: _("Method Not Allowed"),
    406: _("Not Acceptable"),
    409: _("Conflict"),
    412: _("Precondition Failed"),
    415: _("Unsupported Media Type"),
    422: _("Unprocessable Entity"),
    429: _("Too Many Requests"),
    500: _("Internal Server Error"),
}
"""The names of statuses, RFC 9110."""


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    title = str(TITLES.get(status) or HTTPStatus(status).phrase)
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def refuse(status: int, detail: str, **more: Any) -> JsonResponse:
    return JsonResponse(problem(status, detail, **more), status=status, content_type=CONTENT_TYPE)


def ask_to_log_in(detail: str, error: str = "") -> JsonResponse:
    """401. error: of RFC 6750, where a token was sent."""
    answer = refuse(401, detail)
    answer["WWW-Authenticate"] = f'{CHALLENGE}, error="{error}"' if error else CHALLENGE
    return answer
