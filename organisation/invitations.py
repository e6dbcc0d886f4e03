"""Nobody signs up: a person is added, and sets their password by a link that works once."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.urls import reverse

from audit import trail
from organisation.models import User

Deliver = Callable[[User, str], None]
_deliveries: list[Deliver] = []


def on_invited(deliver: Deliver) -> None:
    """Call `deliver(person, address of the link)` in the transaction that invites somebody."""
    if deliver not in _deliveries:
        _deliveries.append(deliver)


def link_for(person: User) -> str:
    """The path at which this person sets a password: once, and for PASSWORD_RESET_TIMEOUT seconds."""
    key = default_token_generator.make_token(person)
    return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])


@transaction.atomic
def invite(person: User, *, portal: str, by: User | str) -> str:
    """Send `person` their link and answer it. portal: the portal's own address, "https://host"."""
    link = f"{portal.rstrip('/')}{link_for(person)}"
    for deliver in _deliveries:
        deliver(person, link)
    trail.record(by, "person.invited", person, email=person.email)
    return link


@transaction.atomic
def add(*, name: str, email: str, role: str, reason: str, portal: str, by: User) -> tuple[User, str]:
    """A person, on a line where `role` names one, and the link by which they are invited. Raises NotAllowed."""
    made = User.add(name=name, email=email, by=by)
    if role:
        made.give_role(role, reason=reason, by=by)
    return made, invite(made, portal=portal, by=by)
