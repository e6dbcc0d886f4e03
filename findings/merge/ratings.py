"""Severities that Config does not give: a check of Config has that of the control which rests on the same rule."""

from __future__ import annotations

from datetime import datetime

from django.db import connection as database

from findings.merge.inventory import Touched

INHERIT = """
UPDATE findings_check k SET severity = control.severity
FROM (
    SELECT config_rule, max(severity) AS severity FROM findings_check
    WHERE source = 'security_hub' AND config_rule <> '' AND severity > 0 GROUP BY config_rule
) control
WHERE k.source = 'config' AND k.config_rule = control.config_rule AND k.severity <> control.severity
RETURNING k.id
"""

RATE_ANEW = """
WITH closed AS (
    UPDATE findings_findingspan s
    SET valid_to = greatest(%(at)s, s.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
    FROM findings_check k
    WHERE k.id = ANY(%(checks)s) AND s.check_ran_id = k.id AND s.severity <> k.severity
      AND s.valid_to IS NULL AND s.superseded_at IS NULL
    RETURNING s.*, k.severity AS rating
)
INSERT INTO findings_findingspan (
    finding_id, status, compliance_status, severity, workflow, record_state, status_since, solutions, scored,
    valid_from_source, check_ran_id, account, region, valid_from, recorded_at
)
SELECT finding_id, status, compliance_status, rating, workflow, record_state, status_since, solutions, scored,
       'observed', check_ran_id, account, region, valid_to, %(at)s
FROM closed
RETURNING check_ran_id, account, region
"""


def inherit(*, at: datetime) -> Touched:
    """Rate Config's checks anew, and what they say now, where a control behind them became known or changed."""
    with database.cursor() as cursor:
        cursor.execute(INHERIT)
        checks = [key for (key,) in cursor.fetchall()]
        if not checks:
            return set()
        cursor.execute(RATE_ANEW, {"checks": checks, "at": at})
        return set(cursor.fetchall())
