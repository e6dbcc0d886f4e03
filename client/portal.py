#!/usr/bin/env python3
"""portal: the compliance portal from a pipeline. One file; nothing beyond Python 3.9 or later is needed.

    portal items                     what awaits you, the most urgent first
    portal findings status=fail      findings, narrowed as in the address of the explorer
    portal upload FILE --title …     evidence for the locker
    portal load FILE…                exported findings (ASFF), which the portal merges

PORTAL_ADDRESS says where the portal is, PORTAL_TOKEN is a token of yours (or PORTAL_TOKEN_FILE names the file that
holds it). The token is no argument, since others on the machine can read those.

Exit codes: 0 done; 1 there is something that you asked to fail for, or that was not loaded; 2 wrong usage; 3 refused,
with why; 4 the token opens nothing, or not this; 5 the portal cannot be reached, failed, or is called too often.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

DONE, FOUND, USAGE, REFUSED, CLOSED, DOWN = range(6)
TRIES = 4
LONGEST_WAIT = 60
LOOK_EVERY = 2
SECONDS = 60
HERE = {"localhost", "127.0.0.1", "::1"}
AGAIN = {429, 500, 502, 503, 504}


class Failed(Exception):
    """code: what to exit with."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class NoRedirect(HTTPRedirectHandler):
    """A token goes to the address that it was given for, and nowhere else."""

    def redirect_request(self, *said: Any) -> None:
        return None


class Portal:
    def __init__(self, address: str, token: str) -> None:
        where = urlsplit(address)
        if where.scheme != "https" and not (where.scheme == "http" and where.hostname in HERE):
            raise Failed(USAGE, "PORTAL_ADDRESS must begin with https://, or a token could be read on its way.")
        self.origin, self.token = f"{where.scheme}://{where.netloc}", token
        self.opener = build_opener(NoRedirect)

    def rows(self, path: str, asked: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        query = urlencode([*asked, ("size", "500")])
        following: str | None = f"{self.origin}/api/v1/{path}?{query}"
        while following:
            here = urlsplit(following)
            page = self.call(Request(f"{self.origin}{here.path}?{here.query}"))
            yield from page["results"]
            following = page["next"]

    def row(self, path: str) -> dict[str, Any]:
        return self.call(Request(f"{self.origin}/api/v1/{path}"))

    def send(self, path: str, fields: list[tuple[str, str]], file: Path, key: str) -> dict[str, Any]:
        """A form with a file; sent again with the same key, it is done once."""
        boundary = uuid.uuid4().hex
        with tempfile.TemporaryFile() as body:
            length = _written(body, boundary, fields, file)
            headers = {
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(length),
                "Idempotency-Key": key,
            }
            request = Request(f"{self.origin}/api/v1/{path}", data=body, headers=headers, method="POST")
            return self.call(request, body)

    def call(self, request: Request, body: BinaryIO | None = None) -> dict[str, Any]:
        """The answer; what may be over in a moment is tried again. Raises Failed."""
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept", "application/json")
        for attempt in range(1, TRIES + 1):
            if body:
                body.seek(0)
            wait = 2.0**attempt
            try:
                with self.opener.open(request, timeout=SECONDS) as answer:
                    told: dict[str, Any] = json.load(answer)
                    return told
            except HTTPError as no:
                failed = _failed(no)
                if no.code not in AGAIN:
                    raise failed from no
                wait = float(no.headers.get("Retry-After") or wait)
            except (URLError, OSError, ValueError) as down:
                failed = Failed(DOWN, f"{self.origin} does not answer: {getattr(down, 'reason', down)}")
            if attempt < TRIES:
                time.sleep(min(wait, LONGEST_WAIT))
        raise failed


def _written(body: BinaryIO, boundary: str, fields: list[tuple[str, str]], file: Path) -> int:
    """multipart/form-data into `body`. Answers how long it is."""
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body.write(f"{head}{value}\r\n".encode())
    called = file.name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{called}"\r\n'
    body.write(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode())
    with file.open("rb") as content:
        while chunk := content.read(1 << 20):
            body.write(chunk)
    body.write(f"\r\n--{boundary}--\r\n".encode())
    return body.tell()


def _failed(no: HTTPError) -> Failed:
    """What a refusal says (RFC 9457), or its status where it says nothing."""
    try:
        told = json.loads(no.read())
    except (OSError, ValueError):
        told = {}
    if not isinstance(told, dict):
        told = {}
    lines = [str(told.get("detail") or f"The portal answers {no.code} {no.reason}")]
    lines += [f"  {field}: {' '.join(reasons)}" for field, reasons in told.get("errors", {}).items()]
    code = CLOSED if no.code in (401, 403) else DOWN if no.code in AGAIN else REFUSED
    return Failed(code, "\n".join(lines))


def items(portal: Portal, asked: argparse.Namespace) -> int:
    narrowed = [(name, getattr(asked, name)) for name in ("turn", "kind", "solution") if getattr(asked, name)]
    found = list(portal.rows("items/", narrowed))
    overdue = [one for one in found if one["is_overdue"]]
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        for one in found:
            due = f"{'OVERDUE ' if one['is_overdue'] else ''}{(one['due'] or 'no day')[:10]}"
            print("\t".join((due, one["kind"], one["name"], one["note"], one["url"])))
        print(f"{len(found)} items, {len(overdue)} overdue", file=sys.stderr)
    return FOUND if (asked.fail_if_any and found) or (asked.fail_if_overdue and overdue) else DONE


def findings(portal: Portal, asked: argparse.Namespace) -> int:
    if wrong := [one for one in asked.filter if "=" not in one]:
        raise Failed(USAGE, f"{wrong[0]} is no filter: write name=value, as in the explorer's address.")
    narrowed = [(name, value) for name, _is, value in (one.partition("=") for one in asked.filter)]
    found = list(portal.rows("findings/", narrowed))
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        for one in found:
            print("\t".join((one["id"], one["severity"], one["status"], one["title"], one["resource_key"] or "")))
        print(f"{len(found)} findings", file=sys.stderr)
    return FOUND if asked.fail_if_any and found else DONE


def upload(portal: Portal, asked: argparse.Namespace) -> int:
    if not asked.file.is_file():
        raise Failed(USAGE, f"There is no file {asked.file}")
    said = {
        "kind": asked.kind,
        "title": asked.title,
        "note": asked.note,
        "effective_from": asked.since,
        "effective_to": asked.until,
        "solution": asked.solution,
        "confidentiality": asked.confidentiality,
    }
    fields = [(name, value) for name, value in said.items() if value]
    fields += [("controls", control) for control in asked.control]
    made = portal.send("evidence/add/", fields, asked.file, asked.key or str(uuid.uuid4()))
    print(json.dumps(made, indent=2) if asked.json else f"{made['id']}\tsha256:{made['sha256']}")
    return DONE


def load(portal: Portal, asked: argparse.Namespace) -> int:
    if missing := [str(one) for one in asked.file if not one.is_file()]:
        raise Failed(USAGE, f"There is no file {missing[0]}")
    fields = [("connection", asked.connection)] if asked.connection else []
    jobs = []
    for number, file in enumerate(asked.file, 1):
        key = f"{asked.key}/{number}" if asked.key else str(uuid.uuid4())
        jobs.append(portal.send("findings/load/", fields, file, key))
        if asked.wait:
            jobs[-1] = _ended(portal, jobs[-1])
        if not asked.json:
            print("\t".join(jobs[-1][name] for name in ("id", "state", "title", "step")), flush=True)
    if asked.json:
        print(json.dumps(jobs, indent=2))
    return FOUND if any(job["state"] in ("partly", "failed") for job in jobs) else DONE


def _ended(portal: Portal, job: dict[str, Any]) -> dict[str, Any]:
    while not (now := portal.row(f"jobs/{job['id']}/"))["finished_at"]:
        time.sleep(LOOK_EVERY)
    return now


def arguments() -> argparse.ArgumentParser:
    said = argparse.ArgumentParser(
        prog="portal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = said.add_subparsers(required=True, metavar="items | findings | upload | load")

    one = verbs.add_parser("items", help="what awaits you")
    one.add_argument("--turn", choices=["you", "others"], help="whose move it is; yours unless said")
    one.add_argument("--kind", help="findings, risk, action, decision, request, attestation, test or audit_finding")
    one.add_argument("--solution", help="of this solution alone: S-1")
    one.add_argument("--fail-if-any", action="store_true", help="exit with 1 where there is any")
    one.add_argument("--fail-if-overdue", action="store_true", help="exit with 1 where one is overdue")
    one.set_defaults(act=items)

    one = verbs.add_parser("findings", help="findings, worst first")
    one.add_argument("filter", nargs="*", help="name=value, as in the explorer's address")
    one.add_argument("--fail-if-any", action="store_true", help="exit with 1 where there is any")
    one.set_defaults(act=findings)

    one = verbs.add_parser("upload", help="evidence for the locker")
    one.add_argument("file", type=Path)
    one.add_argument("--title", required=True)
    one.add_argument("--kind", default="document", help="as on the page; document unless said")
    one.add_argument("--from", dest="since", required=True, metavar="MOMENT", help="2026-01-01T00:00Z: of which period")
    one.add_argument("--to", dest="until", required=True, metavar="MOMENT", help="the first moment after it")
    one.add_argument("--control", action="append", default=[], help="that it shows something of: CT-1; any number")
    one.add_argument("--solution", help="S-1")
    one.add_argument("--note")
    one.add_argument("--confidentiality", help="as on the page; internal unless said")
    one.add_argument("--key", help="name of this run (Idempotency-Key): who sends it again within a day adds nothing")
    one.set_defaults(act=upload)

    one = verbs.add_parser("load", help="exported findings: a JSON array, JSON lines or GetFindings, also gzip")
    one.add_argument("file", type=Path, nargs="+")
    one.add_argument("--connection", help="C-1: that they belong to; needed where there are several")
    one.add_argument(
        "--wait", action="store_true", help="until each is loaded; exit with 1 where any is not, or in part"
    )
    one.add_argument("--key", help="name of this run (Idempotency-Key): who sends it again within a day loads nothing")
    one.set_defaults(act=load)

    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="print what the API answers")
    return said


def main(words: list[str] | None = None) -> int:
    asked = arguments().parse_args(words)
    address, token = os.environ.get("PORTAL_ADDRESS", ""), os.environ.get("PORTAL_TOKEN", "")
    try:
        if file := os.environ.get("PORTAL_TOKEN_FILE"):
            token = Path(file).read_text(encoding="utf-8")
        if not address or not token.strip():
            raise Failed(USAGE, "Set PORTAL_ADDRESS, and PORTAL_TOKEN or PORTAL_TOKEN_FILE.")
        code: int = asked.act(Portal(address, token.strip()), asked)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return failed.code
    except OSError as trouble:
        print(trouble, file=sys.stderr)
        return USAGE
    return code


if __name__ == "__main__":
    sys.exit(main())
