"""Exports: asked for by a person, made at once or by a worker, kept for a while, and on the trail.

A short list is sent as it is read. A longer one is a job: a worker writes the file to the storage
"exports" and tells whoever asked; the file is theirs alone, and beat removes it when its time is over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import IO, Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import connection, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.moment import Moment
from desk.models import Job
from desk.notices import notify
from findings import spreadsheet
from findings.coverage_figures import CoverageFigures, coverage
from findings.explore import ORDERS, FindingFilter
from findings.export_rows import COLUMNS, Rows
from findings.models import Export
from findings.parameters import PARAMETERS
from organisation.models import User, Visibility

log = structlog.get_logger(__name__)
KIND = "export"
MOST_IN_A_WORKBOOK = 100_000
SUFFIXES = {Export.Form.CSV: "csv", Export.Form.JSON_LINES: "jsonl", Export.Form.XLSX: "xlsx"}
TYPES = {
    Export.Form.CSV: "text/csv; charset=utf-8",
    Export.Form.JSON_LINES: "application/x-ndjson",
    Export.Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TELL_EVERY = 20_000
"""Rows between two words about how far a job is."""
FORGOTTEN_AFTER = timedelta(minutes=2)
"""An export that was not begun for so long is handed to the workers again."""


class CannotExport(Exception):
    """Why this list cannot be taken away in this form, and what to do instead."""


def storage() -> Storage:
    return storages["exports"]


def drawn_up(query: QueryDict, form: str, moment: Moment, *, by: User) -> Export:
    """What an export of this address would be, not kept yet. Raises CannotExport."""
    if form not in Export.Form.values:
        raise CannotExport(_("There is no such form: choose CSV, JSON lines or Excel."))
    asked = FindingFilter.of(query, by)
    if asked.errors:
        raise CannotExport(_("This filter cannot be read, so there is nothing to export. Correct it on the list."))
    kept = query.copy()
    for name in ("form", "cursor", "columns"):
        kept.pop(name, None)
    made = Export(
        requested_by=by,
        requested_at=clock.now(),
        form=form,
        query=kept.urlencode(),
        at=moment.at,
        known_at=moment.known_at,
        is_now=moment.is_now,
        filters=_in_words(asked),
        coverage=_coverage_in_words(coverage(by, moment, "")),
        solutions=_seen_by(by),
        rows=asked.spans(by, moment).order_by().count(),
    )
    if form == Export.Form.XLSX and made.rows > MOST_IN_A_WORKBOOK:
        raise CannotExport(
            _("A workbook holds %(most)s findings at most, and this list has %(n)s. Narrow it, or take CSV instead.")
            % {"most": f"{MOST_IN_A_WORKBOOK:,}", "n": f"{made.rows:,}"}
        )
    return made


def is_short(export: Export) -> bool:
    """Whether it is sent at once, without a job."""
    return export.rows <= settings.EXPORT_AT_ONCE


@transaction.atomic
def ask(export: Export, enqueue: Callable[[int], object]) -> Export:
    """Keep a drawn-up export and put it on the trail; a long one becomes a job that `enqueue` hands to a worker."""
    export.save()
    by = export.requested_by
    if not is_short(export):
        export.job = Job.objects.create(
            kind=KIND,
            subject=export.public_id,
            url=reverse("findings:export_page", args=[export.public_id]),
            title=_("Export %(n)s findings as %(form)s") % {"n": f"{export.rows:,}", "form": export.get_form_display()},
            requested_by=by,
            requested_at=export.requested_at,
        )
        export.save(update_fields=["job"])
        transaction.on_commit(lambda: enqueue(export.pk), robust=True)
    trail.record(
        by, "findings.exported", export,
        form=export.form, filters=export.filters, query=export.query, rows=export.rows,
        as_of=export.at.isoformat(), known_at=export.known_at.isoformat(),
    )  # fmt: skip
    return export


def content(export: Export) -> Iterator[bytes]:
    """The file in blocks."""
    rows = _rows(export)
    if export.form != Export.Form.XLSX:
        yield from _blocks(export, rows)
        return
    with tempfile.TemporaryFile() as file:
        _write_workbook(export, rows, file)
        file.seek(0)
        while block := file.read(1 << 16):
            yield block


def run(export_id: int) -> None:
    """Make the file of an export. Does nothing where another worker makes it, or it is made."""
    with _by_itself(export_id) as tell:
        if tell is None:
            return
        export = Export.objects.select_related("job", "requested_by").get(pk=export_id)
        job = export.job
        if job is None or job.is_finished:
            return
        job.begin(total=export.rows, step=_("Writing the file"))
        try:
            _make(export, tell)
        except Exception as error:
            log.exception("export.failed", export=export.public_id)
            with suppress(OSError):
                storage().delete(_stored_as(export))
            job.finish(
                Job.State.FAILED, step=_("It failed (%(why)s). Ask for it again.") % {"why": type(error).__name__}
            )
            return
        told = {"n": f"{export.rows:,}", "id": export.public_id}
        with transaction.atomic():
            job.finish(Job.State.DONE, step=_("%(n)s findings written") % told)
            words = _("Your export %(id)s is ready: %(n)s findings.") % told
            notify(export.requested_by, KIND, words, url=job.url, subject=export.public_id)


def forget_old() -> list[int]:
    """Remove the files whose time is over; returns the exports that no worker has begun, to be handed out again."""
    at = clock.now()
    for export in Export.objects.filter(kept_until__lt=at).exclude(file=""):
        storage().delete(export.file)
        Export.objects.filter(pk=export.pk).update(file="")
    waiting = Export.objects.filter(job__in=Job.objects.unfinished(), requested_at__lt=at - FORGOTTEN_AFTER)
    return list(waiting.values_list("pk", flat=True))


def _rows(export: Export) -> Rows:
    """The rows as the explorer lists them to whoever asked, today."""
    query = QueryDict(export.query)
    by = export.requested_by
    by.through = query.get("line", "")
    with timezone.override(ZoneInfo(by.time_zone)):  # the days of its filter are the reader's
        asked = FindingFilter.of(query, by)
    return Rows(asked.spans(by, export.moment).order_by(*ORDERS[asked.order]), by, export.at)


def _blocks(export: Export, rows: Rows) -> Generator[bytes]:
    return rows.csv() if export.form == Export.Form.CSV else rows.json_lines()


def _stored_as(export: Export) -> str:
    return f"{export.public_id}.{SUFFIXES[Export.Form(export.form)]}"


def _seen_by(user: User) -> list[int] | None:
    seen = Visibility.of(user)
    return None if seen.everything else sorted(seen.solutions)


def _make(export: Export, tell: Callable[[int], None]) -> None:
    if export.is_now:
        export.at = export.known_at = clock.now()
    rows, name = _rows(export), _stored_as(export)
    export.solutions = _seen_by(export.requested_by)
    storage().delete(name)
    if export.form == Export.Form.XLSX:
        with tempfile.TemporaryFile() as file:
            _write_workbook(export, rows, file)
            export.file = storage().save(name, File(file))
    else:
        with closing(_blocks(export, rows)) as blocks:
            export.file = storage().save(name, _Blocks(_told(blocks, tell)))
    export.rows, export.size = rows.written, storage().size(export.file)
    export.kept_until = clock.now() + timedelta(hours=settings.EXPORT_KEPT_HOURS)
    export.save()


def _told(blocks: Iterator[bytes], tell: Callable[[int], None]) -> Iterator[bytes]:
    """The same blocks, with a word now and then about how many lines they were."""
    written = told = 0
    for block in blocks:
        written += block.count(b"\n")
        if written - told >= TELL_EVERY:
            told = written
            tell(written)
        yield block


def _write_workbook(export: Export, rows: Rows, file: IO[bytes]) -> None:
    with transaction.atomic(), closing(rows.values()) as values:
        spreadsheet.write(file, about(export), [column.name for column in COLUMNS], values)


class _Blocks(File):  # type: ignore[type-arg]
    """A file that is written as it is made."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__(None)
        self._blocks = blocks

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return self._blocks


@contextmanager
def _by_itself(export_id: int) -> Iterator[Callable[[int], None] | None]:
    """How to tell the job's progress, on a connection beside the one that reads; None where another has the export.

    The lock ends with its connection, so that an export whose worker died can be made again.
    """
    aside = connection.copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('findings_export'), %s)", [export_id])
            (mine,) = cursor.fetchone()

            def tell(written: int) -> None:
                cursor.execute(
                    "UPDATE desk_job SET done = %s FROM findings_export e"
                    " WHERE e.id = %s AND desk_job.id = e.job_id AND desk_job.finished_at IS NULL",
                    [written, export_id],
                )

            yield tell if mine else None
    finally:
        aside.close()


def about(export: Export) -> dict[str, str]:
    """What the file is, for its first sheet and its page."""
    known = "" if export.is_now else _(" as known on %(at)s") % {"at": _stamp(export.known_at)}
    return {
        _("Findings as of"): f"{_stamp(export.at)}{known}",
        _("Filter"): export.filters,
        _("Rows"): f"{export.rows:,}",
        _("Coverage"): export.coverage,
        _("Exported by"): f"{export.requested_by.name} ({export.requested_by.public_id})",
        _("Exported at"): _stamp(export.requested_at),
        _("Export"): export.public_id,
    }


def _stamp(moment: datetime) -> str:
    return _("%(moment)s UTC") % {"moment": date_format(moment, "d F Y, H:i")}


def file_name(export: Export) -> str:
    """What the file is, in its name: as of when, how many rows, how fresh, who, and the filter."""
    asked = FindingFilter.of(QueryDict(export.query), export.requested_by)
    narrowed = [f"{name}-{'+'.join(asked.given[name])}" for name in asked.given if name in PARAMETERS]
    parts = [
        "findings",
        f"as-of-{export.at:%Y%m%dT%H%MZ}",
        f"{export.rows}-rows",
        export.coverage.split(",")[0].replace(" %", "pct"),
        export.requested_by.public_id,
        *narrowed,
    ]
    text = "_".join(parts)
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-+_.") else "-" for letter in text)
    return f"{plain[:150]}.{SUFFIXES[Export.Form(export.form)]}"


def _in_words(asked: FindingFilter) -> str:
    parts = [
        f"{PARAMETERS[name].label}: {', '.join(values)}" for name, values in asked.given.items() if name in PARAMETERS
    ]
    return "; ".join(parts) or _("everything that is active and counted")


def _coverage_in_words(figures: CoverageFigures) -> str:
    if figures.fresh is None:
        return _("nothing observed")
    parts: list[Any] = [_("fresh %(share).0f %%") % {"share": figures.fresh}]
    if figures.stale:
        parts.append(_("stale %(share).0f %%") % {"share": figures.stale})
    return ", ".join([*parts, *(gap["words"] for gap in figures.gaps)])
