"""A worker that dies where it is told to: it forks for each pack, as Celery's do, and the fork is killed by SIGKILL.

Asked line by line on its standard input, as JSON; answers how each fork ended, as subprocess has it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import django
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db import connection, connections


@dataclass(frozen=True)
class Death:
    """saving: in the middle of the file whose name begins so. opening: when so many files of the storage were opened.

    statement: of the first statement that begins so, `then` statements later: 0 is before it is said, 1 after it, 2
    after the one that follows.
    """

    saving: str = ""
    opening: int = 0
    statement: str = ""
    then: int = 0

    def arrange(self) -> None:
        if self.saving:
            FileSystemStorage._save = self._half(FileSystemStorage._save)  # type: ignore[attr-defined]
        if self.opening:
            FileSystemStorage._open = self._counted(FileSystemStorage._open)  # type: ignore[attr-defined]
        if self.statement:
            connection.execute_wrappers.append(self._watch())

    def _half(self, save: Callable[..., str]) -> Callable[..., str]:
        def saved(storage: Any, name: str, content: Any) -> str:
            return save(storage, name, Half(content) if Path(name).name.startswith(self.saving) else content)

        return saved

    def _counted(self, open_: Callable[..., Any]) -> Callable[..., Any]:
        left = self.opening

        def opened(*told: Any) -> Any:
            nonlocal left
            left -= 1
            return open_(*told) if left else die()

        return opened

    def _watch(self) -> Callable[..., Any]:
        left: int | None = None

        def said(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
            nonlocal left
            if left is None and sql.startswith(self.statement):
                left = self.then
            if left is not None:
                if not left:
                    die()
                left -= 1
            return execute(sql, *more)

        return said


class Half(File):
    """Blocks, of which the first is written by half."""

    def __init__(self, content: Any) -> None:
        super().__init__(None)
        self._content = content

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        block = next(iter(self._content.chunks()))
        yield block[: len(block) // 2]
        die()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def make(pack: int, death: Death) -> int:
    """How the fork ended: 0, or the signal as a negative number."""
    from assurance.pack import making

    connections.close_all()
    child = os.fork()
    if not child:
        death.arrange()
        making.run(pack)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_line(pack: int, death: Death) -> str:
    return json.dumps([pack, asdict(death)])


def main() -> None:
    django.setup()
    for line in sys.stdin:
        pack, death = json.loads(line)
        print(make(pack, Death(**death)), flush=True)


if __name__ == "__main__":
    main()
