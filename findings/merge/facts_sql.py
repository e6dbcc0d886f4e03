"""The steps of a merge, in order. Names in them: at, connection, connected (the connection's beginning), settled.

settled: what was read shows for certain what events before that moment told; later ones it may have missed.

When a state began: AWS's own time where it gives one for what changed (status: the time since
when the status stands; severity and record state: UpdatedAt), else the time of our reading, which
the span marks as observed. No state is dated before the connection, after our reading, or before
the state that it follows. A result of Config has the severity of its check (see ratings).
"""

from findings.merge.staging_tables import filled
from findings.merge.sums import moves

JUDGED = """
WITH staged AS (
    SELECT uid, source, native_id, product_arn, product, rule_name, origin, check_key, account, region, title,
           created_at, updated_at, evaluated_at, content_hash, status, compliance_status, workflow,
           record_state, status_since, scored, told_at,
           CASE WHEN source = 'config'
                THEN (SELECT c.severity FROM findings_check c WHERE c.source = i.source AND c.key = i.check_key)
                ELSE severity END AS severity
    FROM stage_finding i
), linked AS (
    SELECT l.uid, (array_agg(r.id ORDER BY l.position))[1] AS resource_id,
           array_agg(DISTINCT r.id) AS resource_ids,
           coalesce(array_agg(DISTINCT solution ORDER BY solution) FILTER (WHERE solution IS NOT NULL), '{}')
               AS solutions
    FROM stage_link l
    JOIN findings_resource r ON r.key = l.resource_key
    LEFT JOIN LATERAL unnest(r.solutions) AS solution ON true
    GROUP BY l.uid
), compared AS (
    SELECT i.*, c.id AS check_id, l.resource_id, coalesce(l.resource_ids, '{}') AS resource_ids,
           coalesce(l.solutions, '{}') AS solutions,
           f.id AS known_id, f.id IS NULL AS is_new, f.updated_at AS known_updated_at,
           f.content_hash IS DISTINCT FROM i.content_hash AS content_changed,
           f.content_hash IS DISTINCT FROM i.content_hash OR f.resource_id IS DISTINCT FROM l.resource_id AS relinked,
           s.id AS span_id, s.valid_from AS span_from, s.check_ran_id AS old_check_id,
           s.id IS NULL OR (s.status, s.compliance_status) <> (i.status, i.compliance_status)
               OR coalesce(s.status_since < i.status_since, false) AS status_moved,
           s.id IS NULL OR (s.severity, s.record_state, s.check_ran_id, s.scored)
               <> (i.severity, i.record_state, c.id, i.scored) AS rating_moved,
           s.id IS NULL OR s.workflow <> i.workflow OR s.solutions <> coalesce(l.solutions, '{}') AS handling_moved,
           s.status_since AS known_since
    FROM staged i
    JOIN findings_check c ON c.source = i.source AND c.key = i.check_key
    LEFT JOIN linked l ON l.uid = i.uid
    LEFT JOIN findings_finding f ON f.uid = i.uid
    LEFT JOIN findings_findingspan s ON s.finding_id = f.id AND s.valid_to IS NULL AND s.superseded_at IS NULL
    WHERE f.id IS NULL OR (
        (i.updated_at > f.updated_at OR (i.updated_at = f.updated_at
            AND coalesce(i.told_at, %(settled)s) >= coalesce(f.told_at, '-infinity')))
        AND (i.told_at IS NULL OR f.gone_at IS NULL OR i.told_at > f.gone_at)
    )
), told AS (
    SELECT *, status_moved OR rating_moved OR handling_moved AS state_changed,
           CASE WHEN is_new THEN coalesce(status_since, created_at, updated_at)
                WHEN span_id IS NULL THEN NULL
                WHEN status_moved THEN coalesce(status_since, updated_at)
                WHEN rating_moved AND updated_at > known_updated_at THEN updated_at
           END AS told_from
    FROM compared
), believed AS (
    SELECT *, told_from IS NOT NULL AND told_from <= %(at)s AND told_from >= %(connected)s
              AND (span_from IS NULL OR told_from > span_from) AS from_aws
    FROM told
)
SELECT is_new, state_changed, relinked, content_changed, status_moved, scored, from_aws,
       coalesce(known_id, nextval('findings_finding_id_seq')) AS finding_id, check_id,
       CASE WHEN from_aws THEN told_from
            WHEN is_new AND told_from < %(connected)s THEN %(connected)s
            ELSE greatest(%(at)s, span_from + interval '1 microsecond')
       END AS valid_from,
       updated_at, uid, content_hash, severity,
       span_id, old_check_id, resource_id, status_since, known_since, created_at, evaluated_at, told_at,
       status, compliance_status, workflow, record_state, account, region, solutions, resource_ids,
       source, native_id, product_arn, product, rule_name, origin, title
FROM believed
"""
"""What most steps ask for comes first, and what is short before what is long: PostgreSQL reads a row up to the last
member that it needs. The raw records stay where they were staged until those to keep are known."""

ADD_FINDINGS = """
INSERT INTO findings_finding (
    id, uid, connection_id, source, native_id, product_arn, product, rule_name, origin, check_ran_id, resource_id,
    account, region, title, first_seen_at, created_at, updated_at, evaluated_at, told_at, content_hash
)
SELECT finding_id, uid, %(connection)s, source, native_id, product_arn, product, rule_name, origin, check_id,
       resource_id, account, region, title, %(at)s, created_at, updated_at, evaluated_at, told_at, content_hash
FROM merging WHERE is_new
"""

REFRESH_FINDINGS = """
UPDATE findings_finding f SET
    check_ran_id = m.check_id, resource_id = m.resource_id, title = m.title, product = m.product,
    rule_name = m.rule_name, origin = m.origin, updated_at = m.updated_at, evaluated_at = m.evaluated_at,
    content_hash = m.content_hash, gone_at = NULL, told_at = greatest(f.told_at, m.told_at)
FROM merging m
WHERE f.id = m.finding_id AND NOT m.is_new
  AND (m.relinked OR f.gone_at IS NOT NULL OR f.updated_at <> m.updated_at
       OR f.told_at IS DISTINCT FROM greatest(f.told_at, m.told_at)
       OR f.evaluated_at IS DISTINCT FROM m.evaluated_at OR f.check_ran_id <> m.check_id)
"""

CLOSE_SPANS = """
UPDATE findings_findingspan s SET valid_to = m.valid_from, end_recorded_at = %(at)s
FROM merging m WHERE s.id = m.span_id AND m.state_changed
"""

OPEN_SPANS = """
INSERT INTO findings_findingspan (
    finding_id, status, compliance_status, severity, workflow, record_state, status_since, solutions, scored,
    valid_from_source, check_ran_id, account, region, valid_from, recorded_at
)
SELECT finding_id, status, compliance_status, severity, workflow, record_state,
       CASE WHEN status_moved THEN coalesce(status_since, valid_from) ELSE known_since END,
       solutions, scored, CASE WHEN from_aws THEN 'aws' ELSE 'observed' END,
       check_id, account, region, valid_from, %(at)s
FROM merging WHERE state_changed
"""

UNLINK = """
DELETE FROM findings_findingresource l USING merging m
WHERE l.finding_id = m.finding_id AND m.relinked AND NOT m.is_new AND NOT l.resource_id = ANY(m.resource_ids)
"""

LINK_NEW = """
INSERT INTO findings_findingresource (finding_id, resource_id)
SELECT m.finding_id, r FROM merging m, unnest(m.resource_ids) AS r WHERE m.is_new
"""

LINK = """
INSERT INTO findings_findingresource (finding_id, resource_id)
SELECT m.finding_id, r FROM merging m, unnest(m.resource_ids) AS r WHERE m.relinked AND NOT m.is_new
ON CONFLICT DO NOTHING
"""

KEEP_RECORDS = """
INSERT INTO findings_findingrecord (finding_id, captured_at, told_at, body)
SELECT m.finding_id, %(at)s, i.told_at, i.raw
FROM merging m JOIN stage_finding i USING (uid) WHERE m.is_new OR m.content_changed
"""

COUNT_NEW = """
SELECT check_id AS check_ran_id, account, region, solutions, status, severity, workflow = 'SUPPRESSED' AS suppressed,
       count(*) AS n, min(coalesce(status_since, valid_from)) AS oldest_since,
       max(coalesce(status_since, valid_from)) AS newest_since
FROM merging WHERE is_new AND scored AND record_state = 'ACTIVE'
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
"""New findings are added to the postures as they are; of what changed the postures are counted anew."""

ADD_NEW = """
INSERT INTO findings_posture AS p (
    check_ran_id, account, region, solutions, status, severity, suppressed, n, oldest_since, newest_since
)
SELECT * FROM counting
ON CONFLICT (check_ran_id, account, region, solutions, status, severity, suppressed) DO UPDATE SET
    n = p.n + excluded.n,
    oldest_since = least(p.oldest_since, excluded.oldest_since),
    newest_since = greatest(p.newest_since, excluded.newest_since)
"""

MERGE = ";\n".join(
    (
        filled("merging", JUDGED),
        "ANALYZE merging (finding_id)",
        ADD_FINDINGS,
        REFRESH_FINDINGS,
        CLOSE_SPANS,
        OPEN_SPANS,
        LINK_NEW,
        UNLINK,
        LINK,
        KEEP_RECORDS,
        filled("counting", COUNT_NEW),
        "SELECT pg_advisory_xact_lock(hashtext('findings_posture'))",
        ADD_NEW,
        *moves("counting"),
    )
)
"""Sent as one: after a statement PostgreSQL would wait for Python, which waits for the threads that read ahead."""

CHANGED = """
SELECT check_id, account, region FROM merging WHERE state_changed AND NOT is_new
UNION SELECT old_check_id, account, region FROM merging WHERE old_check_id <> check_id
"""
"""The postures to count anew."""
