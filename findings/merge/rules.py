"""Config's rules: which there are in a place, and since when the portal knows so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

END = """
UPDATE findings_configrule known
SET valid_to = greatest(%(at)s, known.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
WHERE known.scope_id = ANY(%(answered)s) AND known.valid_to IS NULL AND known.superseded_at IS NULL
  AND (known.scope_id, known.name) NOT IN (SELECT * FROM unnest(%(scopes)s::bigint[], %(names)s::text[]))
"""
BEGIN = """
INSERT INTO findings_configrule (scope_id, name, valid_from, recorded_at)
SELECT DISTINCT scope_id, name, %(at)s::timestamptz, %(at)s::timestamptz
FROM unnest(%(scopes)s::bigint[], %(names)s::text[]) AS listed (scope_id, name)
ON CONFLICT DO NOTHING
"""


def merge_rules(listed: Mapping[int, Iterable[str]], *, at: datetime) -> None:
    """Take in the complete lists of rules of some scopes, by the scope's key. In the caller's transaction.

    When a rule was made Config does not say: it begins, and ends, with our reading.
    """
    pairs = [(scope, name) for scope, names in listed.items() for name in names]
    values: dict[str, Any] = {
        "answered": list(listed),
        "scopes": [scope for scope, _ in pairs],
        "names": [name for _, name in pairs],
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(END, values)
        cursor.execute(BEGIN, values)
