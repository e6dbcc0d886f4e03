"""Filters mean what AWS's documentation says they mean."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate


def text(value: str, comparison: str = "EQUALS") -> Any:
    return {"Value": value, "Comparison": comparison}


def titles(found: Any) -> Any:
    return {f["Title"] for f in found}


def test_equal_values_are_alternatives(estate: Estate) -> None:
    found = estate.findings(Filters={"SeverityLabel": [text("CRITICAL"), text("HIGH")]})
    assert {f["Severity"].get("Label", "HIGH") for f in found} == {"CRITICAL", "HIGH"}


def test_attributes_must_all_match(estate: Estate) -> None:
    found = estate.findings(
        Filters={"Region": [text("us-east-1")], "ComplianceStatus": [text("FAILED")], "RecordState": [text("ACTIVE")]}
    )
    assert found
    assert {(f["Region"], f["Compliance"]["Status"], f["RecordState"]) for f in found} == {
        ("us-east-1", "FAILED", "ACTIVE")
    }


def test_refused_values_must_all_be_absent(estate: Estate) -> None:
    everything = estate.findings()
    found = estate.findings(Filters={"ProductName": [text("Security Hub", "NOT_EQUALS"), text("Config", "NOT_EQUALS")]})
    wanted = [f for f in everything if f.get("ProductName") not in ("Security Hub", "Config")]
    assert len(found) == len(wanted)


def test_prefix_and_not_equals_work_together(estate: Estate) -> None:
    found = estate.findings(Filters={"ResourceType": [text("AwsEc2", "PREFIX"), text("AwsEc2Instance", "NOT_EQUALS")]})
    types = {r["Type"] for f in found for r in f["Resources"]}
    assert types
    assert all(kind.startswith("AwsEc2") and kind != "AwsEc2Instance" for kind in types)


def test_prefix_not_equals_excludes(estate: Estate) -> None:
    found = estate.findings(Filters={"GeneratorId": [text("security-control/", "PREFIX_NOT_EQUALS")]})
    assert found
    assert not [f for f in found if f["GeneratorId"].startswith("security-control/")]


def test_contains_minds_case_and_words_do_not(estate: Estate) -> None:
    assert all("buckets" in t for t in titles(estate.findings(Filters={"Title": [text("buckets", "CONTAINS")]})))
    assert not estate.findings(Filters={"Title": [text("BUCKETS", "CONTAINS")]})
    words = titles(estate.findings(Filters={"Title": [text("BUCKETS", "CONTAINS_WORD")]}))
    assert words
    assert all(re.search(r"\bbuckets\b", title, re.IGNORECASE) for title in words)
    assert not estate.findings(Filters={"Title": [text("bucke", "CONTAINS_WORD")]})


def test_not_contains_excludes(estate: Estate) -> None:
    found = estate.findings(Filters={"Title": [text("bucket", "NOT_CONTAINS"), text("EC2", "NOT_CONTAINS")]})
    assert found
    assert not [t for t in titles(found) if "bucket" in t or "EC2" in t]


def test_values_are_case_sensitive(estate: Estate) -> None:
    assert not estate.findings(Filters={"RecordState": [text("active")]})


def test_tags_and_product_fields_are_maps(estate: Estate) -> None:
    tagged = estate.findings(
        Filters={"ResourceTags": [{"Key": "solution", "Value": "payments", "Comparison": "EQUALS"}]}
    )
    assert tagged
    assert all(any(r.get("Tags", {}).get("solution") == "payments" for r in f["Resources"]) for f in tagged)
    others = estate.findings(
        Filters={"ResourceTags": [{"Key": "solution", "Value": "payments", "Comparison": "NOT_EQUALS"}]}
    )
    assert len(others) + len(tagged) == len(estate.findings())
    owned = estate.findings(Filters={"ResourceTags": [{"Key": "owner", "Value": "team-", "Comparison": "CONTAINS"}]})
    assert owned
    assert all(any("team-" in r.get("Tags", {}).get("owner", "") for r in f["Resources"]) for f in owned)
    rest = estate.findings(Filters={"ResourceTags": [{"Key": "owner", "Value": "team-", "Comparison": "NOT_CONTAINS"}]})
    assert len(rest) + len(owned) == len(estate.findings())


def test_a_span_of_updates_takes_both_ends(estate: Estate) -> None:
    found = estate.findings(SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "asc"}])
    first, last = found[200]["UpdatedAt"], found[400]["UpdatedAt"]
    spanned = estate.findings(Filters={"UpdatedAt": [{"Start": first, "End": last}]})
    assert {f["Id"] for f in spanned} == {f["Id"] for f in found if first <= f["UpdatedAt"] <= last}


def test_ranges_of_days_look_back_from_now(estate: Estate) -> None:
    day = {"Value": 1, "Unit": "DAYS"}
    edge = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    recent = estate.findings(Filters={"UpdatedAt": [{"DateRange": {**day, "Comparison": "WITHIN"}}]})
    older = estate.findings(Filters={"UpdatedAt": [{"DateRange": {**day, "Comparison": "OLDER_THAN"}}]})
    assert recent
    assert all(f["UpdatedAt"] >= edge[:16] for f in recent)
    assert len(recent) + len(older) == len(estate.findings())


def test_created_and_first_observed_are_dates_too(estate: Estate) -> None:
    start = estate.world["start"]
    for name in ("CreatedAt", "FirstObservedAt"):
        found = estate.findings(Filters={name: [{"Start": start, "End": "2999-01-01T00:00:00Z"}]})
        assert found
        assert all(f[name] >= start for f in found)


def test_numbers_are_compared(estate: Estate) -> None:
    found = estate.findings(Filters={"SeverityNormalized": [{"Gte": 70, "Lte": 89}]})
    assert found
    assert all(70 <= f["Severity"]["Normalized"] <= 89 for f in found)


@pytest.mark.parametrize(
    "filters",
    [
        {"Title": [text("a", "CONTAINS"), text("b", "NOT_CONTAINS")]},
        {"Title": [text("a"), text("b", "NOT_EQUALS")]},
        {"Title": [text("a"), text("b", "PREFIX_NOT_EQUALS")]},
        {"Title": [{"Value": "a"}]},
        {"ResourceTags": [{"Key": "a", "Value": "b"}]},
        {"UpdatedAt": [{"Start": "2026-01-01T00:00:00Z"}]},
        {"UpdatedAt": [{"Start": "yesterday", "End": "today"}]},
        {"UpdatedAt": [{"Start": "2026-01-02T00:00:00Z", "End": "2026-01-01T00:00:00Z"}]},
        {"Title": [text(str(n)) for n in range(21)]},
        {
            name: [text("x")]
            for name in (
                "Id",
                "Title",
                "Region",
                "ProductName",
                "ProductArn",
                "AwsAccountId",
                "RecordState",
                "GeneratorId",
                "ResourceId",
                "ResourceType",
                "SeverityLabel",
            )
        },
    ],
    ids=[
        "contains",
        "equals",
        "prefix",
        "no-comparison",
        "map",
        "one-end",
        "no-date",
        "backwards",
        "21-values",
        "11-attributes",
    ],
)
def test_what_aws_refuses_is_refused(estate: Estate, filters: Any) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("securityhub").get_findings(Filters=filters)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_a_filter_nobody_implemented_fails_unmistakably(estate: Estate) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("securityhub").get_findings(Filters={"NetworkSourceIpV4": [{"Cidr": "10.0.0.0/8"}]})
    assert refused.value.response["Error"]["Code"] == "SandboxNotImplemented"
