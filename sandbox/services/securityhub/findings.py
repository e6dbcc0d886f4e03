"""GetFindings and GetFindingHistory."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.calls import Call, handles
from sandbox.paging import bad_token, position_in, size_of, token_for
from sandbox.protocol import AwsError, service_for
from sandbox.protocol.shapes import Writer
from sandbox.services.securityhub.attributes import KINDS, reader
from sandbox.services.securityhub.filters import date_bounds, invalid, tests
from sandbox.services.securityhub.hub import enabled_hub
from sandbox.world import Finding, stamp

_SH = "securityhub"
_HISTORY_MS = 90 * 86_400_000


class Renderer:
    """Each finding's JSON, checked against the model when made, kept until it changes; so many at most."""

    limit = 30_000

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._writer: Writer | None = None

    def fragment(self, finding: Finding) -> orjson.Fragment:
        if finding.raw is not None:
            return orjson.Fragment(finding.raw)
        body = finding.json  # another thread may forget it meanwhile
        if body is None:
            body = finding.json = orjson.dumps(self._checked(finding.body()))
            self._kept.append(finding)
            if len(self._kept) > self.limit:
                self._forget()
        return orjson.Fragment(body)

    def _checked(self, body: dict[str, Any]) -> Any:
        if self._writer is None:
            service = service_for(_SH)
            if service is None:
                raise RuntimeError("botocore has no model of Security Hub")
            self._writer = service.checks.writer(service.model.shape_for("AwsSecurityFinding"))
        return self._writer(body, "Finding")

    def _forget(self) -> None:
        for finding in self._kept[: self.limit // 2]:
            finding.json = None
        self._kept = self._kept[self.limit // 2 :]


RENDERER = Renderer()


@handles(_SH, "GetFindings")
def get_findings(call: Call) -> dict[str, Any]:
    """Pages of a list that is made once, with the first page, and then walked; each finding as it is now."""
    enabled_hub(call)
    size, token = size_of(call, 100), call.params.get("NextToken")
    if token is None:
        name, start = call.engine.snapshots.keep(_matching(call)), 0
    else:
        name, _, offset = position_in(call, token).partition(",")
        start = int(offset)
    found = call.engine.snapshots.get(name)
    if found is None:
        raise bad_token(call)
    if call.empty_page:
        return {"Findings": [], "NextToken": token_for(call, f"{name},{start}")}
    end = start + size
    world = call.world
    shown = [RENDERER.fragment(finding) for finding in found[start:end] if finding.key in world.findings]
    more = {"NextToken": token_for(call, f"{name},{end}")} if end < len(found) else {}
    return {"Findings": shown, **more}


def _matching(call: Call) -> list[Finding]:
    filters, world = call.params.get("Filters", {}), call.world
    needed = tests({name: value for name, value in filters.items() if name != "UpdatedAt"}, call.now)
    tests(filters, call.now)  # also the limits, and UpdatedAt's own form
    visible = world.visible(call.account, call.region)
    if visible is not None:
        needed.insert(0, visible)
    ordered = _ordered_by_updated(call)
    if updated := filters.get("UpdatedAt"):
        found = _updated(call, updated)
    else:
        found = world.by_updated() if ordered else list(world.findings.values())
    chosen = [finding for finding in found if all(test(finding) for test in needed)] if needed else list(found)
    return _sorted(call, chosen)


def _updated(call: Call, conditions: list[dict[str, Any]]) -> list[Finding]:
    """Findings in any of the spans, least recently updated first."""
    spans = [date_bounds("UpdatedAt", condition, call.now) for condition in conditions]
    if len(spans) == 1:
        return call.world.updated_between(*spans[0])
    return [
        finding
        for finding in call.world.by_updated()
        if any(
            (low is None or finding.updated >= low) and (high is None or finding.updated <= high) for low, high in spans
        )
    ]


def _ordered_by_updated(call: Call) -> bool:
    criteria = call.params.get("SortCriteria") or []
    return [criterion.get("Field") for criterion in criteria] == ["UpdatedAt"]


def _sorted(call: Call, found: list[Finding]) -> list[Finding]:
    criteria = call.params.get("SortCriteria") or []
    if len(criteria) > 10:
        raise invalid("SortCriteria may have 10 entries at most")
    for criterion in reversed(criteria):
        name, down = criterion.get("Field", ""), criterion.get("SortOrder", "asc") == "desc"
        if KINDS.get(name) not in ("string", "date", "number"):
            raise invalid(f"SortCriteria.Field {name!r} is not a field to sort by")
        if name == "UpdatedAt" and len(criteria) == 1:
            # already in order; where only the order of ties would differ, they stay as they came
            return found[::-1] if down else found
        read = reader(name)

        def key(finding: Finding, read: Any = read) -> tuple[bool, Any]:
            values = read(finding)
            return bool(values), values[0] if values else ""

        found.sort(key=key, reverse=down)
    return found


@handles(_SH, "GetFindingHistory")
def get_finding_history(call: Call) -> dict[str, Any]:
    """Newest first, 90 days back."""
    enabled_hub(call)
    asked = call.params["FindingIdentifier"]
    finding = call.world.findings.get((asked["ProductArn"], asked["Id"]))
    visible = call.world.visible(call.account, call.region)
    if finding is None or (visible is not None and not visible(finding)):
        raise AwsError("InvalidInputException", f"No finding {asked['Id']} of {asked['ProductArn']}")
    since = int(call.params["StartTime"].timestamp() * 1000) if "StartTime" in call.params else call.now - _HISTORY_MS
    until = int(call.params["EndTime"].timestamp() * 1000) if "EndTime" in call.params else call.now
    entries = [(finding.created, "BATCH_IMPORT_FINDINGS", []), *(finding.history or [])]
    rows = [
        {
            "FindingIdentifier": asked,
            "UpdateTime": stamp(moment),
            "FindingCreated": moment == finding.created,
            "UpdateSource": {"Type": source, "Identity": f"arn:aws:iam::{finding.account}:root"},
            "Updates": [
                {"UpdatedField": field, "OldValue": old or "-", "NewValue": new or "-"} for field, old, new in updates
            ],
        }
        for moment, source, updates in sorted(entries, key=lambda entry: entry[0], reverse=True)
        if since <= moment <= until
    ]
    token = call.params.get("NextToken")
    start = int(position_in(call, token)) if token else 0
    end = start + size_of(call, 100)
    return {"Records": rows[start:end], **({"NextToken": token_for(call, str(end))} if end < len(rows) else {})}
