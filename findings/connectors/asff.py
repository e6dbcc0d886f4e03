"""One Security Hub finding (ASFF) becomes a staged finding, or is set aside with the reason."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext as _

from findings.connectors.config_rules import security_hub_identifier
from findings.connectors.resource_types import cloudformation_type
from findings.models import Check, RecordState, Severity, Source, Status, Workflow
from findings.staging import StagedCheck, StagedFinding, StagedResource, content_hash_of, uid_of
from organisation.days import is_in_reach

NUL = b"\\u0000"
"""As JSON spells it."""
LARGEST = 1_000_000
"""Bytes. AWS keeps findings below 240 KB; what is far beyond is no finding to show."""

STATUS = {
    "PASSED": Status.PASS,
    "FAILED": Status.FAIL,
    "WARNING": Status.UNKNOWN,
    "NOT_AVAILABLE": Status.UNKNOWN,
}
WORKFLOW: dict[object, Workflow] = {word.value: word for word in Workflow}
RECORD_STATE: dict[object, RecordState] = {word.value: word for word in RecordState}
SEVERITY: dict[object, Severity] = {word.name: word for word in Severity}
"""AWS's words; a record that does not say, or says one we do not know, is taken as new, active, unlabelled."""
RUNGS = (
    (90, Severity.CRITICAL),
    (70, Severity.HIGH),
    (40, Severity.MEDIUM),
    (1, Severity.LOW),
    (0, Severity.INFORMATIONAL),
)
FSBP = "aws-foundational-security-best-practices/v/"
CONTROL_PRODUCT, CONFIG_PRODUCT = "product/aws/securityhub", "product/aws/config"
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_CONTROL = re.compile(r"[A-Za-z][A-Za-z0-9]*\.\d+")


class Malformed(Exception):
    """A record that cannot be taken in, and why."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record to set aside. body: the record as JSON. kind: what many of its like are listed under, once."""

    native_id: str
    reason: str
    body: bytes
    kind: str = ""


def staged(
    record: dict[str, Any], *, covered_by_config: Collection[tuple[str, str]], raw: bytes = b""
) -> StagedFinding | Rejected:
    """The finding that the record tells of.

    covered_by_config: accounts and regions whose Config evaluations are read from Config itself;
    what Config forwarded of them to Security Hub is kept, but not counted a second time.
    raw: the JSON that the record was read from, where somebody still has it.
    """
    raw = raw or orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS)
    try:
        if len(raw) > LARGEST:
            raise Malformed(
                _("The record has %(n)s bytes; the largest that is taken in is %(largest)s.")
                % {"n": f"{len(raw):,}", "largest": f"{LARGEST:,}"}
            )
        said = _without_nul(record) if NUL in raw else record
        return _staged(said, raw, covered_by_config)
    except Malformed as error:
        reason = str(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = _("The record does not have the form of a finding (%(name)s).") % {"name": type(error).__name__}
    return Rejected(str(record.get("Id") or ""), reason, raw)


def _without_nul(said: Any) -> Any:
    """The same, where PostgreSQL can store each text of it."""
    if isinstance(said, str):
        return said.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if isinstance(said, list):
        return [_without_nul(one) for one in said]
    if isinstance(said, dict):
        return {_without_nul(name): _without_nul(inner) for name, inner in said.items()}
    return said


def _staged(record: dict[str, Any], raw: bytes, covered_by_config: Collection[tuple[str, str]]) -> StagedFinding:
    native_id, product_arn = _required(record, "Id"), _required(record, "ProductArn")
    account, region = _place(record, product_arn)
    compliance = record.get("Compliance") or {}
    word = str(compliance.get("Status") or "")
    product = str(record.get("ProductName") or "")
    resources = _resources(record, account, region)
    updated_at = moment_of(record, "UpdatedAt")
    assert updated_at is not None
    is_control = product_arn.endswith(CONTROL_PRODUCT)
    first = moment_of(record, "FirstObservedAt", optional=True)
    created = moment_of(record, "CreatedAt", optional=True)
    return StagedFinding(
        source=Source.SECURITY_HUB,
        uid=uid_of(Source.SECURITY_HUB, product_arn, native_id),
        native_id=native_id,
        account=account,
        region=region,
        check=_check(record, compliance, product, resources),
        resources=resources,
        status=STATUS.get(word, Status.UNKNOWN) if word else Status.REPORT,
        compliance_status=word[:24],
        severity=_severity(record),
        updated_at=updated_at,
        raw=raw,
        content_hash=content_hash_of(record),
        workflow=WORKFLOW.get((record.get("Workflow") or {}).get("Status"), Workflow.NEW),
        record_state=RECORD_STATE.get(record.get("RecordState"), RecordState.ACTIVE),
        status_since=first if is_control else None if word else first or created,
        created_at=created,
        evaluated_at=moment_of(record, "LastObservedAt", optional=True) or updated_at,
        title=str(record.get("Title") or ""),
        product_arn=product_arn,
        product=product,
        scored=not (product_arn.endswith(CONFIG_PRODUCT) and (account, region) in covered_by_config),
    )


def _required(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Malformed(_("The record has no %(name)s.") % {"name": name})
    return value


def _place(record: dict[str, Any], product_arn: str) -> tuple[str, str]:
    """The account and region, the latter from the product's ARN where the record does not say."""
    account = _required(record, "AwsAccountId")
    if not _ACCOUNT.fullmatch(account):
        raise Malformed(_("AwsAccountId is not 12 digits: %(account)s.") % {"account": repr(account[:40])})
    parts = product_arn.split(":")
    region = str(record.get("Region") or (parts[3] if len(parts) > 3 else ""))
    if not _REGION.fullmatch(region):
        raise Malformed(_("The record names no region: %(region)s.") % {"region": repr(region[:40])})
    return account, region


def moment_of(record: dict[str, Any], name: str, *, optional: bool = False) -> datetime | None:
    """The date in this member, in UTC: PostgreSQL does not know every zone that a text can name. Raises Malformed."""
    value = record.get(name)
    if optional and not value:
        return None
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
        if is_in_reach(found):
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise Malformed(_("%(name)s is not a date: %(value)s.") % {"name": name, "value": repr(str(value)[:40])})


def _severity(record: dict[str, Any]) -> Severity:
    """The label, else from the normalised number, as AWS derives it."""
    given = (record.get("Severity") or {}, (record.get("FindingProviderFields") or {}).get("Severity") or {})
    for severity in given:
        if (label := SEVERITY.get(severity.get("Label"))) is not None:
            return label
        if isinstance(severity.get("Normalized"), int | float):
            return next((rung for least, rung in RUNGS if severity["Normalized"] >= least), Severity.INFORMATIONAL)
    return Severity.INFORMATIONAL


def _resources(record: dict[str, Any], account: str, region: str) -> list[StagedResource]:
    found: dict[str, StagedResource] = {}
    for resource in record.get("Resources") or ():
        native_id = str(resource.get("Id") or "")
        if not native_id:
            raise Malformed(_("A resource of the record has no Id."))
        type_ = cloudformation_type(str(resource.get("Type") or "Other"))
        if type_ == "AWS::::Account":
            native_id = native_id.rsplit(":", 1)[-1]
        place = str(resource.get("Region") or region)
        key = native_id if native_id.startswith("arn:") else f"{account}/{place}/{type_}/{native_id}"
        tags = resource.get("Tags") or None
        found[key] = StagedResource(key, type_, native_id, account, place, name=_name(native_id, tags), tags=tags)
    if not found:
        raise Malformed(_("The record names no resource."))
    return list(found.values())


def _name(native_id: str, tags: dict[str, str] | None) -> str:
    """What people call it: its Name tag, else the end of its ARN."""
    if tags and isinstance(said := tags.get("Name"), str) and said:
        return said
    if not native_id.startswith("arn:"):
        return native_id
    return native_id.split(":", 5)[-1].rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _check(
    record: dict[str, Any], compliance: dict[str, Any], product: str, resources: list[StagedResource]
) -> StagedCheck:
    key, control = check_key(record, compliance, product)
    types = record.get("Types") or ()
    title = str(record.get("Title") or "").removeprefix(f"{key} ") if control else ""
    if not control and types:
        title = str(types[0]).rsplit("/", 1)[-1]
    advice = (record.get("Remediation") or {}).get("Recommendation") or {}
    standards = compliance.get("AssociatedStandards") or ()
    return _made_once(
        Source.SECURITY_HUB,
        key,
        Check.Kind.COMPLIANCE if compliance.get("Status") else Check.Kind.REPORT,
        title=title,
        description=str(record.get("Description") or "") if control else "",
        config_rule=security_hub_identifier(_related_rule(record)),
        remediation_text=str(advice.get("Text") or "") if control else "",
        remediation_url=str(advice.get("Url") or "") if control else "",
        resource_types=(resources[0].type,) if control else (),
        standards=tuple([str(row.get("StandardsId")) for row in standards]),
        requirements=tuple(map(str, compliance.get("RelatedRequirements") or ())),
    )


_made_once = lru_cache(maxsize=2_000)(StagedCheck)
"""Thousands of findings say the same of their check."""


def _related_rule(record: dict[str, Any]) -> str:
    """The name of the Config rule that a control finding rests on."""
    return str((record.get("ProductFields") or {}).get("RelatedAWSResources:0/name") or "")


def check_key(record: dict[str, Any], compliance: dict[str, Any], product: str) -> tuple[str, bool]:
    """The key of the check, and whether it is a Security Hub control.

    A control's id; of a finding from before consolidation the id at the end of its generator, where
    that is the foundational standard's; else the generator, or what the finding is of.
    """
    if control := compliance.get("SecurityControlId"):
        return str(control), True
    generator = str(record.get("GeneratorId") or "")
    tail = generator.rsplit("/", 1)[-1]
    if generator.startswith(("security-control/", FSBP)) and _CONTROL.fullmatch(tail):
        return tail, True
    if generator and not generator.startswith("arn:"):
        return generator, False
    types = record.get("Types") or ()
    return str(types[0]) if types else product or "unknown", False
