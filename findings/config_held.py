"""What is held of Config's results: to compare with what Config says now, an account at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from sys import intern
from uuid import UUID

from findings.connectors.config import Cell, Subject
from findings.connectors.config_rules import Rule
from findings.models import Connection, Finding, FindingSpan, Resource, Source
from findings.staging import StagedResource

RESOURCE = ("key", "type", "native_id", "account", "region", "name")
FIELDS = (
    "finding__account",
    "finding__region",
    "finding__rule_name",
    "finding__native_id",
    "compliance_status",
    "finding__check_ran__config_rule",
    *(f"finding__resource__{name}" for name in RESOURCE),
)


@dataclass
class Held:
    """results: compliance type by cell, resource type and id. resources: as the portal names them."""

    results: dict[Cell, dict[tuple[str, str], str]] = field(default_factory=dict)
    resources: dict[Subject, StagedResource] = field(default_factory=dict)
    _rules: dict[Cell, Rule] = field(default_factory=dict)

    def said(self, cell: Cell, words: Collection[str]) -> dict[tuple[str, str], str]:
        """What is held of a rule, as far as it was said in these words."""
        return {key: word for key, word in self.results.get(cell, {}).items() if word in words}

    def quiet(self, words: Collection[str]) -> dict[Subject, list[Cell]]:
        """Recorded resources of which something is held that was said in other words, and the rules that said it."""
        found: dict[Subject, list[Cell]] = {}
        for cell, results in self.results.items():
            for (type_, resource_id), word in results.items():
                subject = (*cell[:2], type_, resource_id)
                if word not in words and subject in self.resources and self.resources[subject].key.startswith("arn:"):
                    found.setdefault(subject, []).append(cell)
        return found

    def compliance(self, cell: Cell) -> str:
        """The rule's compliance as Config derives it from its results."""
        found = set(self.results.get(cell, {}).values())
        return next((word for word in ("NON_COMPLIANT", "COMPLIANT") if word in found), "INSUFFICIENT_DATA")

    def rules(self) -> list[Rule]:
        """The rules that are held with their ARN."""
        return list(self._rules.values())


def held(connection: Connection, account: str, regions: Collection[str]) -> Held:
    """Every result that is held of these regions of an account."""
    rows = FindingSpan.objects.filter(
        valid_to=None,
        superseded_at=None,
        finding__connection=connection,
        finding__source=Source.CONFIG,
        finding__account=account,
        finding__region__in=regions,
    ).values_list(*FIELDS)
    found = Held()
    for account, region, name, native_id, word, identifier, *resource in rows.iterator(chunk_size=5000):
        arn, type_, resource_id = native_id.split("|", 2)
        cell, type_ = (account, intern(region), intern(name)), intern(type_)
        found.results.setdefault(cell, {})[type_, resource_id] = intern(word)
        if resource[0] is not None:
            found.resources[account, region, type_, resource_id] = StagedResource(*resource)
        if cell not in found._rules and arn.startswith("arn:"):
            found._rules[cell] = Rule(account, region, name, arn, identifier)
    return found


def resources_of(uids: Mapping[UUID, Subject]) -> dict[Subject, StagedResource]:
    """The resources that findings are held to be about, by the subject of the result that each was made of.

    Of findings that are not held, what Config's inventory recorded under that name, where it still does.
    """
    of_findings = Finding.objects.filter(uid__in=uids, resource__isnull=False)
    rows = of_findings.values_list("uid", *(f"resource__{name}" for name in RESOURCE))
    found = {uids[uid]: StagedResource(*named) for uid, *named in rows}
    if strangers := set(uids.values()) - found.keys():
        columns = zip(("account", "region", "type", "native_id"), zip(*strangers, strict=True), strict=True)
        recorded = Resource.objects.filter(
            **{f"{name}__in": set(values) for name, values in columns}, gone_at=None, in_inventory_at__isnull=False
        )
        for key, type_, native_id, account, region, name in recorded.values_list(*RESOURCE):
            subject = (account, region, type_, native_id)
            if subject in strangers:
                found[subject] = StagedResource(key, type_, native_id, account, region, name)
    return found
