"""Exported findings, and loading them as the command does."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command

PLACE = {"AwsAccountId": "111122223333", "Region": "eu-west-1"}


def finding(number: int = 1, *, updated: str = "2026-03-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A finding of a bucket, as Security Hub would export it."""
    return {
        "Id": f"arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8/finding/{number}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "Title": "Buckets should block public access {not} [really]",
        "CreatedAt": "2026-02-01T00:00:00Z",
        "UpdatedAt": updated,
        "Severity": {"Label": "HIGH"},
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}", "Tags": {"a": '}"{\\'}}],
        **PLACE,
        **more,
    }


def load(*arguments: str) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command("load_findings", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def some(number: int) -> list[dict[str, Any]]:
    return [finding(each) for each in range(1, number + 1)]
