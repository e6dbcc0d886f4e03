"""The evidence of a pack: what shows something of its controls, as files or by its digest alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from assurance.pack.contents import EvidencePart, ProviderReportPart
from assurance.pack.scope import Scope
from audit.moment import in_force
from controls.models import ProviderReport
from controls.provider_parts import Report, reports_at
from evidence.models import Evidence, EvidenceLink

FOLDER = "evidence"
NEVER_INSIDE = frozenset({Evidence.Kind.PROVIDER_REPORT, Evidence.Kind.WORKING_PAPER})
"""Providers' reports come under terms of their own, and working papers are the team's: their digests say which."""


def links(scope: Scope, controls: Collection[int]) -> dict[int, list[Evidence]]:
    """Control → the evidence linked to it, standing by then, that is fresh in the pack's period. One query."""
    rows = Evidence.objects.standing(scope.known_at).filter(scope.within, effective_from__lte=scope.pack.about_to)
    joined = EvidenceLink.objects.filter(in_force(scope.known_at), control__in=list(controls), evidence__in=rows)
    found: dict[int, list[Evidence]] = defaultdict(list)
    for one in joined.select_related("evidence", "control").order_by("control_id", "evidence_id"):
        if one.evidence.effective_to + one.control.lasts >= scope.pack.about_from:
            found[one.control_id].append(one.evidence)
    return found


def evidence_part(scope: Scope, one: Evidence) -> EvidencePart:
    why_not = _why_not(scope, one)
    return EvidencePart(
        id=one.public_id,
        title=one.title,
        kind=str(Evidence.Kind(one.kind).label),
        source=_source(scope, one),
        captured_at=one.captured_at,
        effective_from=one.effective_from,
        effective_to=one.effective_to,
        sha256=one.sha256,
        size=one.size,
        media_type=one.media_type,
        file="" if why_not else file_of(one),
        why_not_embedded=why_not,
    )


def file_of(one: Evidence) -> str:
    """Its path in the archive: its id, and its own name as far as every file system takes it."""
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "-" for letter in one.file_name
    )
    return f"{FOLDER}/{one.public_id}/{plain.lstrip('.')[-100:] or 'file'}"


def _why_not(scope: Scope, one: Evidence) -> str:
    if one.kind == Evidence.Kind.PROVIDER_REPORT:
        return _(
            "A provider's report: its terms do not allow handing it on. Ask the provider for the file of this digest."
        )
    if one.kind == Evidence.Kind.WORKING_PAPER:
        return _("An auditor's working paper: it stays with the engagement's team.")
    if one.destroyed_at and one.destroyed_at <= scope.known_at:
        return _("Its file was destroyed when its retention was over.")
    if one.confidentiality != Evidence.Confidentiality.INTERNAL and not scope.confidentially:
        return _("Confidential: ask whoever answers for it to show it to you.")
    return ""


def _source(scope: Scope, one: Evidence) -> str:
    if one.source_api:
        parts = [one.source_api, one.source_account, one.source_arn, one.source_run]
        return ", ".join(part for part in parts if part)
    return scope.name(one.captured_by_id) or _("the portal")


def provider_report_parts(scope: Scope, named: Collection[str]) -> list[ProviderReportPart]:
    """Of the reports that requirements name."""
    rows = [one for one in reports_at(scope.moment.at) if one.row.public_id in named]
    return [_report(scope, one) for one in sorted(rows, key=lambda one: one.row.pk)]


def _report(scope: Scope, one: Report) -> ProviderReportPart:
    row: ProviderReport = one.row
    reading: Any = one.reading
    return ProviderReportPart(
        id=row.public_id,
        name=row.name,
        kind=str(row.get_kind_display()),
        period_from=row.period_from,
        period_to=row.period_to,
        sha256=row.sha256,
        read_by=scope.name(reading.read_by_id) if reading else "",
        exceptions=reading.exceptions if reading else "",
    )
