"""Static files as the web process serves them outside of tests: packed, and kept by the browser for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

FETCH = """
import json, django
django.setup()
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
told = {}
for name in ("portal/tokens.css", "portal/portal.js", "css/bootstrap.min.css", "django_htmx/htmx-2.min.js"):
    url = staticfiles_storage.url(name)
    answer = Client(headers={"accept-encoding": "gzip", "host": "portal.example.org"}).get(url)
    told[name] = {
        "status": answer.status_code,
        "encoding": answer.get("Content-Encoding"),
        "cache": answer.get("Cache-Control"),
        "is_named_by_content": url != f"/static/{name}",
        "packed": len(b"".join(answer)),
        "plain": staticfiles_storage.size(name),
    }
print(json.dumps(told))
"""


@pytest.mark.parametrize("kind", ["production", "demo"])
def test_static_files_come_packed_and_are_kept_for_good(kind: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "compliance_portal.settings",
        "PORTAL_ENVIRONMENT": kind,
        "SECRET_KEY": "of-the-test-" * 5,
        "ALLOWED_HOSTS": "portal.example.org",
        "PORTAL_HTTPS": "false",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    environment.pop("PORTAL_CLOCK_FILE", None)
    (tmp_path / "static").mkdir()
    command = [sys.executable, "-c", FETCH]
    answer = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    for name, told in json.loads(answer.stdout).items():
        assert told["status"] == 200, name
        assert told["encoding"] == "gzip", name
        assert told["cache"] == "max-age=315360000, public, immutable", name
        assert told["is_named_by_content"], name
        assert told["packed"] < told["plain"] / 2, name
