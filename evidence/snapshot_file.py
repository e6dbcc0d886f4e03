"""The file of a snapshot: JSON, a thing a line, gzipped so that the same inputs are the same bytes.

What the lines are: docs/method.md#snapshots.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from django.conf import settings

from audit.moment import Moment
from controls.live import Named
from controls.mapped import Link
from controls.models import Control, Mapping
from evidence import software
from evidence.snapshot_coverage import Reach, reach, told
from evidence.snapshot_pairs import Counts, Pair, Pairs, counts, population, reading
from evidence.steps import Step
from findings.models import Check, ConfigRule, Source, SyncRun
from organisation.models import Solution

FORMAT = 1
GZIP = 31
"""Of zlib: with a header of gzip, which holds no time and no name."""
CONFIG_RULE = "AWS::Config::ConfigRule"


class Moved(Exception):
    """What was counted is not what was read: something was written meanwhile. Once more helps."""


@dataclass(frozen=True)
class Shown:
    """A check as a mapping names it. observed: keys of the checks that it stands for here."""

    named: Named
    link: Link
    observed: tuple[int, ...]


@dataclass(frozen=True)
class Subject:
    """What a snapshot is of. control: with the values that it had at the end of the step."""

    control: Control
    solution: Solution | None
    step: Step
    shown: tuple[Shown, ...]

    @property
    def checks(self) -> list[int]:
        return sorted({key for one in self.shown for key in one.observed})


class SnapshotFile:
    """What the checks of a subject said at the end of its step, as it is known at a moment."""

    def __init__(self, subject: Subject, known_at: datetime) -> None:
        self.subject = subject
        self.moment = Moment(at=subject.step.end, known_at=known_at)
        self._told: set[int] = set()
        self._rules: set[tuple[str, str, str]] = set()
        self._parameters: Counter[tuple[int, bytes]] = Counter()

    @cached_property
    def checks(self) -> list[Check]:
        return list(Check.objects.filter(pk__in=self.subject.checks).order_by("pk"))

    @cached_property
    def reach(self) -> Reach:
        sources = {check.source for check in self.checks} or {one.named[0] for one in self.subject.shown}
        return reach(sources, self.subject.solution, self.subject.step, self.moment)

    @cached_property
    def counts(self) -> Counts:
        return counts(self._spans)

    @cached_property
    def runs(self) -> list[SyncRun]:
        """The readings around the end of the step, of every place involved, the latest one last."""
        found = SyncRun.objects.filter(pk__in=self.reach.around.runs).select_related("scope")
        return sorted(found, key=lambda run: (run.started_at, run.pk))

    @property
    def most(self) -> int:
        """Records that are in the file as they came."""
        return int(settings.SNAPSHOT_MOST_RECORDS)

    @cached_property
    def _spans(self) -> Any:
        solution = self.subject.solution
        return population(self.subject.checks, solution.pk if solution else None, self.moment)

    def content(self) -> Iterator[bytes]:
        """The bytes of the file, in blocks. Raises Moved."""
        zipped = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        for line in self.lines():
            if block := zipped.compress(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)):
                yield block
        yield zipped.flush()

    def lines(self) -> Iterator[dict[str, Any]]:
        yield self._head()
        yield from self._shown()
        yield from (told(place) for place in self.reach.places)
        yield from self._readings(run.pk for run in self.runs)
        seen = embedded = 0
        for pairs in Pairs(self._spans, self.moment, self._readers()).chunks():
            yield from self._readings(pair.run for pair in pairs if pair.run)
            for pair in pairs:
                seen += 1
                raw = pair.record is not None and embedded < self.most
                embedded += raw
                yield self._pair(pair, raw=raw)
        yield from self._how_rules_were_set()
        yield from self._how_controls_were_set()
        if seen != self.counts.population:
            raise Moved
        yield {"line": "end", "pairs": seen, "raw_records": embedded}

    def _head(self) -> dict[str, Any]:
        control, solution, step, found = self.subject.control, self.subject.solution, self.subject.step, self.counts
        return {
            "line": "snapshot", "format": FORMAT, "software": software.version(),
            "control": {
                "id": control.public_id, "name": control.name, "objective": control.objective,
                "frequency": control.frequency,
            },
            "solution": {"id": solution.public_id, "name": solution.name} if solution else None,
            "period_from": step.begin.isoformat(), "period_to": step.end.isoformat(), "zone": settings.TIME_ZONE,
            "as_of": self.moment.at.isoformat(), "known_at": self.moment.known_at.isoformat(),
            "population": found.population, "passing": found.passing, "failing": found.failing,
            "accepted": found.accepted, "unknown": found.unknown, "not_applicable": found.not_applicable,
            "complete": self.reach.is_complete, "places": len(self.reach.places), "places_with_gaps": self.reach.gaps,
            "most_raw_records": self.most,
            "raw_records": "The first ones, failures first; every pair has the SHA-256 of its record.",
            "request_ids": "AWS's own, the first 200 of each reading; `calls` says how many there were.",
        }  # fmt: skip

    def _shown(self) -> Iterator[dict[str, Any]]:
        """What mappings name, and what that stands for here."""
        checks = {check.pk: check for check in self.checks}
        for one in self.subject.shown:
            source, key = one.named
            mappings = [f"{Mapping.public_prefix}-{mapping}" for mapping in sorted(one.link.mappings)]
            observed = [
                {"id": found.public_id, "source": found.source, "key": found.key, "title": found.title}
                for check in one.observed
                if (found := checks.get(check))
            ]
            yield {
                "line": "check", "source": source, "key": key, "relation": one.link.relation, "mappings": mappings,
                "observed": observed,
            }  # fmt: skip

    def _readers(self) -> dict[tuple[int, str, str, str], int]:
        return {
            (one.scope.connection_id, one.scope.account, one.scope.region, one.scope.source): one.reader
            for one in self.reach.places
        }

    def _readings(self, runs: Iterable[int]) -> Iterator[dict[str, Any]]:
        """Each reading once, before the first pair that it brought."""
        if new := set(runs) - self._told:
            self._told |= new
            for run in SyncRun.objects.filter(pk__in=new).select_related("scope").order_by("pk"):
                yield reading(run)

    def _pair(self, pair: Pair, *, raw: bool) -> dict[str, Any]:
        row, record = pair.row, pair.record
        held = None
        if record:
            self._note_how_it_was_set(row, record.body)
            held = {
                "captured_at": record.captured_at.isoformat(), "sha256": record.sha256,
                "captured_later": record.later, "told_at": record.told_at.isoformat() if record.told_at else None,
                "run": f"{SyncRun.public_prefix}-{pair.run}" if pair.run else None,
            }  # fmt: skip
        said = {
            "line": "pair", "finding": f"F-{row['finding_id']}",
            "check": f"{Check.public_prefix}-{row['check_ran_id']}",
            "status": row["status"], "exception": row["exception"], "aws_status": row["compliance_status"],
            "workflow": row["workflow"], "since": row["status_since"].isoformat(),
            "valid_from": row["valid_from"].isoformat(), "recorded_at": row["recorded_at"].isoformat(),
            "account": row["account"], "region": row["region"], "aws_id": row["finding__native_id"],
            "resource": {
                "key": row["finding__resource__key"], "type": row["finding__resource__type"],
                "name": row["finding__resource__name"],
            },
            "record": held,
        }  # fmt: skip
        return {**said, "raw": record.body.decode()} if raw and record else said

    def _note_how_it_was_set(self, row: dict[str, Any], body: bytes) -> None:
        """By which rule, and with which parameters, a pair was judged."""
        name = row["finding__rule_name"]
        if row["finding__source"] == Source.SECURITY_HUB:
            said = orjson.loads(body)
            fields = said.get("ProductFields") or {}
            if fields.get("RelatedAWSResources:0/type") == CONFIG_RULE:
                name = fields.get("RelatedAWSResources:0/name", "")
            if parameters := (said.get("Compliance") or {}).get("SecurityControlParameters"):
                self._parameters[row["check_ran_id"], orjson.dumps(parameters)] += 1
        if name:
            self._rules.add((row["account"], row["region"], name))

    def _how_rules_were_set(self) -> Iterator[dict[str, Any]]:
        """The Config rules behind the pairs, with their parameters at the moment."""
        names = {name for _account, _region, name in self._rules}
        rules = ConfigRule.objects.filter(self.moment.holds(), name__in=names) if names else ConfigRule.objects.none()
        order = ("scope__account", "scope__region", "name", "pk")
        for account, region, name, parameters, since in rules.order_by(*order).values_list(
            "scope__account", "scope__region", "name", "parameters", "valid_from"
        ):
            if (account, region, name) in self._rules:
                yield {
                    "line": "rule", "account": account, "region": region, "name": name, "parameters": parameters,
                    "since": since.isoformat(),
                }  # fmt: skip

    def _how_controls_were_set(self) -> Iterator[dict[str, Any]]:
        """The parameters of Security Hub's controls, as the records say them. pairs: how many were judged by them."""
        for (check, parameters), n in sorted(self._parameters.items()):
            yield {
                "line": "parameters", "check": f"{Check.public_prefix}-{check}", "parameters": orjson.loads(parameters),
                "pairs": n,
            }  # fmt: skip


def api_of(sources: Collection[str]) -> str:
    """The calls that bring what these sources say."""
    calls = {
        Source.SECURITY_HUB.value: "securityhub:GetFindings",
        Source.CONFIG.value: "config:GetComplianceDetailsByConfigRule",
    }
    return ", ".join(call for source, call in calls.items() if source in sources)
