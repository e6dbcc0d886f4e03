"""A small, honest part of Config's query language: SELECT fields WHERE field =, IN, LIKE, joined by AND.

Anything else is an InvalidExpressionException that says so, never a wrong answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.protocol import AwsError

COMPLIANCE = "AWS::Config::ResourceCompliance"
_QUERY = re.compile(r"^\s*SELECT\s+(?P<fields>.+?)(?:\s+WHERE\s+(?P<where>.+?))?\s*;?\s*$", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"^[A-Za-z][\w.]*$")
_CONDITION = re.compile(
    r"\s*(?P<field>[A-Za-z][\w.]*)\s*(?:(?P<op>=|\bLIKE\b)\s*(?P<value>'(?:[^']|'')*')"
    r"|\bIN\s*\(\s*(?P<list>'(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\s*\))\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_ROOTS = frozenset(
    {
        "resourceId",
        "resourceName",
        "resourceType",
        "arn",
        "accountId",
        "awsRegion",
        "availabilityZone",
        "tags",
        "resourceCreationTime",
        "configurationItemStatus",
        "configuration",
    }
)


@dataclass(frozen=True)
class Condition:
    field: str
    values: tuple[str, ...]
    like: bool = False

    def meets(self, found: list[Any]) -> bool:
        if self.like:
            return any(isinstance(text, str) and _like(self.values[0]).match(text) for text in found)
        return any(text in self.values for text in found)


@dataclass(frozen=True)
class Query:
    fields: list[str]
    conditions: list[Condition]

    def types(self) -> set[str] | None:
        """The resource types asked for by name; None: any."""
        for condition in self.conditions:
            if condition.field == "resourceType" and not condition.like:
                return set(condition.values)
        return None

    def asks_of(self, account: str, region: str) -> bool:
        """Whether anything of this place can be meant."""
        place = {"accountId": account, "awsRegion": region}
        return all(
            condition.meets([place[condition.field]]) for condition in self.conditions if condition.field in place
        )

    def meets(self, row: dict[str, Any]) -> bool:
        return all(condition.meets(_values(row, condition.field.split("."))) for condition in self.conditions)

    def pick(self, row: dict[str, Any]) -> dict[str, Any]:
        """The selected fields, nested as in the item; absent ones are left out."""
        result: dict[str, Any] = {}
        for field in self.fields:
            steps, source, target = field.split("."), row, result
            for step in steps[:-1]:
                source = source.get(step) if isinstance(source, dict) else None  # type: ignore[assignment]
                target = target.setdefault(step, {})
            if isinstance(source, dict) and steps[-1] in source:
                target[steps[-1]] = source[steps[-1]]
        return result


def _values(value: Any, steps: list[str]) -> list[Any]:
    """Every value at a dotted path; lists are stepped into, element by element."""
    if isinstance(value, list):
        return [found for item in value for found in _values(item, steps)]
    if not steps:
        return [value]
    if isinstance(value, dict) and steps[0] in value:
        return _values(value[steps[0]], steps[1:])
    return []


def _like(pattern: str) -> re.Pattern[str]:
    """% at the end only, as Config allows."""
    return re.compile(re.escape(pattern[:-1]) if pattern.endswith("%") else re.escape(pattern) + "$")


def _invalid(problem: str) -> AwsError:
    return AwsError("InvalidExpressionException", f"The SQL expression is not supported: {problem}")


def parse(expression: str) -> Query:
    """Raises AwsError InvalidExpressionException for whatever stands outside the part understood here."""
    match = _QUERY.match(expression)
    if match is None:
        raise _invalid("SELECT fields [WHERE conditions] is expected")
    fields = [field.strip() for field in match["fields"].split(",")]
    for field in fields:
        if not _FIELD.match(field) or field.split(".")[0] not in _ROOTS:
            raise _invalid(f"cannot select {field!r}")
    return Query(fields, _conditions(match["where"]) if match["where"] is not None else [])


def _conditions(text: str) -> list[Condition]:
    found, rest = [], text
    while True:
        match = _CONDITION.match(rest)
        if match is None:
            raise _invalid(f"cannot read {rest.strip()!r}")
        if match["field"].split(".")[0] not in _ROOTS:
            raise _invalid(f"no property {match['field']!r}")
        texts = tuple(item.replace("''", "'") for item in _TEXT.findall(match["value"] or match["list"]))
        like = (match["op"] or "").upper() == "LIKE"
        if like and "%" in texts[0][:-1]:
            raise _invalid("% may stand at the end of a LIKE pattern only")
        found.append(Condition(match["field"], texts, like))
        rest = rest[match.end() :]
        if not rest:
            return found
        joined = _AND.match(rest)
        if joined is None:
            raise _invalid(f"cannot read {rest.strip()!r}; only AND joins conditions")
        rest = rest[joined.end() :]
