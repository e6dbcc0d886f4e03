"""What a refusal says to programs: problem+json, RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="api"'


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def refuse(status: int, detail: str, **more: Any) -> JsonResponse:
    return JsonResponse(problem(status, detail, **more), status=status, content_type=CONTENT_TYPE)


def ask_to_log_in(detail: str, error: str = "") -> JsonResponse:
    """401. error: of RFC 6750, where a token was sent."""
    answer = refuse(401, detail)
    answer["WWW-Authenticate"] = f'{CHALLENGE}, error="{error}"' if error else CHALLENGE
    return answer
