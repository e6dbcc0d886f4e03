"""Whether this process lives, whether it can serve, and what it measures."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from ipaddress import ip_address

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from organisation.permissions import public

PATIENCE = 2  # seconds


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """{"ready": bool, "database": "ready" or why not, "redis": …, "migrations": …}"""
    state = {name: _asked(check) for name, check in CHECKS.items()}
    ready = all(said == "ready" for said in state.values())
    return JsonResponse({"ready": ready, **state}, status=200 if ready else 503)


def _asked(check: Callable[[], str]) -> str:
    """What a check says; a failure by its kind only, since addresses and users stay inside."""
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        return f"not ready: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ready"


def _redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE) as server:
        server.ping()
    return "ready"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"not ready: {len(missing)} to apply, run manage.py migrate" if missing else "ready"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
}


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever has METRICS_TOKEN; where none is set, for this machine only and through no proxy."""
    if not _may_measure(request):
        return HttpResponse("Refused\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    answer: HttpResponse = ExportToDjangoView(request)
    return answer


def _may_measure(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    return ip_address(request.META["REMOTE_ADDR"]).is_loopback
