"""What the operator reads while the demo comes up: one line a step, quietly updated in place."""

import io
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 26  # of the step's name
QUIET = 10.0  # seconds between lines of one step where the output is no terminal

BAR = re.compile(r"^\[[#.]*\] +")  # a command's own progress bar; the words after it are enough
Say = Callable[[str], None]


class Console:
    def __init__(self, stream: io.TextIOBase | None = None) -> None:
        self.stream = stream or sys.stdout
        self.lively = self.stream.isatty()

    def line(self, text: str = "") -> None:
        print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[Say]:
        """A step that takes time; call what it yields with a few words of progress."""
        began = said_at = time.monotonic()

        def say(words: str) -> None:
            nonlocal said_at
            if self.lively:
                self._replace(f"  {name:<{WIDTH}}{words}")
            elif time.monotonic() - said_at > QUIET:
                said_at = time.monotonic()
                self.line(f"  {name:<{WIDTH}}{words}")

        say("…")
        try:
            yield say
        except BaseException:
            self._close(f"  {name:<{WIDTH}}not finished")
            raise
        self._close(f"  {name:<{WIDTH}}{time.monotonic() - began:.1f} s")

    def _close(self, text: str) -> None:
        if self.lively:
            self._replace("")
        self.line(text)

    def _replace(self, text: str) -> None:
        columns = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{text[:columns]}", end="", file=self.stream, flush=True)


class Lines(io.TextIOBase):
    """A stream that hands every complete line to SAY and keeps them all."""

    def __init__(self, say: Say = lambda words: None) -> None:
        self.say = say
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        if "\n" in text and (last := self.text.rstrip().rpartition("\n")[2].strip()):
            self.say(BAR.sub("", last))
        return len(text)
