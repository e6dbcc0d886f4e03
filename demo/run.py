"""From nothing to a portal that answers, and back."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import embedded
from demo import clock, commands, port
from demo.console import Console, Say
from demo.environment import Choices, build
from demo.progress import Progress
from demo.supervisor import Supervisor, stop_leftovers
from embedded.servers import owning

REGIONS = "ap-southeast-2,us-east-1,eu-west-1"
ACCOUNTS = "12"
SEED = "7"
RECHECKED = "0.03"  # of the unchanged checks a day; AWS rechecks more, at minutes of everybody's time
LINES = {"first": "First line", "second": "Second line", "third": "Third line", "administrator": "Administrator"}


def run(choices: Choices, console: Console) -> None:
    """Bring everything up, print where it is, and stay until a signal or a process that ends."""
    began = time.monotonic()
    number, word = port.choose(choices.port)
    console.line("Compliance portal: the demo")
    if word:
        console.line(f"  {word}")
    choices.folder.mkdir(parents=True, exist_ok=True)
    with (
        owning(choices.folder / "run"),
        _servers(choices, console) as servers,
        Supervisor(choices.folder) as supervisor,
    ):
        try:
            demo = Demo(choices, console, supervisor, servers)
            demo.bring_up()
            demo.serve(number)
            demo.farewell(f"http://127.0.0.1:{number}/", time.monotonic() - began)
            while True:
                signal.pause()
        finally:
            console.line("\nStopping")


def reset(choices: Choices, console: Console) -> None:
    """Forget the demo's data. Databases that were given by address are left alone."""
    for folder in choices.folders:
        if folder.exists():
            with owning(folder / "run"):
                stop_leftovers(folder / "processes")
                embedded.remove(folder / "servers")
                shutil.rmtree(folder)
    console.line("The demo's data is gone; `make demo` starts over.")


@contextmanager
def _servers(choices: Choices, console: Console) -> Iterator[Mapping[str, str]]:
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]
    if given:
        console.line(f"  Using your {' and '.join(given)}")
    with ExitStack() as stack:
        with console.step("PostgreSQL and Valkey"):
            serving = embedded.serving(choices.folder / "servers", durable=True, logs=choices.folder / "logs")
            servers = stack.enter_context(serving)
        yield servers.environment


class Demo:
    def __init__(self, choices: Choices, console: Console, supervisor: Supervisor, servers: Mapping[str, str]) -> None:
        self.choices, self.console, self.supervisor = choices, console, supervisor
        self.sandbox = None if choices.own_aws else f"http://127.0.0.1:{port.free()}"
        self.environment = build(choices, servers, self.sandbox)
        self.progress = Progress.of(choices.folder / "progress.json", servers["DATABASE_URL"])

    def bring_up(self) -> None:
        """Everything behind the portal: the database's shape, AWS, a worker, and on the first run history."""
        with self.console.step("Database") as say:
            commands.prepare(self.environment, self.supervisor.log("setup"))
            commands.migrate(say)
            commands.make_signing_key(Path(self.environment["SIGNING_KEY_FILE"]))
        with self.console.step("Static files"):
            commands.collect_static()
        if self.sandbox:
            self.start_sandbox(self.sandbox)
        with self.console.step("Frameworks") as say:
            commands.load_library(say)
        with self.console.step("Worker"):
            self.start(
                "worker",
                "celery",
                "-A",
                "compliance_portal",
                "worker",
                "--concurrency",
                "2",
                "--loglevel",
                "INFO",
            )
        if self.sandbox and not self.progress.complete:
            self.first_run(self.sandbox)
        self.supervisor.start("listener", [sys.executable, "manage.py", "listen"], self.environment)
        self.start("beat", "celery", "-A", "compliance_portal", "beat", "--loglevel", "INFO")

    def start(self, name: str, module: str, *arguments: str) -> None:
        self.supervisor.start(name, [sys.executable, "-m", module, *arguments], self.environment)

    def start_sandbox(self, address: str) -> None:
        with self.console.step("Sandbox AWS"):
            back = self.progress.days_back
            clock.set_back(self.choices.clock, self.choices.days if back is None else back)
            self.start(
                "sandbox", "sandbox",
                "--port", address.rpartition(":")[2],
                "--seed", SEED,
                "--accounts", ACCOUNTS,
                "--regions", REGIONS,
                "--findings", str(self.choices.findings),
                "--days", str(self.choices.days),
                "--recheck-share", RECHECKED,
                "--clock-file", str(self.choices.clock),
                "--state", str(self.choices.folder / "sandbox-state.json"),
            )  # fmt: skip
            self.world = json.loads(self.supervisor.wait_for("sandbox", f"{address}/_sandbox/world"))

    def first_run(self, address: str) -> None:
        """Connect, then read the estate again and again from the past to now, as the product would have."""
        progress, choices = self.progress, self.choices
        if not progress.people:
            with self.console.step("People and solutions"):
                progress.people = commands.seed(address, choices.folder / "credentials.json")
            progress.save()
        with self.console.step("Controls and risks"):
            commands.seed_acts()
        if not progress.connected:
            with self.console.step("Connection"):
                commands.connect(self.world)
            progress.connected = True
            progress.save()
        if progress.days_back is None:
            with self.console.step("First sync") as say:
                commands.sync(say)
            progress.days_back = choices.days
            progress.save()
        self.history()

    def history(self) -> None:
        progress, choices = self.progress, self.choices
        assert progress.days_back is not None
        with self.console.step(f"{choices.days} days of history") as say:
            for back in clock.moments(choices.days, choices.steps):
                if back >= progress.days_back:
                    continue
                clock.set_back(choices.clock, back)
                when = f"{back:.0f} days ago" if back >= 1.5 else "yesterday" if back else "now"
                say(when)
                commands.sync(partial(_say_when, say, when))
                commands.seed_acts()
                progress.days_back = back
                progress.save()
        commands.seed_pack()
        commands.seed_leave()

    def serve(self, number: int) -> None:
        with self.console.step("Portal"):
            self.start(
                "portal", "gunicorn", "compliance_portal.wsgi", "--bind", f"127.0.0.1:{number}",
                "--workers", "2", "--threads", "4", "--access-logfile", "-",
            )  # fmt: skip
            self.supervisor.wait_for("portal", f"http://127.0.0.1:{number}/healthz")

    def farewell(self, address: str, seconds: float) -> None:
        folder, line = os.path.relpath(self.choices.folder), self.console.line
        line(f"\nReady in {seconds:.0f} s. Ctrl-C stops everything and keeps the data.")
        line(f"`make demo-reset` forgets it. Logs: {folder}/logs/  Environment for manage.py: {folder}/env")
        if self.choices.own_aws:
            line("\nYour own AWS is used: see docs/operations.md, “Your own AWS”. In another terminal:")
            line(f"  . {folder}/env")
            line("  .venv/bin/python manage.py connect --help")
            line(f"  .venv/bin/python manage.py invite you@example.org --name You --portal {address}")
        line(f"\n  {address}\n")
        for person in self.progress.people:
            line(f"  {LINES.get(person['line'], person['line']):<15} {person['email']:<24} {person['password']}")


def _say_when(say: Say, when: str, words: str) -> None:
    say(f"{when}: {words}")
