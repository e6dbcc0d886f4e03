import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMPLETE = {
    "PORTAL_ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "portal.example.org",
    "DATABASE_URL": "postgresql:///portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "PATH": os.defpath,
}


def said(changes: dict[str, str | None], shown: str = "settings.ENVIRONMENT") -> str:
    """The last line of a process that loads the settings in this environment and prints one."""
    environment = {name: value for name, value in (COMPLETE | changes).items() if value is not None}
    asked = "import django; django.setup(); from django.conf import settings; "
    asked += f"print({shown})"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asked],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "compliance_portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    return (answer.stdout + answer.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
def test_production_stops_and_says_what_is_missing(name: str) -> None:
    last = said({name: None})
    assert f"ImproperlyConfigured: Set {name} (" in last
    assert last.endswith("see docs/settings.md.")


def test_production_starts_with_what_it_needs() -> None:
    assert said({}) == "production"


def test_production_refuses_a_shifted_clock() -> None:
    assert "refused in production" in said({"PORTAL_CLOCK_FILE": "/tmp/clock.json"})


def test_an_unknown_environment_stops() -> None:
    assert "must be production, demo or test" in said({"PORTAL_ENVIRONMENT": "staging"})


def test_a_number_that_is_none_stops() -> None:
    assert "EMAIL_PORT must be a whole number, not 'x'" in said({"EMAIL_PORT": "x"})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 60 + "\n")
    assert said({"SECRET_KEY": None, "SECRET_KEY_FILE": str(tmp_path / "key")}) == "production"


def test_every_setting_of_the_environment_stands_in_the_table() -> None:
    code = (ROOT / "compliance_portal" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code))
    table = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert names == table


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SECOND_FACTOR_KEYS", "short", "Each of SECOND_FACTOR_KEYS needs 32 or more characters"),
        ("BREACHED_PASSWORDS", "/nowhere", "BREACHED_PASSWORDS must name a file"),
    ],
)
def test_what_guards_log_ins_stops_where_it_would_guard_nothing(name: str, value: str, why: str) -> None:
    assert why in said({name: value})


def test_production_asks_everybody_for_a_second_factor() -> None:
    shown = "','.join(sorted(settings.MFA_REQUIRED_FOR))"
    assert said({}, shown) == "administrator,external,first,second,third"
