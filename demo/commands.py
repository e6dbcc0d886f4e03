"""The portal's own management commands, run inside this process: a start of Django each would add up."""

import json
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import CommandError, call_command

from demo.console import Lines, Say


def prepare(environment: Mapping[str, str], log: Path) -> None:
    """Load the portal; what it logs goes to LOG, not to the terminal."""
    os.environ.update(environment)
    django.setup()
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().handlers = [handler]
    logging.captureWarnings(True)
    warnings.simplefilter("default")


def migrate(say: Say) -> None:
    call_command("migrate", interactive=False, stdout=Lines(say))


def make_signing_key(file: Path) -> None:
    """The key that packs and heads of the trail are signed with, once."""
    if not file.exists():
        call_command("make_signing_key", file, stdout=Lines())


def load_library(say: Say) -> None:
    call_command("load_library", stdout=Lines(say))


def collect_static() -> None:
    call_command("collectstatic", interactive=False, verbosity=0, stdout=Lines())


def connect(world: Mapping[str, Any]) -> None:
    """Tell the portal where the sandbox's organisation is, as an administrator would for a real one."""
    names = ("hub_account", "home_region", "hub_role", "member_role", "write_role", "external_id")
    said = {name: world[name] for name in names}
    call_command("connect", "Sandbox", queue=world["queue_name"], stdout=Lines(), **said)


def sync(say: Say) -> None:
    """One sync by the worker, waited for. Some places of the sandbox's estate refuse us, as in any estate.

    Raises CommandError where nothing at all could be read.
    """
    try:
        call_command("sync", wait=True, stdout=Lines(say), stderr=Lines())
    except CommandError:
        job = apps.get_model("desk", "Job").objects.latest("pk")
        if job.state != job.State.PARTLY:
            raise
    call_command("roll_up", stdout=Lines())


def seed(world: str, credentials: Path) -> list[dict[str, str]]:
    """The demo's people and solutions. Returns a log-in for each line."""
    said = Lines()
    call_command("seed_demo", world=world, credentials=credentials, stdout=said)
    people: list[dict[str, str]] = json.loads(said.text)
    return people


def seed_pack() -> None:
    """A pack of what the demo's world has come to; its worker makes it meanwhile."""
    call_command("seed_pack", stdout=Lines())


def seed_leave() -> None:
    """At the demo's present one of its people is away, and another stands in."""
    call_command("seed_leave", stdout=Lines())


def seed_acts() -> None:
    """What people had done on the demo's own controls, risks and evidence by this moment of its clock."""
    call_command("seed_controls", stdout=Lines())
    call_command("seed_risks", stdout=Lines())
    for command in ("seed_evidence", "seed_snapshots", "seed_assurance"):
        call_command(command, stdout=Lines())
