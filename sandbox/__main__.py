"""python -m sandbox: serve an AWS endpoint until told to stop. python -m sandbox export: see sandbox/export.py."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox import export
from sandbox.journal import StateMismatchError
from sandbox.server import Sandbox
from sandbox.world.world import EXTERNAL_ID, REGIONS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="An AWS endpoint for the demo and the tests.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=5566, help="0 picks a free one")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--regions", default=",".join(REGIONS), help="the first is the home Region")
    parser.add_argument("--findings", type=int, default=20_000, help="about how many at the start")
    parser.add_argument("--days", type=float, default=60.0, help="of the estate's life that have passed already")
    parser.add_argument("--recheck-share", type=float, default=1 / 7, help="of unchanged checks evaluated a day")
    parser.add_argument("--change-share", type=float, default=0.01, help="of checks that change a day")
    parser.add_argument("--unconsolidated", action="store_true", help="begin with one finding per standard")
    parser.add_argument("--hub-role", default="compliance-portal-hub")
    parser.add_argument("--member-role", default="compliance-portal-member")
    parser.add_argument("--write-role", default="compliance-portal-write")
    parser.add_argument("--external-id", default=EXTERNAL_ID)
    parser.add_argument("--queue-name", default="compliance-portal-events")
    parser.add_argument("--clock-file", type=Path, help='JSON {"offset_seconds": s} shared with the portal')
    parser.add_argument("--state", type=Path, help="append-only file of what callers write")
    parser.add_argument("--rates", action="store_true", help="enforce AWS's published rates")
    return parser.parse_args()


def _sandbox(options: argparse.Namespace) -> Sandbox:
    return Sandbox(
        host=options.host,
        port=options.port,
        days=options.days,
        clock_file=options.clock_file,
        state=options.state,
        rates=options.rates,
        seed=options.seed,
        accounts=options.accounts,
        findings=options.findings,
        regions=[region.strip() for region in options.regions.split(",") if region.strip()],
        recheck_share=options.recheck_share,
        change_share=options.change_share,
        consolidated=not options.unconsolidated,
        hub_role=options.hub_role,
        member_role=options.member_role,
        write_role=options.write_role,
        external_id=options.external_id,
        queue_name=options.queue_name,
    )


def main() -> int:
    if sys.argv[1:2] == ["export"]:
        return export.main(sys.argv[2:])
    options = _arguments()
    try:
        sandbox = _sandbox(options)
    except (StateMismatchError, ValueError) as problem:
        print(f"sandbox: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        print(
            f"sandbox: port {options.port} on {options.host} is taken. Stop what listens there, or choose another "
            "with --port (0 picks a free one).",
            file=sys.stderr,
        )
        return 2

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=sandbox.stop).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    world = sandbox.world
    print(
        f"sandbox: listening on {sandbox.url} - {len(world.accounts)} accounts, {len(world.regions)} Regions, "
        f"{len(world.findings)} findings; hub account {world.hub.id}",
        flush=True,
    )
    sandbox.serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
