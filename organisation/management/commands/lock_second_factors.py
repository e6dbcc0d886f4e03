from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from organisation.at_rest import lock, unlock


class Command(BaseCommand):
    help = "Lock the secrets of second factors with the first of SECOND_FACTOR_KEYS, whatever they were locked with."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        kinds = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
        rows = list(Authenticator.objects.select_for_update().filter(type__in=kinds))
        for one in rows:
            name = kinds[one.type]
            one.data = {**one.data, name: lock(unlock(one.data[name]))}
        Authenticator.objects.bulk_update(rows, ["data"])
        self.stdout.write(f"{len(rows)} secrets of second factors are locked with the first key.")
