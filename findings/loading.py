"""Loading files of findings: the same merge as the sync, in windows, while the next one is being read.

A file tells what it lists and no more: nothing ends because a file does not list it, and nothing
older overwrites what is newer. It says nothing of AWS as it is now, and coverage says so.
"""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, repeat

import orjson
from django.db import connection as database
from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from findings import coverage, posture
from findings.by_turns import by_turns
from findings.connectors.asff import Rejected, staged
from findings.copies import places_of_config
from findings.finding_files import BrokenFile, FindingFile, Record, opened
from findings.leases import claim
from findings.loaded_places import LoadedPlaces, Window
from findings.merge import Ahead, refresh_statistics, turns
from findings.models import Connection, Scope, Source, SyncRun
from findings.parallel import PATIENCE, giving_way, short_turns
from findings.reading import Place, Reading, Row
from organisation.models import User

WINDOW = 5_000
"""Records of one transaction: with one merged, one staged, one waiting and one being read, a load takes 240 MB."""
FIRST = (1_000, 2_000)
"""Records of the first ones. The first of all teaches how records are packed, and each keeps the next one waiting."""
MOST = 4
"""Windows: with so many merged, what is still on its way is the smaller part."""
NEARLY_ALL = 0.9
"""What share of the last findings was new, for all of the next ones to be made ahead as if they were."""
LONGEST = 24 * 60
"""Minutes that a load may take before another worker may read what it fills."""
FILES = "Files"
"""The name of the connection that is made where files are loaded before there is any."""
Part = tuple[FindingFile, Window] | BrokenFile
Tell = Callable[[FindingFile, SyncRun], None]
"""Called after every window."""
Opening = Callable[[str], AbstractContextManager[FindingFile]]
"""Opens the file of a name. Raises BrokenFile."""


class CannotLoad(Exception):
    """Why nothing can be loaded now, in words."""


class Busy(CannotLoad):
    """Another worker reads what would be filled: it can be loaded later."""


@dataclass(frozen=True)
class Loader:
    """by: a person, or the process that loads. job_id: of the job that tells how far it is."""

    by: User | str
    job_id: int | None = None


def load(
    connection: Connection | None, names: Sequence[str], *, by: Loader, tell: Tell, opening: Opening = opened
) -> tuple[SyncRun | None, list[BrokenFile]]:
    """Merge these files into a connection, or into one made for files; returns the run, and which files broke.

    What was read before a file broke stays. No run: there was nothing to merge. Raises CannotLoad.
    """
    loading: _Loading | None = None
    broken: list[BrokenFile] = []
    covered = places_of_config(connection) if connection else set()
    making = _Making()

    def all_read() -> None:
        if loading is not None:
            loading.tell_planner()

    windows = map(making.made, _parts(names, covered, opening))
    try:
        with ExitStack() as under_way, _ahead(windows, then=all_read) as parts:
            for part in parts:
                if isinstance(part, BrokenFile):
                    broken.append(part)
                    continue
                file, window = part
                if loading is None:
                    loading = _Loading(connection or _made_for_files(window, by), names, by, until=under_way)
                loading.merge(window, file.name)
                making.learn(loading.reading.run)
                tell(file, loading.reading.run)
            if loading is not None:
                loading.wait()
    except BaseException as error:
        if loading is not None:
            loading.end(_("It was stopped (%(name)s).") % {"name": type(error).__name__})
        raise
    if loading is None:
        return None, broken
    loading.end(" ".join(map(str, broken)))
    return loading.reading.run, broken


def the_only_connection() -> Connection | None:
    """Where none is named: the only one, None where there is none yet. Raises CannotLoad where there are several."""
    connections = list(Connection.objects.all()[:2])
    if len(connections) > 1:
        raise CannotLoad(_("There is more than one connection: say which."))
    return connections[0] if connections else None


@transaction.atomic
def _made_for_files(window: Window, loader: Loader) -> Connection:
    """A connection that only files fill: switched off, so that no worker asks AWS for it. Raises CannotLoad."""
    if not window.evaluated:
        raise CannotLoad(_("No record at the beginning of the files is a finding, so they tell no account and region."))
    account, region = next(iter(window.evaluated))
    made = Connection.objects.create(
        name=FILES, hub_account=account, home_region=region, enabled=False, created_at=clock.now()
    )
    trail.record(loader.by, "connection.added", made, hub_account=account, home_region=region)
    return made


class _Loading:
    """Files on their way into one connection, under the lease of its hub's scope, until a block ends.

    Raises CannotLoad.
    """

    def __init__(self, connection: Connection, names: Sequence[str], loader: Loader, *, until: ExitStack) -> None:
        self._names, self._by = list(names), loader.by
        self.reading = _claimed(connection, loader.job_id)
        until.enter_context(self.reading.lease.renewed(minutes=LONGEST))
        self._by_turns = until.enter_context(by_turns(self.reading))
        self._places = LoadedPlaces(self.reading.scope)
        self._planner_knows = False

    def merge(self, window: Window, name: str) -> None:
        """Of a window that was made ahead, only the one before it is merged when this returns."""

        def begin() -> None:
            turns.take()
            self._places.begin(window, name)

        if window.made is None:
            self.wait()
            self.reading.merge(window.rows, before=begin)
        else:
            self._by_turns.give(window.rows, window.made, begin)

    def wait(self) -> None:
        """Until every window is merged."""
        self._by_turns.wait()

    def tell_planner(self) -> None:
        """All is read: while the last windows are merged, the planner is told of the others, where those are most."""
        if self.reading.run.read >= MOST * WINDOW:
            with closing(database):
                refresh_statistics()
            self._planner_knows = True

    def end(self, error: str) -> None:
        """Close the run and give the lease back; coverage and the trail tell what was loaded."""
        run = self.reading.run
        with self.reading.transaction() as at:
            if not error:
                self._places.end(self._names, at=at)
            posture.snapshot_day(at)
            if not self._planner_knows:
                refresh_statistics()
            self.reading.lease.release(due_at=self.reading.scope.due_at)
            run.close(SyncRun.State.FAILED if error else SyncRun.State.DONE, error, at=at)
            counts = {name: getattr(run, name) for name in ("read", "added", "changed", "set_aside")}
            trail.record(
                self._by, "findings.loaded", self.reading.connection,
                run=run.public_id, files=self._names, complete=not error, **counts,
            )  # fmt: skip


class _Making:
    """Where windows are read, all is made of them that needs no transaction, once the first has taught how."""

    def __init__(self) -> None:
        self._ahead: Ahead | None = None
        self._nearly_all_new, self._begun, self._first_merged = False, False, threading.Event()
        self._read, self._added = 0, 0

    def learn(self, run: SyncRun) -> None:
        """After a window is merged. Of findings that are known nothing is made: most of them stand as they are held."""
        if self._ahead is not None:
            self._ahead.learn()
        else:
            self._ahead = Ahead.of(Source.SECURITY_HUB)
        if run.read > self._read:
            self._nearly_all_new = run.added - self._added > NEARLY_ALL * (run.read - self._read)
            self._read, self._added = run.read, run.added
        self._first_merged.set()

    def made(self, part: Part) -> Part:
        """The second window waits for what the first has taught."""
        if isinstance(part, BrokenFile):
            return part
        if self._begun:
            self._first_merged.wait(PATIENCE)
        self._begun = True
        if self._ahead is not None and self._nearly_all_new:
            window = part[1]
            window.made = self._ahead.made(window.findings)
            window.made.hold_blocks_only()
            window.rows = list(window.set_aside)
        return part


def _claimed(connection: Connection, job_id: int | None) -> Reading:
    with transaction.atomic():
        at = clock.now()
        scope, made = Scope.objects.get_or_create(
            connection=connection,
            account=connection.hub_account,
            region=connection.home_region,
            source=Source.SECURITY_HUB,
            defaults={"since": at, "sweep_due": True, "due_at": at},
        )
        if made:
            coverage.found([scope], at=at)
    run = claim(scope.pk, SyncRun.Kind.LOAD, job_id)
    if run is None:
        raise Busy(_("%(name)s is being read just now. Load the files when that has ended.") % {"name": connection})
    return Reading.of(run)


def _parts(names: Sequence[str], covered: set[Place], opening: Opening) -> Iterator[Part]:
    """The files in windows. A file that breaks hands out what was read of it, then why it broke."""
    sizes = chain((min(size, WINDOW) for size in FIRST), repeat(WINDOW))
    for name in names:
        try:
            with opening(name) as file:
                yield from _windows(file, covered, sizes)
        except BrokenFile as error:
            yield error


def _windows(file: FindingFile, covered: set[Place], sizes: Iterator[int]) -> Iterator[Part]:
    """The file in windows. Raises BrokenFile, after what was read before."""
    window, why, size = Window(), None, next(sizes)
    try:
        for record in giving_way(file.records()):
            window.add(*_row(file.name, record, covered))
            if len(window.rows) >= size:
                yield file, window
                window, size = Window(), next(sizes)
    except BrokenFile as error:
        why = error
    if window.rows:
        yield file, window
    if why is not None:
        raise why


def _row(name: str, record: Record, covered: set[Place]) -> tuple[Row, str]:
    """The record as a finding or set aside, and the name it gives its account."""
    try:
        content = orjson.loads(record.body)
    except orjson.JSONDecodeError as error:
        return _rejected(name, record, _("It is no JSON (%(error)s).") % {"error": error}), ""
    if not isinstance(content, dict):
        return _rejected(name, record, _("It is no object.")), ""
    row = staged(content, covered_by_config=covered, raw=record.body)
    if isinstance(row, Rejected):
        return _rejected(name, record, row.reason, row.native_id), ""
    return row, str(content.get("AwsAccountName") or "")


def _rejected(name: str, record: Record, reason: str, native_id: str = "") -> Rejected:
    return Rejected(native_id, f"{name}, record {record.number:,}: {reason}", record.body)


@contextmanager
def _ahead(parts: Iterator[Part], *, then: Callable[[], None]) -> Iterator[Iterator[Part]]:
    """The same parts, each read by another thread while the one before it is merged. then: done there at the end.

    PostgreSQL merges in a process of its own, so that two processors are at work. Collecting
    garbage is put off: records make no cycles, and looking for them takes longer than reading.
    """
    waiting: queue.Queue[Part | BaseException | None] = queue.Queue(1)
    stopped = threading.Event()

    def put(thing: Part | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(thing, timeout=0.2)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for part in parts:
                put(part)
                if stopped.is_set():
                    return
            put(None)
            then()
        except Exception as error:  # raised again where the parts are merged
            put(error)

    def handed_over() -> Iterator[Part]:
        while (part := waiting.get()) is not None:
            if isinstance(part, BaseException) and not isinstance(part, BrokenFile):
                raise part
            yield part

    thread = threading.Thread(target=read, name="reading ahead", daemon=True)
    collecting = gc.isenabled()
    gc.disable()
    thread.start()
    try:
        with short_turns():
            yield handed_over()
    finally:
        stopped.set()
        thread.join()
        if collecting:
            gc.enable()
