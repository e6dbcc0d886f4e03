"""`python -m demo` brings the demo up; `python -m demo reset` forgets it."""

import os
import signal
import sys
from types import FrameType

from django.core.management import CommandError

from demo.console import Console
from demo.environment import Choices
from demo.run import reset, run
from demo.supervisor import ProcessEndedError
from embedded import CannotStart


def main(arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        choices = Choices.of(os.environ)
        match arguments:
            case []:
                run(choices, Console())
            case ["reset"]:
                reset(choices, Console())
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (CannotStart, ProcessEndedError, CommandError) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
