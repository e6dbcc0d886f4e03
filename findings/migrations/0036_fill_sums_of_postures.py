"""The sums of the postures that were counted before there were any."""

from django.db import migrations

LOCK = "SELECT pg_advisory_xact_lock(hashtext('findings_posture'))"
BY_ACCOUNT = """
INSERT INTO findings_accountsum (account, solutions, status, severity, suppressed, n)
SELECT account, solutions, status, severity, suppressed, sum(n) FROM findings_posture GROUP BY 1, 2, 3, 4, 5
"""
BY_CHECK = """
INSERT INTO findings_checksum (check_ran_id, solutions, status, severity, suppressed, n)
SELECT check_ran_id, solutions, status, severity, suppressed, sum(n) FROM findings_posture GROUP BY 1, 2, 3, 4, 5
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0035_sums_of_postures")]
    operations = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.RunSQL(BY_ACCOUNT, "DELETE FROM findings_accountsum"),
        migrations.RunSQL(BY_CHECK, "DELETE FROM findings_checksum"),
    ]
