"""Security Hub CSPM: findings, controls and their standards, who is a member, which regions are linked.

Reads only; every answer is used as it comes, so nothing here trusts an order or a filter of AWS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from findings.aws import Service
from findings.connectors.asff import Malformed, Rejected, moment_of, staged
from findings.models import Severity, Source
from findings.parallel import giving_way, in_parallel
from findings.staging import StagedCheck, StagedFinding

BEGINNING, FAR_AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
AT_ONCE = 100
VALUES_PER_FILTER = 20


@dataclass(frozen=True)
class Window:
    """A period of UpdatedAt, both ends included; an open end takes everything since."""

    start: datetime
    end: datetime | None

    @property
    def filters(self) -> dict[str, Any]:
        return {"UpdatedAt": [{"Start": _text(self.start), "End": _text(self.end or FAR_AHEAD)}]}

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment and (self.end is None or moment <= self.end)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def findings_in(
    hub: Service, window: Window, *, covered_by_config: Collection[tuple[str, str]]
) -> Iterator[list[StagedFinding | Rejected]]:
    """Pages of findings whose UpdatedAt is in the window, least recently updated first.

    What has no readable UpdatedAt is set aside in each. Source: securityhub:GetFindings. Raises ClientError.
    """
    pages = hub.pages(
        "get_findings",
        Filters=window.filters,
        SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "asc"}],
        MaxResults=AT_ONCE,
    )
    for page in pages:
        records = giving_way(page.get("Findings") or ())
        yield [
            staged(record, covered_by_config=covered_by_config) for record in records if not _outside(record, window)
        ]


def _outside(record: dict[str, Any], window: Window) -> bool:
    try:
        moment = moment_of(record, "UpdatedAt")
    except Malformed:
        return False
    return moment is not None and not window.holds(moment)


def findings_handled(
    hub: Service, *, covered_by_config: Collection[tuple[str, str]]
) -> Iterator[StagedFinding | Rejected]:
    """Findings that somebody has notified about or suppressed: what moves without moving UpdatedAt."""
    words = [{"Value": word, "Comparison": "EQUALS"} for word in ("NOTIFIED", "SUPPRESSED")]
    yield from _filtered(hub, {"WorkflowStatus": words}, covered_by_config)


def findings_by_id(
    hub: Service, native_ids: Collection[str], *, covered_by_config: Collection[tuple[str, str]]
) -> Iterator[StagedFinding | Rejected]:
    """These findings, as many of them as AWS still has."""
    wanted = list(native_ids)
    for begin in range(0, len(wanted), VALUES_PER_FILTER):
        some = wanted[begin : begin + VALUES_PER_FILTER]
        values = [{"Value": native_id, "Comparison": "EQUALS"} for native_id in some]
        yield from _filtered(hub, {"Id": values}, covered_by_config)


def _filtered(
    hub: Service, filters: dict[str, Any], covered_by_config: Collection[tuple[str, str]]
) -> Iterator[StagedFinding | Rejected]:
    for page in hub.pages("get_findings", Filters=filters, MaxResults=AT_ONCE):
        for record in page.get("Findings") or ():
            yield staged(record, covered_by_config=covered_by_config)


@dataclass(frozen=True)
class Aggregation:
    """Which regions a home region gathers. linked includes the home region."""

    home: str
    linked: frozenset[str]


def aggregation(hub: Service, regions: Collection[str]) -> Aggregation:
    """The finding aggregator, or the region by itself where there is none. Raises ClientError."""
    for row in hub.items("list_finding_aggregators", "FindingAggregators"):
        found = hub.call("get_finding_aggregator", FindingAggregatorArn=row["FindingAggregatorArn"])
        home, listed = found["FindingAggregationRegion"], set(found.get("Regions") or ())
        mode = found.get("RegionLinkingMode")
        if mode in ("ALL_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED"):
            excluded = listed if mode == "ALL_REGIONS_EXCEPT_SPECIFIED" else set()
            listed = set(regions) - excluded
        return Aggregation(home, frozenset(listed | {home}))
    return Aggregation(hub.region, frozenset({hub.region}))


def members(hub: Service) -> dict[str, str]:
    """Account id → MemberStatus of every account this hub administers in its region."""
    rows = hub.items("list_members", "Members", OnlyAssociated=False)
    return {str(row["AccountId"]): str(row.get("MemberStatus", "")) for row in rows}


def describe(hub: Service) -> dict[str, Any]:
    """The hub as it is set up there. Raises ClientError, InvalidAccessException where it is off."""
    return hub.call("describe_hub")


def controls_enabled(hub: Service, control_ids: list[str]) -> int:
    """How many of these controls run in the service's account and region."""
    enabled = 0
    for begin in range(0, len(control_ids), AT_ONCE):
        page = hub.call("batch_get_security_controls", SecurityControlIds=control_ids[begin : begin + AT_ONCE])
        enabled += sum(row["SecurityControlStatus"] == "ENABLED" for row in page["SecurityControls"])
    return enabled


def catalogue(hub: Service) -> list[StagedCheck]:
    """Every control this region knows, with its severity, standards and related requirements."""
    definitions = list(hub.items("list_security_control_definitions", "SecurityControlDefinitions"))
    names = {row["StandardsArn"]: row["Name"] for row in hub.items("describe_standards", "Standards")}
    standards, requirements = _associations(hub, [row["SecurityControlId"] for row in definitions], list(names))
    return [
        StagedCheck(
            source=Source.SECURITY_HUB,
            key=row["SecurityControlId"],
            title=row.get("Title", ""),
            description=row.get("Description", ""),
            severity=Severity.__members__.get(row.get("SeverityRating", ""), Severity.NONE),
            remediation_url=row.get("RemediationUrl", ""),
            standards=tuple(standards[row["SecurityControlId"]]),
            requirements=tuple(requirements[row["SecurityControlId"]]),
        )
        for row in definitions
    ]


def _associations(
    hub: Service, controls: list[str], standards: list[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Control → the ids of standards it serves, and their requirements. Those not enabled are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    requirements: dict[str, list[str]] = defaultdict(list)
    pairs = [{"SecurityControlId": control, "StandardsArn": arn} for control in controls for arn in standards]

    def ask(begin: int) -> dict[str, Any]:
        some = pairs[begin : begin + AT_ONCE]
        return hub.call("batch_get_standards_control_associations", StandardsControlAssociationIds=some)

    for page in in_parallel(ask, range(0, len(pairs), AT_ONCE)):
        for row in page["StandardsControlAssociationDetails"]:
            if row["AssociationStatus"] == "ENABLED":
                found[row["SecurityControlId"]].append(standards_id(row["StandardsArn"]))
                requirements[row["SecurityControlId"]] += row.get("RelatedRequirements") or []
    return found, requirements


def standards_id(arn: str) -> str:
    """The id that findings use: what follows the account in the standard's ARN."""
    return arn.split(":", 5)[-1].lstrip(":")
