"""`python -m embedded run -- COMMAND`, `serve --folder F` and `remove --folder F`."""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from embedded import CannotStart, remove, serving

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a name of its own
ROOM = 4 * 2**30
"""Bytes. Tests take a few hundred million."""


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    try:
        match arguments.action:
            case "run":
                return _run(arguments.command, arguments.folder)
            case "serve":
                return _serve(arguments.folder)
            case _:
                remove(arguments.folder)
                return 0
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="run a command with DATABASE_URL and REDIS_URL set, then stop both")
    run.add_argument("--folder", type=Path, help="keep the data here; by default a temporary folder")
    run.add_argument("command", nargs="+")
    serve = actions.add_parser("serve", help="run both servers until Ctrl-C and print their addresses")
    serve.add_argument("--folder", type=Path, required=True)
    removing = actions.add_parser("remove", help="stop what a crashed run left behind and delete the data")
    removing.add_argument("--folder", type=Path, required=True)
    return parser.parse_args()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _stay(number: int, frame: FrameType | None) -> None:
    """Ctrl-C reaches the command too; we wait for it to end. Not SIG_IGN, which a command would inherit."""


def _run(command: list[str], folder: Path | None) -> int:
    with _folder(folder) as chosen, serving(chosen, durable=folder is not None) as servers:
        signal.signal(signal.SIGINT, _stay)
        try:
            child = subprocess.Popen(command, env=os.environ | servers.environment)
        except OSError as problem:
            raise CannotStart(f"{command[0]} cannot be run: {problem.strerror}") from problem
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
        code = child.wait()
        return code if code >= 0 else 128 - code


def _serve(folder: Path) -> int:
    with serving(folder, durable=True) as servers:
        for name, value in servers.environment.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        signal.pause()
    return 0


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="portal-", dir=_in_memory(), ignore_cleanup_errors=True) as made:
        yield Path(made)


def _in_memory() -> Path | None:
    """Where data that nobody keeps lies in memory, if there is plenty of it.

    Tests make and drop databases of a thousand files each. To make a file, ext4 without a journal passes over
    all those that were deleted in the last minutes: soon a second for each database.
    """
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


if __name__ == "__main__":
    sys.exit(main())
