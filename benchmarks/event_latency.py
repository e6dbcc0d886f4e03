"""From a change in AWS to the reader's page, and how many changes a second a listener takes in.

`python -m embedded run -- python -m benchmarks.event_latency`: a sandbox, a listener and the portal's pages, each
as the product runs it, on the empty database that DATABASE_URL names. Prints a table; `--json FILE` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib import request

ROOT = Path(__file__).resolve().parent.parent
READER = "jonas@example.org"
LOOK_EVERY = 0.02
PATIENCE = 120.0
AT_ONCE = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=12_000, help="about how many the estate has")
    parser.add_argument("--changes", type=int, default=200, help="single changes, one after the other")
    parser.add_argument("--burst", type=int, default=10_000, help="changes all at once")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    figures = measured(findings=asked.findings, changes=asked.changes, burst=asked.burst)
    for name, value in figures.items():
        print(f"{name:<28} {value}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def measured(*, findings: int, changes: int, burst: int) -> dict[str, Any]:
    """Seconds from the change to the page (p50, p95, worst), and of the burst; with the load of the machine."""
    os.environ.setdefault("PORTAL_ENVIRONMENT", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance_portal.settings")
    os.environ |= {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark", "LOG_LEVEL": "WARNING"}
    with ExitStack() as stack:
        address = stack.enter_context(sandbox(findings))
        os.environ["AWS_ENDPOINT_URL"] = address
        import django

        django.setup()
        held = prepare(address)
        listener = stack.enter_context(process("manage.py", "listen"))
        wait_until(is_heard)
        before = os.getloadavg()[0]
        times = single_changes(address, changes)
        seconds, heard = burst_of(address, burst)
        assert listener.poll() is None
        return {
            "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
            "findings": held,
            "changes": len(times),
            "p50_seconds": round(median(times), 3),
            "p95_seconds": round(quantiles(times, n=20)[-1], 3),
            "worst_seconds": round(max(times), 3),
            "burst": heard,
            "burst_seconds": round(seconds, 2),
            "burst_changes_per_second": round(heard / seconds),
            "load_before": round(before, 2),
            "load_after": round(os.getloadavg()[0], 2),
        }


@contextmanager
def process(*command: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, **options) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


@contextmanager
def sandbox(findings: int) -> Iterator[str]:
    """The address of a sandbox of this size, at which nothing changes by itself."""
    options = ("--port", "0", "--findings", str(findings), "--days", "0.1", "--change-share", "0")
    with process("-m", "sandbox", *options, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if b"http://" in line:
                yield "http://" + line.decode().split("http://", 1)[1].split()[0].rstrip("/.,")
                return
        raise SystemExit("The sandbox did not start.")


def control(address: str, path: str, **body: Any) -> Any:
    data = json.dumps(body).encode() if body else None
    with request.urlopen(request.Request(f"{address}/_sandbox/{path}", data=data)) as answer:
        return json.load(answer)


def prepare(address: str) -> int:
    """Migrate, seed, connect, read everything; how many findings are held then."""
    from django.core.management import call_command

    from findings.models import Finding
    from organisation import demo

    world = control(address, "world")
    with Path(os.devnull).open("w") as quiet:
        call_command("migrate", interactive=False, stdout=quiet)
        demo.seed(world, demo.new_passwords())
        said = {name: world[name] for name in ("hub_account", "home_region", "hub_role", "member_role", "external_id")}
        call_command("connect", "Sandbox", queue=world["queue_name"], stdout=quiet, **said)
        call_command("sync", full=True, inline=True, stdout=quiet)
        call_command("listen", once=True, stdout=quiet)
    return Finding.objects.count()


def is_heard() -> bool:
    from django.utils import timezone

    from findings.models import Listener

    return Listener.objects.filter(lease_until__gt=timezone.now(), trouble="").exists()


def wait_until(holds: Callable[[], bool]) -> float:
    """Look again and again; the moment (time.perf_counter) at which it held."""
    deadline = time.perf_counter() + PATIENCE
    while not holds():
        if time.perf_counter() > deadline:
            raise SystemExit(f"Nothing happened within {PATIENCE:.0f} s.")
        time.sleep(LOOK_EVERY)
    return time.perf_counter()


def failing(limit: int) -> Any:
    """Open spans of controls that fail, with their findings."""
    from findings.connectors.asff import CONTROL_PRODUCT
    from findings.models import FindingSpan

    spans = FindingSpan.objects.filter(
        valid_to=None,
        superseded_at=None,
        status="fail",
        workflow="NEW",
        record_state="ACTIVE",
        finding__product_arn__endswith=CONTROL_PRODUCT,
    ).exclude(check_ran__key="Config.1")
    return spans.select_related("finding").order_by("pk")[:limit]


def single_changes(address: str, count: int) -> list[float]:
    """For each change the seconds until its finding's page shows it: passes and suppressions in turn."""
    from django.test import Client

    from organisation.models import User

    browser = Client(headers={"host": "localhost"})
    browser.force_login(User.objects.get(email=READER))
    times = []
    for number, span in enumerate(failing(count)):
        page, finding = f"/findings/{span.finding.public_id}/", span.finding
        before = shown(browser, page)
        began = time.perf_counter()
        control(address, "change", change="suppress" if number % 2 else "pass", id=finding.native_id)
        times.append(wait_until(partial(differs, browser, page, before)) - began)
    return times


def differs(browser: Any, page: str, before: object) -> bool:
    return shown(browser, page) != before


def shown(browser: Any, page: str) -> object:
    """The states that the finding's page names, without its dates."""
    answer = browser.get(page)
    if answer.status_code != HTTPStatus.OK:
        raise SystemExit(f"{page} answered {answer.status_code}.")
    html = answer.content.decode()
    return re.findall(r'class="status status-[^"]*"', html), html.count("Suppressed")


def burst_of(address: str, count: int) -> tuple[float, int]:
    """Suppress many findings as fast as AWS lets us; seconds until all of them are shown so, and how many."""
    import boto3

    from findings.models import Finding, FindingSpan

    world = control(address, "world")
    hub: Any = boto3.client("securityhub", region_name=world["home_region"])
    rows = list(
        Finding.objects.filter(source="security_hub", gone_at=None).exclude(
            spans__valid_to=None, spans__workflow="NOTIFIED"
        ).values_list("pk", "product_arn", "native_id")[:count]
    )  # fmt: skip
    keys = [row[0] for row in rows]
    began = time.perf_counter()
    for start in range(0, len(rows), AT_ONCE):
        some = [{"ProductArn": arn, "Id": native_id} for _, arn, native_id in rows[start : start + AT_ONCE]]
        hub.batch_update_findings(FindingIdentifiers=some, Workflow={"Status": "NOTIFIED"})
    left = FindingSpan.objects.filter(finding__in=keys, valid_to=None, superseded_at=None).exclude(workflow="NOTIFIED")
    return wait_until(lambda: not left.exists()) - began, len(rows)


if __name__ == "__main__":
    main()
