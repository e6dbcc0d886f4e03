"""python -m sandbox export: the estate's findings as a file, as long as one likes.

One estate is made and written out; further ones are the same estate under other account numbers,
so that writing a finding costs next to nothing.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import IO, cast

import orjson

from sandbox.world.clock import DAY
from sandbox.world.world import REGIONS, World

ONE_ESTATE = 50_000
"""Findings of the estate that is repeated."""
FORMS = ("lines", "array", "response")


def records(world: World, seed: str, wanted: int) -> Iterator[bytes]:
    """`wanted` findings as JSON, least recently updated first within each estate."""
    first = [(orjson.dumps(finding.body()), finding.account.encode()) for finding in world.by_updated()]
    numbers: dict[bytes, bytes] = {}
    for number in range(-(-wanted // len(first))):
        rng = Random(f"{seed}/export/{number}")
        if number:
            numbers = {account.encode(): b"%012d" % rng.randrange(10**11, 10**12) for account in world.accounts}
        gateways = b"/restapis/%x" % number if number else b"/restapis/"
        for body, account in first[: wanted - number * len(first)]:
            if number:
                yield body.replace(account, numbers[account]).replace(b"/restapis/", gateways)
            else:
                yield body


def write(found: Iterator[bytes], out: IO[bytes], form: str) -> int:
    """Write them as JSON lines, as one array, or as GetFindings answers ({"Findings": […]}). Returns how many."""
    begin, between, end = {
        "lines": (b"", b"\n", b"\n"),
        "array": (b"[\n", b",\n", b"\n]\n"),
        "response": (b'{"Findings": [\n', b",\n", b"\n]}\n"),
    }[form]
    out.write(begin)
    written = 0
    for body in found:
        if written:
            out.write(between)
        out.write(body)
        written += 1
    out.write(end)
    return written


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    start = options.start or datetime.now(UTC)
    began = time.monotonic()
    moment = int(start.timestamp() * 1000)
    try:
        world = World(
            seed=options.seed,
            accounts=options.accounts,
            findings=min(options.findings, ONE_ESTATE),
            regions=options.regions.split(","),
            start=moment,
        )
    except ValueError as problem:
        print(f"sandbox export: {problem}", file=sys.stderr)
        return 2
    world.advance_to(moment + int(options.days * DAY))
    with _opened(options.out) as out:
        written = write(records(world, options.seed, options.findings), out, options.form)
    seconds = time.monotonic() - began
    print(
        f"sandbox export: {written:,} findings in {seconds:.1f} s, {written / seconds:,.0f} a second", file=sys.stderr
    )
    return 0


def _opened(out: Path | None) -> IO[bytes]:
    if out is None:
        return sys.stdout.buffer
    if out.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(out, "wb", compresslevel=1))
    return out.open("wb")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox export", description="Write an estate's findings to a file.")
    parser.add_argument("--findings", type=int, default=20_000, help="how many, any number")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--accounts", type=int, default=12, help=f"for every {ONE_ESTATE:,} findings")
    parser.add_argument("--regions", default=",".join(REGIONS), help="the first is the home Region")
    parser.add_argument("--start", type=_moment, help="the estate's first day, ISO 8601; the present without it")
    parser.add_argument("--days", type=float, default=0, help="of the estate's life after its first day")
    parser.add_argument("--form", choices=FORMS, default="lines", help="JSON lines, an array, or a GetFindings answer")
    parser.add_argument("--out", type=Path, help="a file, compressed where its name ends in .gz; else standard output")
    return parser.parse_args(arguments)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
