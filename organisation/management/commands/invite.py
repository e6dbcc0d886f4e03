from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from organisation.invitations import invite
from organisation.models import Role, User


class Command(BaseCommand):
    help = "Add a person with a role and print the link that sets their password: the way to the first log-in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.ADMINISTRATOR.value)
        parser.add_argument("--portal", required=True, help="the portal's address, e.g. https://portal.example.org")

    @transaction.atomic
    def handle(self, *args: Any, email: str, name: str, role: str, portal: str, **options: Any) -> None:
        if User.objects.filter(email=email.lower()).exists():
            raise CommandError(f"{email} is here already; an administrator can send the link again.")
        by = "command line"
        person = User.add(name=name, email=email, by=by)
        person.give_role(role, reason="Invited from the command line", by=by)
        self.stdout.write(invite(person, portal=portal, by=by))
