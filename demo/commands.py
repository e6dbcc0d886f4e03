"""The portal's own management commands, run inside this process: a start of Django each would add up."""

import json
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import django
from django.core.management import call_command

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


def collect_static() -> None:
    call_command("collectstatic", interactive=False, verbosity=0, stdout=Lines())


def connect(world: Mapping[str, str]) -> None:
    """Tell the portal where the sandbox's organisation is, as an administrator would for a real one."""
    call_command("connect", name="Sandbox", stdout=Lines(), **world)


def sync(say: Say) -> None:
    """One sync by the worker, waited for."""
    call_command("sync", wait=True, stdout=Lines(say))


def seed(world: str) -> list[dict[str, str]]:
    """The demo's people and solutions. Returns a log-in for each person."""
    said = Lines()
    call_command("seed_demo", world=world, stdout=said)
    people: list[dict[str, str]] = json.loads(said.text)
    return people
