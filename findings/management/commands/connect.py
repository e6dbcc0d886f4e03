from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit import clock, trail
from findings.models import Connection


class Command(BaseCommand):
    help = "Connect an AWS organisation, or change the connection of that name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--hub-account", required=True, help="12 digits: administers Security Hub and Config.")
        parser.add_argument("--home-region", required=True)
        parser.add_argument("--hub-role", default="", help="Without it the default credentials are the hub's.")
        parser.add_argument("--member-role", default="", help="The read-only role in every account.")
        parser.add_argument(
            "--write-role", default="", help="May change workflow in the hub. Empty: nothing is written."
        )
        parser.add_argument("--external-id", default="", help="Without it the portal makes one.")
        parser.add_argument("--queue", default="", help="The event queue's name.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        known = Connection.objects.filter(name=options["name"]).first()
        connection = known or Connection(name=options["name"], created_at=clock.now())
        connection.hub_account, connection.home_region = options["hub_account"], options["home_region"]
        connection.hub_role, connection.member_role = options["hub_role"], options["member_role"]
        connection.write_role = options["write_role"]
        connection.external_id = options["external_id"] or connection.external_id
        connection.queue_name, connection.enabled = options["queue"], True
        try:
            connection.full_clean()
        except ValidationError as error:
            said = [f"{field}: {' '.join(words)}" for field, words in error.message_dict.items()]
            raise CommandError("; ".join(said)) from error
        if known is None:
            connection.save()
        else:
            connection.save_version(read=connection.version)
        trail.record(
            "manage.py connect",
            "connection.changed" if known else "connection.added",
            connection,
            hub_account=connection.hub_account,
            home_region=connection.home_region,
        )
        self.stdout.write(f"{connection.public_id} {connection} ({connection.hub_account}, {connection.home_region})")
