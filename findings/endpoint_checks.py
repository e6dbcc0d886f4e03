"""Whether AWS is spoken to in the clear: `manage.py check --deploy` says so."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError
from django.core import checks

from findings.aws import boto3_session

SERVICES = ("config", "organizations", "s3", "securityhub", "sqs", "sts")


def in_the_clear() -> list[str]:
    """Services whose endpoint, wherever boto3 has it from, is neither https nor this machine's."""
    session: Any = boto3_session()
    found = []
    for name in SERVICES:
        try:
            url = session.client(name, region_name="us-east-1").meta.endpoint_url
        except (BotoCoreError, ValueError):
            continue
        parts = urlsplit(url)
        if parts.scheme != "https" and not _is_here(parts.hostname or ""):
            found.append(name)
    return found


def enlist() -> None:
    checks.register(_check, checks.Tags.security, deploy=True)


def _check(**told: Any) -> list[checks.CheckMessage]:
    if not (services := in_the_clear()):
        return []
    words = f"AWS_ENDPOINT_URL sends requests to {', '.join(services)} in the clear, credentials' signatures included."
    return [checks.Warning(words, hint="Use https, or unset it.", id="findings.W001")]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
