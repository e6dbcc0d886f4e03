"""GetFindings filters: which findings a Filters structure means.

Source: the model's own documentation of AwsSecurityFindingFilters, StringFilter, MapFilter, DateFilter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.protocol import AwsError
from sandbox.services.securityhub.attributes import KINDS, reader
from sandbox.world import DAY, Finding

Test = Callable[[Finding], bool]
_ATTRIBUTES, _VALUES = 10, 20
_NEGATIVE = {"NOT_EQUALS", "PREFIX_NOT_EQUALS", "NOT_CONTAINS"}


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def tests(filters: dict[str, Any], now: int) -> list[Test]:
    """One test per attribute; a finding must meet all. now: ms. Raises AwsError for what AWS refuses."""
    if len(filters) > _ATTRIBUTES:
        raise invalid(f"Filters may use {_ATTRIBUTES} attributes at most, not {len(filters)}")
    made = []
    for name, conditions in filters.items():
        if len(conditions) > _VALUES:
            raise invalid(f"Filters.{name} may have {_VALUES} values at most, not {len(conditions)}")
        if not conditions:
            continue
        build = {
            "string": _strings,
            "map": _maps,
            "date": _dates,
            "number": _numbers,
            "boolean": _booleans,
            "keyword": _keywords,
        }[_kind(name)]
        made.append(build(name, conditions, now))
    return made


def _kind(name: str) -> str:
    if name not in KINDS:
        raise AwsError("SandboxNotImplemented", f"The sandbox does not implement the filter {name}", 501)
    return KINDS[name]


def _check_mix(name: str, comparisons: set[str]) -> None:
    """Which comparisons one field may combine."""
    if "EQUALS" in comparisons and comparisons & {"NOT_EQUALS", "PREFIX_NOT_EQUALS"}:
        raise invalid(f"Filters.{name} cannot combine EQUALS with NOT_EQUALS or PREFIX_NOT_EQUALS")
    if "CONTAINS" in comparisons and "NOT_CONTAINS" in comparisons:
        raise invalid(f"Filters.{name} cannot combine CONTAINS with NOT_CONTAINS")


def _strings(name: str, conditions: list[dict[str, str]], now: int) -> Test:
    for condition in conditions:
        if "Value" not in condition or "Comparison" not in condition:
            raise invalid(f"Filters.{name} needs a Value and a Comparison")
    _check_mix(name, {condition["Comparison"] for condition in conditions})
    read = reader(name)
    wanted = [(c["Comparison"], c["Value"]) for c in conditions if c["Comparison"] not in _NEGATIVE]
    refused = [(c["Comparison"], c["Value"]) for c in conditions if c["Comparison"] in _NEGATIVE]
    exact = {value for comparison, value in wanted if comparison == "EQUALS"}
    looser = [pair for pair in wanted if pair[0] != "EQUALS"]

    def test(finding: Finding) -> bool:
        values = read(finding)
        if wanted and not any(v in exact or any(_meets(c, w, v) for c, w in looser) for v in values):
            return False
        return not any(_meets(c, w, v) for c, w in refused for v in values)

    return test


def _meets(comparison: str, wanted: str, value: str) -> bool:
    """For a negative comparison: whether the value is the thing refused."""
    if comparison in ("EQUALS", "NOT_EQUALS"):
        return value == wanted
    if comparison in ("PREFIX", "PREFIX_NOT_EQUALS"):
        return value.startswith(wanted)
    if comparison == "CONTAINS_WORD":
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", value, re.IGNORECASE) is not None
    return wanted in value


def _maps(name: str, conditions: list[dict[str, str]], now: int) -> Test:
    for condition in conditions:
        if not {"Key", "Value", "Comparison"} <= condition.keys():
            raise invalid(f"Filters.{name} needs a Key, a Value and a Comparison")
        if condition["Comparison"] in ("CONTAINS", "NOT_CONTAINS") and name not in _MAP_CONTAINS:
            raise invalid(f"Filters.{name} does not support {condition['Comparison']}")
    _check_mix(name, {condition["Comparison"] for condition in conditions})
    read = reader(name)
    wanted = [c for c in conditions if c["Comparison"] not in _NEGATIVE]
    refused = [c for c in conditions if c["Comparison"] in _NEGATIVE]

    def met(condition: dict[str, str], maps: list[dict[str, str]]) -> bool:
        return any(
            _meets(condition["Comparison"], condition["Value"], entry[condition["Key"]])
            for entry in maps
            if condition["Key"] in entry
        )

    def test(finding: Finding) -> bool:
        maps = read(finding)
        return (not wanted or any(met(c, maps) for c in wanted)) and not any(met(c, maps) for c in refused)

    return test


_MAP_CONTAINS = {"ProductFields", "ResourceTags", "UserDefinedFields", "ResourceDetailsOther"}


def moment_of(text: str, where: str) -> int:
    """ms of an ISO 8601 text. Raises AwsError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{where}: {text!r} is not an ISO 8601 timestamp") from None
    if moment.tzinfo is None:
        raise invalid(f"{where}: {text!r} needs a time zone, such as Z")
    return int(moment.timestamp() * 1000)


def date_bounds(name: str, condition: dict[str, Any], now: int) -> tuple[int | None, int | None]:
    """(first, last), both included. A range of Start and End needs both."""
    if "DateRange" in condition:
        asked = condition["DateRange"]
        if "Value" not in asked or "Unit" not in asked or {"Start", "End"} & condition.keys():
            raise invalid(f"Filters.{name}.DateRange needs Value and Unit, and no Start or End beside it")
        edge = now - asked["Value"] * DAY
        return (None, edge - 1) if asked.get("Comparison") == "OLDER_THAN" else (edge, None)
    if "Start" not in condition or "End" not in condition:
        raise invalid(f"Filters.{name} needs Start and End, or DateRange")
    first, last = moment_of(condition["Start"], f"Filters.{name}"), moment_of(condition["End"], f"Filters.{name}")
    if first > last:
        raise invalid(f"Filters.{name}: Start is after End")
    return first, last


def _dates(name: str, conditions: list[dict[str, Any]], now: int) -> Test:
    bounds = [date_bounds(name, condition, now) for condition in conditions]
    read = reader(name)

    def test(finding: Finding) -> bool:
        return any(
            (first is None or value >= first) and (last is None or value <= last)
            for value in read(finding)
            for first, last in bounds
        )

    return test


def _numbers(name: str, conditions: list[dict[str, float]], now: int) -> Test:
    read = reader(name)

    def met(condition: dict[str, float], value: float) -> bool:
        return (
            value >= condition.get("Gte", value)
            and value <= condition.get("Lte", value)
            and value == condition.get("Eq", value)
            and value > condition.get("Gt", value - 1)
            and value < condition.get("Lt", value + 1)
        )

    return lambda finding: any(met(condition, value) for value in read(finding) for condition in conditions)


def _booleans(name: str, conditions: list[dict[str, bool]], now: int) -> Test:
    read, wanted = reader(name), {condition.get("Value") for condition in conditions}
    return lambda finding: any(value in wanted for value in read(finding))


def _keywords(name: str, conditions: list[dict[str, str]], now: int) -> Test:
    words, read = [condition.get("Value", "").lower() for condition in conditions], reader(name)
    return lambda finding: any(word in value.lower() for value in read(finding) for word in words)
