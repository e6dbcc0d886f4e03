"""Measure the portal at several sizes, on servers of its own, and print a table. Leaves only the JSON behind."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg

import embedded
from benchmarks import crowd, machine, painting, portal, report

LIVE, PACED = 60_000, 20_000
"""Findings that the live sync reads at most: with no rates in its way, and at AWS's published ones."""
EVENTS = 10_000
"""Findings of the estate whose events are timed, at most, and changes of its burst."""
PARTS = {
    "pages": "pages",
    "browser": "pages in a browser",
    "homes": "homes to eight clients at once",
    "crowd": "two hundred sessions for a minute",
    "export": "export",
    "bulk": "bulk load",
    "live": "live sync",
    "paced": "live sync at AWS's rates",
    "events": "events",
    "risks": "a register of risks",
    "packs": "assurance packs",
}
TOUCH = "UPDATE organisation_account SET name = name WHERE id = (SELECT min(id) FROM organisation_account)"


def main() -> None:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    result: dict[str, Any] = {"machine": machine.machine(), "runs": []}
    for size in arguments.sizes:
        with _folder(arguments.keep, size) as folder:
            result["runs"].append(measured(folder, size, arguments.days, arguments.parts))
        result["machine"] |= result["runs"][-1].pop("versions")
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=1))
    print(report.table(result))
    print(f"\nAll figures: {arguments.json}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=[10_000, 100_000], help="findings, by commas")
    parser.add_argument("--days", type=int, default=180, help="of history")
    parser.add_argument("--json", type=Path, default=Path(".bench/results.json"), help="where the figures are written")
    parser.add_argument("--keep", type=Path, help="keep the filled databases here, and measure on them the next time")
    parser.add_argument("--parts", type=_parts, default=list(PARTS), help=f"of {','.join(PARTS)}; all unless told")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := set(parts) - PARTS.keys():
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    return parts


def _sizes(text: str) -> list[int]:
    return [int(size.replace("_", "")) for size in text.split(",")]


@contextmanager
def _folder(keep: Path | None, size: int) -> Iterator[Path]:
    if keep is not None:
        folder = keep / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as made:
        try:
            yield Path(made)
        finally:
            embedded.remove(Path(made) / "servers")


def measured(folder: Path, size: int, days: int, parts: Collection[str]) -> dict[str, Any]:
    """One size: built, unless the folder holds it already; then looked at, and a live sync beside it."""
    _say(f"{size:,} findings")
    with embedded.serving(folder / "servers", durable=True, given={}) as servers:
        environment = _environment(folder, servers.environment)
        built = folder / "built.json"
        if not built.exists():
            _say(f"  first reading, {days} days of history, unchanged sweep")
            _inside(environment, "build", folder / "build.json", str(size), str(days))
            (folder / "build.json").rename(built)
        looked = _inside(environment, "look", folder / "look.json")
        cookies = looked.pop("cookies")
        run = {"findings": size, "built": json.loads(built.read_text()), **looked}
        if "export" in parts:
            _say_part("export")
            run["export"] = _inside(environment, "export", folder / "export.json")
        with portal.serving(environment, folder / "portal.log") as port:
            run |= served(port, run["pages"], cookies, parts, servers.database_url)
            if "crowd" in parts:
                _say_part("crowd")
                run["crowd"] = crowd.crowded(port, _inside(environment, "seats", folder / "seats.json")["seats"])
    apart: dict[str, Callable[[], dict[str, Any]]] = {
        "bulk": lambda: bulk(folder / "bulk", size),
        "live": lambda: live(folder / "live", "live", min(size, LIVE)),
        "paced": lambda: live(folder / "paced", "paced", min(size, PACED)),
        "events": lambda: events(folder / "events", min(size, EVENTS)),
        "risks": lambda: risks(folder / "risks"),
        "packs": lambda: packs(folder / "packs"),
    }
    for part in [part for part in apart if part in parts]:
        _say_part(part)
        run[part] = apart[part]()
    return run


def served(
    port: int, pages: list[dict[str, Any]], cookies: Mapping[str, str], parts: Collection[str], database_url: str
) -> dict[str, Any]:
    """What clients of a served portal see."""
    found: dict[str, Any] = {"pages": pages}
    if "pages" in parts:
        _say_part("pages")
        found["pages"] = [portal.timed(port, page, cookies[page["line"]]) for page in pages]
    if "browser" in parts:
        _say_part("browser")
        paintings = painting.painted(port, found["pages"], cookies)
        found["pages"] = [page | {"painted": one} for page, one in zip(found["pages"], paintings, strict=True)]
    if "homes" in parts:
        _say_part("homes")
        lines = [cookies[line] for line in ("first", "second", "third")]
        found["homes_per_second"] = portal.per_second(port, lines, "/")
        with psycopg.connect(database_url, autocommit=True) as other:
            found["homes_per_second_changing"] = portal.per_second(port, lines, "/", lambda: _touch(other))
    return found


def _touch(other: psycopg.Connection[Any]) -> None:
    other.execute(TOUCH)


def bulk(folder: Path, findings: int) -> dict[str, Any]:
    """An empty portal loads a file of an estate's findings."""
    file = folder / "findings.jsonl"
    with _apart(folder) as environment:
        command = [sys.executable, "-m", "sandbox", "export", "--findings", str(findings), "--out", str(file)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return _inside(environment, "bulk", folder / "bulk.json", str(file))


def live(folder: Path, part: str, findings: int) -> dict[str, Any]:
    """An empty portal reads a sandbox of this size. part: "live" without rates, "paced" with AWS's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_ENDPOINT_URL": address}
    with _apart(folder) as servers:
        paced = part == "paced"
        environment = servers | keys | {"AWS_EC2_METADATA_DISABLED": "true", "SYNC_RATE_SHARE": str(int(paced))}
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--findings", str(findings)]
        command += ["--rates"] * paced
        sandbox = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait(f"{address}/_sandbox/world")
            return _inside(environment, part, folder / f"{part}.json", address, str(sandbox.pid))
        finally:
            sandbox.terminate()
            sandbox.wait()


def events(folder: Path, findings: int) -> dict[str, Any]:
    """From a change in AWS to the reader's page, in an empty portal that reads a sandbox of this size."""
    with _apart(folder) as environment:
        file = folder / "events.json"
        size = ["--findings", str(findings), "--burst", str(findings)]
        command = [sys.executable, "-m", "benchmarks.event_latency", *size, "--json", str(file)]
        given = environment | {"PORTAL_ENVIRONMENT": "test", "AWS_EC2_METADATA_DISABLED": "true"}
        subprocess.run(command, env=given, check=True, stdout=subprocess.DEVNULL)
        told: dict[str, Any] = json.loads(file.read_text())
        return told


def risks(folder: Path) -> dict[str, Any]:
    """A portal with ten thousand risks, served."""
    with _apart(folder) as environment:
        built = _inside(environment, "risks", folder / "risks.json")
        cookies = built.pop("cookies")
        with portal.serving(environment, folder / "portal.log") as port:
            return {**built, "pages": [portal.timed(port, page, cookies[page["line"]]) for page in built["pages"]]}


def packs(folder: Path) -> dict[str, Any]:
    """A portal with five thousand files of evidence, and packs that are each made by a process of its own."""
    with _apart(folder) as servers:
        kept = {"EVIDENCE_FOLDER": str(folder / "evidence"), "SIGNING_KEY_FILE": str(folder / "seal.pem")}
        environment = servers | kept
        built = _inside(environment, "packs", folder / "packs.json")
        for name, keys in built.pop("asked").items():
            made = [_inside(environment, "pack", folder / "pack.json", str(key)) for key in keys]
            reports = [_inside(environment, "pack_report", folder / "pack.json", str(key)) for key in keys]
            built[name] = {"pack": _fastest(made), "report": _fastest(reports)}
        return built


def _fastest(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {**min(runs, key=lambda one: one["seconds"]), "of": len(runs)}


@contextmanager
def _apart(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a portal of its own, whose folder is gone afterwards."""
    folder.mkdir(exist_ok=True)
    try:
        with embedded.serving(folder / "servers", durable=True, given={}) as servers:
            environment = _environment(folder, servers.environment)
            del environment["PORTAL_CLOCK_FILE"]
            yield environment
    finally:
        embedded.remove(folder / "servers")
        shutil.rmtree(folder)


def _wait(address: str, patience: float = 300) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            urlopen(address, timeout=patience).close()
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _inside(environment: Mapping[str, str], part: str, file: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.inside", part, str(file), *arguments]
    subprocess.run(command, env=dict(environment), check=True)
    answer: dict[str, Any] = json.loads(file.read_text())
    return answer


def _environment(folder: Path, servers: Mapping[str, str]) -> dict[str, str]:
    """As the demo is served: the shifted clock is the one thing that production refuses."""
    return {
        **os.environ,
        **servers,
        "DJANGO_SETTINGS_MODULE": "compliance_portal.settings",
        "PORTAL_ENVIRONMENT": "demo",
        "SECRET_KEY": "b" * 50,
        "PORTAL_CLOCK_FILE": str(folder / "clock.json"),
        "STATIC_ROOT": str(folder / "static"),
        "EXPORT_FOLDER": str(folder / "exports"),
        "EXPORT_AT_ONCE": "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore",
    }


def _say_part(part: str) -> None:
    _say(f"  {PARTS[part]}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
