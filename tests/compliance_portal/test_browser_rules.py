"""What every answer tells the browser, and what a request cannot claim."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from tests.compliance_portal.test_settings import COMPLETE, ROOT
from tests.conftest import LoggedIn

TOLD = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), "
    "publickey-credentials-get=(self), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.mark.parametrize("path", ["/", "/api/v1/solutions/", "/audit/trail/export/", "/nowhere/", "/api/v1/nowhere/"])
def test_every_answer_tells_the_browser_the_rules(third_line: LoggedIn, path: str) -> None:
    answer = third_line.get(path)
    assert {name: answer.get(name) for name in TOLD} == TOLD
    policy = answer["Content-Security-Policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "Access-Control-Allow-Origin" not in answer


def test_files_that_are_the_same_for_all_may_be_kept(client: Client) -> None:
    answer = client.get("/static/portal/theme.js")
    assert (answer.status_code, answer["Cross-Origin-Resource-Policy"]) == (200, "same-origin")
    assert "no-store" not in answer["Cache-Control"]
    b"".join(answer)  # a file that is sent is open until it is read


def test_https_is_kept_to_for_a_year_and_the_api_is_not_led_there(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    assert client.get("/account/login/")["Location"] == "https://testserver/account/login/"
    refused = client.post("/api/v1/solutions/")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["detail"].startswith("Use https.")
    kept = Client(headers={"host": "testserver"}).get("/healthz", secure=True)["Strict-Transport-Security"]
    assert kept == "max-age=31536000; includeSubDomains; preload"


def test_in_production_no_other_host_can_set_or_read_a_cookie() -> None:
    names = (
        "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
        "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE",
        "CSRF_COOKIE_HTTPONLY", "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_DOMAIN", "CSRF_COOKIE_PATH", "COOKIE_PREFIX",
        "DEBUG",
    )  # fmt: skip
    asked = (
        "import django, json; django.setup(); from django.conf import settings; "
        f"print(json.dumps([getattr(settings, name) for name in {names}]))"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asked],
        cwd=ROOT,
        env={**COMPLETE, "PATH": os.defpath, "DJANGO_SETTINGS_MODULE": "compliance_portal.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert dict(zip(names, json.loads(said.stdout), strict=True)) == {
        "SESSION_COOKIE_NAME": "__Host-sessionid", "SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax", "SESSION_COOKIE_DOMAIN": None, "SESSION_COOKIE_PATH": "/",
        "CSRF_COOKIE_NAME": "__Host-csrftoken", "CSRF_COOKIE_SECURE": True, "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax", "CSRF_COOKIE_DOMAIN": None, "CSRF_COOKIE_PATH": "/",
        "COOKIE_PREFIX": "__Host-", "DEBUG": False,
    }  # fmt: skip


def test_logging_out_clears_what_the_browser_kept(third_line: LoggedIn) -> None:
    assert "Clear-Site-Data" not in third_line.get("/account/logout/")
    assert third_line.post("/account/logout/")["Clear-Site-Data"] == '"cache", "storage"'


def test_nobody_chooses_the_request_id_that_the_trail_keeps(third_line: LoggedIn) -> None:
    b"".join(third_line.get("/audit/trail/export/", headers={"X-Request-ID": "somebody-elses"}))
    kept = TrailEntry.objects.get(action="trail.exported").request_id
    assert len(kept) == 36
    assert kept != "somebody-elses"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert client.generic(method, "/account/login/").status_code == 405


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://aws.example.org:4566", True),
        ("https://aws.example.org", False),
        ("http://127.0.0.1:4566", False),
        ("http://localhost:4566", False),
    ],
)
def test_the_check_before_deployment_tells_of_aws_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, url: str, told: bool
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    found = [one.id for one in run_checks(include_deployment_checks=True) if one.id == "findings.W001"]
    assert bool(found) == told
