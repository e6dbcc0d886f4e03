"""Checks: what each source calls them, joined from its catalogue and from its findings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from findings.merge import ratings
from findings.merge import staging_tables as tables
from findings.merge.inventory import Touched
from findings.staging import StagedCheck

UPSERT = """
INSERT INTO findings_check AS known (
    source, key, kind, title, description, severity, config_rule, remediation_text, remediation_url,
    resource_types, standards, requirements, first_seen_at
)
SELECT source, key, kind, title, description, severity, config_rule, remediation_text, remediation_url,
       resource_types, standards, requirements, %(at)s
FROM stage_check ORDER BY source, key
ON CONFLICT (source, key) DO UPDATE SET
    title = coalesce(nullif(excluded.title, ''), known.title),
    description = coalesce(nullif(excluded.description, ''), known.description),
    severity = coalesce(nullif(excluded.severity, 0), known.severity),
    config_rule = coalesce(nullif(excluded.config_rule, ''), known.config_rule),
    remediation_text = coalesce(nullif(excluded.remediation_text, ''), known.remediation_text),
    remediation_url = coalesce(nullif(excluded.remediation_url, ''), known.remediation_url),
    resource_types = array_union(known.resource_types, excluded.resource_types),
    standards = array_union(known.standards, excluded.standards),
    requirements = array_union(known.requirements, excluded.requirements)
WHERE (known.title, known.description, known.severity, known.config_rule, known.remediation_text,
       known.remediation_url)
    IS DISTINCT FROM (
        coalesce(nullif(excluded.title, ''), known.title),
        coalesce(nullif(excluded.description, ''), known.description),
        coalesce(nullif(excluded.severity, 0), known.severity),
        coalesce(nullif(excluded.config_rule, ''), known.config_rule),
        coalesce(nullif(excluded.remediation_text, ''), known.remediation_text),
        coalesce(nullif(excluded.remediation_url, ''), known.remediation_url))
   OR NOT known.resource_types @> excluded.resource_types
   OR NOT known.standards @> excluded.standards
   OR NOT known.requirements @> excluded.requirements
"""


def merge_checks(checks: Iterable[StagedCheck], *, at: datetime) -> Touched:
    """Take in what a source says of its checks. Empty members leave what is known untouched.

    Returns where findings of Config are rated anew by it: the postures to count again.
    """
    latest = {(check.source, check.key): check for check in checks}
    if not latest:
        return set()
    tables.create("stage_check")
    tables.copy("stage_check", tables.CHECK_COLUMNS, map(tables.check_row, latest.values()))
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, {"at": at})
        nothing_new = cursor.rowcount == 0
    return set() if nothing_new else ratings.inherit(at=at)
