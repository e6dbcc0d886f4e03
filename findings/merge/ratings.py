"""What a source does not say of its findings, and the portal adds: it follows where what it rests on changes.

A check of Config has the severity of the control which rests on the same rule. What Security Hub copied from Config is
scored where Config itself cannot be read.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection as database

from findings.merge.inventory import Touched
from findings.models import Connection

INHERIT = """
UPDATE findings_check k SET severity = control.severity
FROM (
    SELECT config_rule, max(severity) AS severity FROM findings_check
    WHERE source = 'security_hub' AND config_rule <> '' AND severity > 0 GROUP BY config_rule
) control
WHERE k.source = 'config' AND k.config_rule = control.config_rule AND k.severity <> control.severity
RETURNING k.id
"""

_ANEW = """
WITH closed AS (
    UPDATE findings_findingspan s
    SET valid_to = greatest(%(at)s, s.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
    {of_what}
      AND s.valid_to IS NULL AND s.superseded_at IS NULL
    RETURNING s.*, {severity} AS rating
)
INSERT INTO findings_findingspan (
    finding_id, status, compliance_status, severity, workflow, record_state, status_since, solutions, scored,
    valid_from_source, check_ran_id, account, region, valid_from, recorded_at
)
SELECT finding_id, status, compliance_status, rating, workflow, record_state, status_since, solutions, {scored},
       'observed', check_ran_id, account, region, valid_to, %(at)s
FROM closed
RETURNING check_ran_id, account, region
"""
RATE_ANEW = _ANEW.format(
    of_what="FROM findings_check k WHERE k.id = ANY(%(checks)s) AND s.check_ran_id = k.id AND s.severity <> k.severity",
    severity="k.severity",
    scored="scored",
)
SCORE_ANEW = _ANEW.format(
    of_what="""FROM findings_finding f
    WHERE f.connection_id = %(connection)s AND f.source = 'security_hub'
      AND (f.account, f.region) IN (SELECT * FROM unnest(%(accounts)s::text[], %(regions)s::text[]))
      AND f.product_arn LIKE '%%product/aws/config' AND s.finding_id = f.id AND s.scored <> %(scored)s""",
    severity="s.severity",
    scored="NOT scored",
)


def inherit(*, at: datetime) -> Touched:
    """Rate Config's checks anew, and what they say now, where a control behind them became known or changed."""
    with database.cursor() as cursor:
        cursor.execute(INHERIT)
        checks = [key for (key,) in cursor.fetchall()]
        if not checks:
            return set()
        cursor.execute(RATE_ANEW, {"checks": checks, "at": at})
        return set(cursor.fetchall())


def score_copies(connection: Connection, places: Collection[tuple[str, str]], *, scored: bool, at: datetime) -> Touched:
    """Score what Security Hub copied from Config in these accounts and regions, or score it no longer."""
    names: dict[str, Any] = {"connection": connection.pk, "scored": scored, "at": at}
    names |= {"accounts": [account for account, _ in places], "regions": [region for _, region in places]}
    with database.cursor() as cursor:
        cursor.execute(SCORE_ANEW, names)
        return set(cursor.fetchall())
