"""Config's rules: which there are in a place, and since when the portal knows so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

END = """
UPDATE findings_configrule known
SET valid_to = greatest(%(at)s, known.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
WHERE known.scope_id = ANY(%(answered)s) AND known.valid_to IS NULL AND known.superseded_at IS NULL
  AND (known.scope_id, known.name, known.parameters) NOT IN (
    SELECT scope_id, name, parameters::jsonb
    FROM unnest(%(scopes)s::bigint[], %(names)s::text[], %(parameters)s::text[]) AS listed (scope_id, name, parameters)
  )
"""
BEGIN = """
INSERT INTO findings_configrule (scope_id, name, parameters, valid_from, recorded_at)
SELECT DISTINCT ON (scope_id, name) scope_id, name, parameters::jsonb, %(at)s::timestamptz, %(at)s::timestamptz
FROM unnest(%(scopes)s::bigint[], %(names)s::text[], %(parameters)s::text[]) AS listed (scope_id, name, parameters)
ON CONFLICT DO NOTHING
"""


def merge_rules(listed: Mapping[int, Mapping[str, str]], *, at: datetime) -> None:
    """Take in the complete lists of rules of some scopes, by the scope's key: the parameters of each by its name.

    In the caller's transaction. When a rule was made, or set otherwise, Config does not say: it begins, and ends,
    with our reading.
    """
    pairs = [(scope, name) for scope, names in listed.items() for name in names]
    parameters = [_parameters(said) for names in listed.values() for said in names.values()]
    values: dict[str, Any] = {
        "answered": list(listed),
        "scopes": [scope for scope, _ in pairs],
        "names": [name for _, name in pairs],
        "parameters": parameters,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(END, values)
        cursor.execute(BEGIN, values)


def _parameters(said: str) -> str:
    """As JSON that PostgreSQL takes; what is no object is kept as it came."""
    try:
        read = orjson.loads(said or "{}")
    except orjson.JSONDecodeError:
        read = said
    return orjson.dumps(read if isinstance(read, dict) else {"": said}).decode().replace("\\u0000", "")
