"""What is held of Config's results: to compare with what Config says now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from findings.connectors.config import Cell, Subject
from findings.connectors.config_rules import Rule
from findings.models import Connection, FindingSpan, Source
from findings.staging import StagedResource

FIELDS = (
    "finding__account",
    "finding__region",
    "finding__rule_name",
    "finding__native_id",
    "compliance_status",
    "finding__check_ran__config_rule",
    "finding__resource__key",
    "finding__resource__type",
    "finding__resource__native_id",
    "finding__resource__account",
    "finding__resource__region",
    "finding__resource__name",
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


def held(connection: Connection, places: Collection[tuple[str, str]]) -> Held:
    """Every result that is held of these places."""
    rows = FindingSpan.objects.filter(
        valid_to=None, superseded_at=None, finding__connection=connection, finding__source=Source.CONFIG
    ).values_list(*FIELDS)
    wanted, found = set(places), Held()
    for account, region, name, native_id, word, identifier, *resource in rows.iterator(chunk_size=5000):
        if (account, region) not in wanted:
            continue
        arn, type_, resource_id = native_id.split("|", 2)
        cell = (account, region, name)
        found.results.setdefault(cell, {})[type_, resource_id] = word
        if resource[0] is not None:
            found.resources[account, region, type_, resource_id] = StagedResource(*resource)
        if cell not in found._rules and arn.startswith("arn:"):
            found._rules[cell] = Rule(account, region, name, arn, identifier)
    return found
