"""Both servers together, for one folder and one owner at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded import place, postgres, valkey
from embedded.errors import CannotStart


@dataclass(frozen=True)
class Servers:
    """Where the servers listen."""

    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def serving(
    folder: Path, *, durable: bool, given: Mapping[str, str] = os.environ, logs: Path | None = None
) -> Iterator[Servers]:
    """Run PostgreSQL and Valkey on FOLDER until the block ends.

    durable: whether the data must survive a power cut. given: DATABASE_URL and REDIS_URL found here are
    used instead of starting that server. logs: where the logs go, by default FOLDER/logs.
    Raises CannotStart, also when another living run of ours uses FOLDER.
    """
    logs = logs or folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        database_url, redis_url = given.get("DATABASE_URL", ""), given.get("REDIS_URL", "")
        if not (database_url and redis_url):
            stack.enter_context(owning(folder))
            home = place.find(folder)
        if not database_url:
            database_url = stack.enter_context(postgres.serving(home, logs / "postgres.log", durable=durable))
        if not redis_url:
            redis_url = stack.enter_context(valkey.serving(home, logs / "valkey.log", durable=durable))
        yield Servers(database_url, redis_url)


@contextmanager
def owning(folder: Path) -> Iterator[None]:
    """Hold FOLDER for this process; the kernel lets go of it however we end."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "owner").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CannotStart(f"{folder} is in use by process {file.read().strip()}: stop it first.") from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def remove(folder: Path) -> None:
    """Stop what a crashed run left on FOLDER and delete its data, wherever it had to be put."""
    if not folder.exists():
        return
    with owning(folder):
        for data in place.possible(folder):
            postgres.stop_leftover(data / "postgres")
            valkey.stop_leftover(data / "valkey")
        place.forget(folder)
        shutil.rmtree(folder)
