import pytest
from django.test import Client
from pytest_django import Settings

from tests.databases import Clone


def test_it_is_alive_without_a_log_in() -> None:
    assert Client().get("/healthz").content == b"alive\n"


def test_it_is_ready_when_database_queue_and_migrations_are(db: None) -> None:
    answer = Client().get("/readyz")
    said = {"ready": True, "database": "ready", "redis": "ready", "migrations": "ready"}
    assert (answer.status_code, answer.json()) == (200, said)


def test_it_names_what_is_not_ready(db: None, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "not ready: ConnectionError"
    assert answer.json()["database"] == "ready"


def test_migrations_that_wait_make_it_not_ready(committed_database: Clone) -> None:
    from django.db import connection

    connection.cursor().execute("DELETE FROM django_migrations WHERE app = 'desk'")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"].startswith("not ready: ")


@pytest.mark.parametrize(
    ("token", "headers", "address", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "10.0.0.8", 401),
        ("", {"X-Forwarded-For": "10.0.0.8"}, "127.0.0.1", 401),
        ("secret", {}, "127.0.0.1", 401),
        ("secret", {"Authorization": "Bearer wrong"}, "127.0.0.1", 401),
        ("secret", {"Authorization": "Bearer secret"}, "10.0.0.8", 200),
    ],
)
def test_metrics_are_for_who_may_measure(
    settings: Settings, token: str, headers: dict[str, str], address: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    answer = Client().get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert answer.status_code == status
    assert (b"django_http_requests" in answer.content) == (status == 200)
