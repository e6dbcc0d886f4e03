"""The items that a test is about: read from the live history, or from a list that somebody brings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from assurance.configurations import configurations
from assurance.models import ControlTest, Population
from audit.moment import Moment
from controls.imports import refusals, rows
from controls.imports.content import check_size, check_workbook, is_zip, text_of
from controls.live import checks_named
from controls.mapped import mapped_of_controls
from findings.models import Check, Finding, FindingSpan, Status
from risks.exchange.cells import clean, unguarded
from risks.refusals import Refused

Source = Population.Source
MOST = 200_000
"""Items of one population."""
STRATA = ("account", "region", "type", "status")
"""Fields of a line by which a stratified sample may be drawn."""
CHUNK = 2_000


@dataclass(frozen=True)
class Line:
    """One item. resource: its key in the inventory. status: what the checks said of it, where they did."""

    key: str
    label: str
    account: str = ""
    region: str = ""
    type: str = ""
    status: str = ""
    resource: str = ""

    def written(self) -> bytes:
        return orjson.dumps({name: said for name, said in asdict(self).items() if said}) + b"\n"


def read(raw: bytes) -> list[Line]:
    """The lines of a frozen population."""
    return [Line(**orjson.loads(line)) for line in raw.splitlines()]


@dataclass(frozen=True)
class Ground:
    """What a population is taken from. solutions, checks: keys. at: the last moment that is looked at."""

    test: ControlTest
    solutions: tuple[int, ...]
    checks: tuple[int, ...]
    begin: datetime
    at: datetime
    known_at: datetime

    @classmethod
    def of(cls, test: ControlTest, *, now: datetime) -> Ground:
        """Of the engagement's period as far as it is over."""
        about = test.engagement
        at = min(about.last_day, now)
        solutions = (test.solution_id,) if test.solution_id else tuple(about.solutions.values_list("pk", flat=True))
        return cls(test, solutions, tuple(checks_of(test.control_id, at)), about.about_from, at, now)

    @property
    def moment(self) -> Moment:
        return Moment.of(self.at, self.known_at)

    @property
    def spans(self) -> QuerySet[FindingSpan]:
        """What the checks say of the solutions' resources, whenever that was."""
        found = FindingSpan.objects.counted().filter(check_ran__in=self.checks)
        return found.filter(solutions__overlap=list(self.solutions)).exclude(status=Status.NOT_APPLICABLE).order_by()


def checks_of(control: int, at: datetime) -> list[int]:
    """Keys of the checks that the control had. Six queries."""
    mapped = mapped_of_controls([control], at)
    return sorted({key for found in checks_named(mapped.names.values()).values() for key in found})


def lines_of(ground: Ground, source: str, listed: bytes = b"") -> list[Line]:
    """In the order of their keys. listed: the file, of a list that is brought. Raises Refused."""
    made = {
        Source.RESOURCES: _resources,
        Source.CHECKS: _results,
        Source.CHANGES: _changes,
        Source.CONFIGURATIONS: _configurations,
    }
    found = list(listed_in(listed)) if source == Source.IMPORTED else list(made[Source(source)](ground))
    if not found:
        raise Refused(_("There is nothing in it: choose another source, or look at the period."), "source")
    if len(found) > MOST:
        words = _("It has more than %(most)s items: test one solution at a time, or bring a list of your own.")
        raise Refused(words % {"most": f"{MOST:,}"}, "source")
    return sorted(found, key=lambda line: line.key)


PLACE = ("finding__resource__key", "finding__resource__name", "finding__resource__type", "account", "region")


def _resources(ground: Ground) -> Iterator[Line]:
    """What the checks looked at, at the moment."""
    found: Any = ground.spans.filter(ground.moment.holds()).values(*PLACE)
    failing = Count("pk", filter=Q(status=Status.FAIL))
    for row in found.annotate(failing=failing)[: MOST + 1].iterator(chunk_size=CHUNK):
        yield _of(row, row["finding__resource__key"], status=Status.FAIL if row["failing"] else Status.PASS)


def _results(ground: Ground) -> Iterator[Line]:
    """Each check of each resource that was there in the period; fail where it failed at any time of it."""
    named = dict(Check.objects.filter(pk__in=ground.checks).values_list("pk", "key"))
    failing = Count("pk", filter=Q(status=Status.FAIL))
    found: Any = _in_period(ground).values("finding", "check_ran", *PLACE).annotate(failing=failing)
    for row in found[: MOST + 1].iterator(chunk_size=CHUNK):
        key = f"{Finding.public_prefix}-{row['finding']}"
        yield _of(row, key, before=named[row["check_ran"]], status=Status.FAIL if row["failing"] else Status.PASS)


def _changes(ground: Ground) -> Iterator[Line]:
    """Each time in the period that a check began to say something else of a resource."""
    named = dict(Check.objects.filter(pk__in=ground.checks).values_list("pk", "key"))
    begun = ground.spans.filter(superseded_at=None, valid_from__gte=ground.begin, valid_from__lte=ground.at)
    found: Any = begun.values("finding", "check_ran", "valid_from", "status", "pk", *PLACE)
    for row in found[: MOST + 1].iterator(chunk_size=CHUNK):
        at = row["valid_from"].isoformat(timespec="seconds")
        key = f"{Finding.public_prefix}-{row['finding']} {at} {row['pk']}"
        yield _of(row, key, before=f"{at[:16].replace('T', ' ')} {named[row['check_ran']]}", status=row["status"])


def _in_period(ground: Ground) -> QuerySet[FindingSpan]:
    lasted = Q(valid_to=None) | Q(valid_to__gt=ground.begin)
    return ground.spans.filter(lasted, superseded_at=None, valid_from__lte=ground.at)


def _of(row: dict[str, Any], key: str, *, status: str, before: str = "") -> Line:
    resource = row["finding__resource__key"] or ""
    name = row["finding__resource__name"] or resource
    return Line(
        key=key,
        label=f"{before}: {name}"[:500] if before else name[:500],
        account=row["account"],
        region=row["region"],
        type=row["finding__resource__type"] or "",
        status=str(status),
        resource=resource,
    )


def _configurations(ground: Ground) -> Iterator[Line]:
    """An automated control is tested once in each configuration that it had."""
    for one in configurations(ground.test.control, ground.begin, ground.at):
        label = _("From %(at)s: %(what)s") % {"at": f"{one.begin:%Y-%m-%d %H:%M} UTC", "what": one.what}
        yield Line(key=f"{one.begin.isoformat(timespec='seconds')} {one.sha256[:16]}", label=label[:500])


def listed_in(raw: bytes) -> Iterator[Line]:
    """A column Key, and if it likes Label, Account, Region and Type. Raises Refused at "file"."""
    try:
        yield from _listed(raw)
    except refusals.Refused as no:
        raise Refused(str(no), "file") from no


def _listed(raw: bytes) -> Iterator[Line]:
    check_size(raw)
    if is_zip(raw):
        check_workbook(raw)
        sheet, found = rows.of_workbook(raw, most=MOST)
    else:
        sheet, found = "", rows.of_csv(text_of(raw))
    at: dict[str, int] = {}
    seen: dict[str, int] = {}
    for number, cells in enumerate(found, 1):
        told = [clean(unguarded(cell)) for cell in cells]
        if number == 1:
            at = {head.strip().lower(): place for place, head in enumerate(told)}
            if "key" not in at:
                raise refusals.refused(_("The first row names no column “Key”."), rows.place(1, sheet=sheet))
            continue
        said = {name: told[at[name]] if name in at and at[name] < len(told) else "" for name in HEADS}
        key = said["key"]
        if not key and any(told):
            raise refusals.refused(_("This item has no key."), rows.place(number, at["key"], sheet=sheet))
        if key in seen:
            words = _("%(key)s stands in row %(row)d already.") % {"key": key[:80], "row": seen[key]}
            raise refusals.refused(words, rows.place(number, at["key"], sheet=sheet))
        if len(key) > 500:
            raise refusals.refused(_("A key has 500 letters at most."), rows.place(number, at["key"], sheet=sheet))
        if key:
            seen[key] = number
            yield Line(**{**said, "label": (said["label"] or key)[:500]})


HEADS = ("key", "label", "account", "region", "type")
