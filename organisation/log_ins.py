"""Log-ins and failed ones on the trail: who, from where. Never what was typed."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from audit import trail
from organisation import second_factor
from organisation.models import Role, User

NOBODY = SimpleNamespace(_meta=SimpleNamespace(model_name="log-in"), public_id="")
"""What a log-in with an address that nobody has is about. The address itself may be a mistyped password."""


def succeeded(request: HttpRequest, user: User, **more: Any) -> None:
    methods = sorted({record["method"] for record in get_authentication_records(request, user)})
    trail.record(user, "person.logged_in", user, methods=methods)
    second_factor.by_provider(request, more.get("sociallogin"))


def left(person: User) -> None:
    trail.record(person, "person.logged_out", person)


def failed(email: str) -> None:
    """With a wrong password, or an address that nobody has: the answer is the same, the trail knows."""
    person = User.objects.filter(email__iexact=email).first()
    if person:
        trail.record("log-in", "person.log_in_failed", person, because="password")
    else:
        trail.record("log-in", "person.log_in_failed", NOBODY, because="unknown address")


def second_step_failed(user: User, **more: Any) -> None:
    trail.record("log-in", "person.log_in_failed", user, because="second factor")


def refused(person: User | None, because: str) -> None:
    trail.record("log-in", "person.log_in_refused", person or NOBODY, because=because)


def over_since(person: User, at: datetime) -> str:
    """Why somebody from outside may no longer enter, in words to them; "" where they may, or are not from outside."""
    role = person.role_assignments.order_by("-valid_from", "-id").first()
    if role is None or role.role != Role.EXTERNAL:
        return ""
    ended = role.valid_to if role.valid_to and role.valid_to <= at else _last_grant_ended(person, at)
    if ended is None:
        return ""
    day = formats.date_format(timezone.localtime(ended), "j M Y")
    return _("Your access ended on %(day)s. Whoever invited you can have it opened again.") % {"day": day}


def _last_grant_ended(person: User, at: datetime) -> datetime | None:
    """When the last of what they were granted ended; None where something goes on, or nothing was granted yet."""
    if person.grants.not_ended(at).exists():
        return None
    last = person.grants.order_by("-valid_to").first()
    return last.valid_to if last else None


def from_where(request: HttpRequest, **more: Any) -> None:
    """The reader's own address for log and trail, also behind proxies: what they claim themselves does not count."""
    try:
        address = get_adapter().get_client_ip(request)
    except PermissionDenied:
        address = ""
    structlog.contextvars.bind_contextvars(ip=address)
