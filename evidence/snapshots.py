"""Automatic evidence: what the live checks of each control said at the end of each step of its frequency.

The rows are the work: what has no snapshot yet of the step that ended last is due. One transaction for each control and
solution, so that a worker may be killed anywhere and another one goes on. An older step that was missed stays so.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from controls.live import checks_named
from controls.mapped import mapped_of_controls
from controls.models import Control
from controls.past import as_they_were
from evidence.capturing import Source, capture
from evidence.models import Evidence, Snapshot
from evidence.snapshot_file import Moved, Shown, SnapshotFile, Subject, api_of
from evidence.steps import Step, last_step
from organisation.models import Solution

log = structlog.get_logger(__name__)

SETTLES = timedelta(hours=1)
"""After the end of a step: what AWS said until then has been read."""
LONGEST = 240.0
"""Seconds of one round; the next one goes on."""
MEDIA_TYPE = "application/gzip"


def take_due(*, most: int | None = None) -> int:
    """Take the snapshots that are due, for a while, at most so many. How many were taken."""
    began, taken = time.monotonic(), 0
    for subject in due(clock.now()):
        if time.monotonic() - began > LONGEST or (most is not None and taken >= most):
            break
        try:
            taken += take(subject) is not None
        except Moved:
            log.info("snapshot.moved", control=subject.control.public_id)
        except Exception as error:
            log.exception("snapshot.failed", control=subject.control.public_id, error=type(error).__name__)
    return taken


def due(at: datetime) -> Iterator[Subject]:
    """Of every control in use with live checks, in each solution that it is asked of, of the step that ended last."""
    by_step: dict[Step, list[Control]] = defaultdict(list)
    for control in Control.objects.in_use(at).order_by("pk"):
        by_step[last_step(control.frequency, at)].append(control)
    for step, controls in sorted(by_step.items(), key=lambda one: (one[0].last, one[0].first)):
        if step.end + SETTLES <= at:
            yield from _due(step, controls)


def _due(step: Step, controls: list[Control]) -> Iterator[Subject]:
    """As mappings and scopes were at the end of the step. A fixed number of queries."""
    mapped = mapped_of_controls([one.pk for one in controls], step.end)
    observed = checks_named(mapped.names.values())
    solutions = {one.pk: one for one in Solution.objects.added_by(step.end).in_use(step.end).order_by("pk")}
    taken = set(
        Snapshot.objects.filter(control__in=controls, period_from=step.begin).values_list("control", "solution")
    )
    asked = [one for one in controls if one.pk in mapped.promises and mapped.of_controls.get(one.pk)]
    for control in as_they_were(asked, step.end):
        named = [(mapped.names[check], link) for check, link in mapped.of_controls[control.pk].items()]
        shown = tuple(Shown(name, link, observed[name]) for name, link in sorted(named, key=lambda one: one[0]))
        operator = mapped.promises[control.pk].solution
        everywhere: list[int | None] = [*solutions] or [None]
        for place in everywhere if operator is None else [operator]:
            if (control.pk, place) not in taken and (place is None or place in solutions):
                yield Subject(control, solutions[place] if place else None, step, shown)


@transaction.atomic
def take(subject: Subject) -> Snapshot | None:
    """One snapshot; None where it is there already, or another worker is at it. Raises Moved."""
    if not _claimed(subject):
        return None
    file = SnapshotFile(subject, clock.now())
    found, complete = file.counts, file.reach.is_complete
    control, solution, step = subject.control, subject.solution, subject.step
    evidence = capture(
        file.content(),
        kind=Evidence.Kind.SNAPSHOT,
        title=title_of(subject),
        note=note_of(file),
        file_name=f"{control.public_id}{f' {solution.public_id}' if solution else ''} {step.last}.jsonl.gz",
        effective_from=step.begin,
        effective_to=step.end,
        by=None,
        solution=solution,
        source=source_of(file),
        controls=[control],
        media_type=MEDIA_TYPE,
    )
    figures = {
        "population": found.population, "passing": found.passing, "failing": found.failing,
        "accepted": found.accepted, "unknown": found.unknown, "is_complete": complete,
    }  # fmt: skip
    made = Snapshot.objects.create(
        evidence=evidence,
        control_id=control.pk,
        solution=solution,
        period_from=step.begin,
        period_to=step.end,
        **figures,
    )
    period = {"period_from": step.begin.isoformat(), "period_to": step.end.isoformat()}
    trail.record("evidence", "evidence.snapshot_taken", evidence, control=control.public_id, **period, **figures)
    return made


def _claimed(subject: Subject) -> bool:
    """Until the transaction ends nobody else takes this one, and nobody has taken it before."""
    control, solution, begin = subject.control, subject.solution, subject.step.begin
    name = f"{control.public_id} {solution.public_id if solution else '-'} {begin.isoformat()}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('evidence.snapshot'), hashtext(%s))", [name])
        if not cursor.fetchone()[0]:
            return False
    return not Snapshot.objects.filter(control=control.pk, solution=solution, period_from=begin).exists()


def source_of(file: SnapshotFile) -> Source:
    """The calls, and the reading that confirmed what was so: who called, where, and which run it was."""
    api = api_of({place.scope.source for place in file.reach.places})
    if not file.runs:
        return Source(api=api)
    run = file.runs[-1]
    return Source(api=api, account=run.scope.account, arn=run.caller, run=run.public_id)


def title_of(subject: Subject) -> str:
    step = subject.step
    days = date_format(step.last, "j M Y")
    if step.first != step.last:
        days = f"{date_format(step.first, 'j M Y')} – {days}"
    place = f", {subject.solution.name}" if subject.solution else ""
    ends = f"{place[:80]}, {days}"
    return f"{subject.control.name[: 200 - len(ends)]}{ends}"


def note_of(file: SnapshotFile) -> str:
    """The figures in words, whether the reading was complete, and what of the file is shortened."""
    found, reach = file.counts, file.reach
    said = [
        _(
            "%(population)d pairs of check and resource: %(passing)d pass, %(failing)d fail, "
            "%(accepted)d fail under an exception, %(unknown)d are unknown."
        )
        % {**vars(found), "population": found.population}
    ]
    if not reach.places:
        said.append(_("Nothing was read where it lives."))
    elif reach.is_complete:
        said.append(_("Every place was read without a gap."))
    else:
        told = {"gaps": reach.gaps, "places": len(reach.places)}
        said.append(
            ngettext(
                "%(gaps)d of %(places)d place could not be spoken for all the time; the file says when and why.",
                "%(gaps)d of %(places)d places could not be spoken for all the time; the file says when and why.",
                reach.gaps,
            )
            % told
        )
    if found.population > file.most:
        said.append(
            _("The file holds the first %(most)d raw records, failures first, and the SHA-256 of every one.")
            % {"most": file.most}
        )
    return " ".join(said)
