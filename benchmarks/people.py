"""Who looks at the pages: the demo's people, and a solution for every three accounts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from benchmarks.estate import Estate
from organisation import demo
from organisation.models import User

EMAILS = {
    "first": "ana@example.org",
    "second": "jonas@example.org",
    "third": "miriam@example.org",
    "administrator": "tom@example.org",
}


def seed(estate: Estate) -> None:
    demo.seed({"accounts": [_told(account) for account in estate.accounts]}, demo.new_passwords())


def _told(account: Any) -> dict[str, str]:
    """Numbered accounts (payments-prod-4) are of a solution of their own (payments-4)."""
    number = account.name.rsplit("-", 1)[-1]
    solution = f"{account.solution}-{number}" if number.isdecimal() else account.solution
    return {
        "id": account.id,
        "name": account.name,
        "solution": solution,
        "state": account.state,
        "ou_path": account.ou_path,
    }


def cookies() -> dict[str, str]:
    """Line → the session cookie of a person who has logged in."""
    return {line: session_of(User.objects.get(email=email)) for line, email in EMAILS.items()}


def session_of(person: User) -> str:
    """The cookie of a session in which they are logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return str(session.session_key)
