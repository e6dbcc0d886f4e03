"""The totals of the days that were counted before there were any."""

from django.db import migrations

FILL = """
INSERT INTO findings_posturetotal ("on", counted_at, solutions, passed, failed, assessed)
SELECT "on", max(counted_at), solutions, coalesce(sum(n) FILTER (WHERE status = 'pass'), 0),
       coalesce(sum(n) FILTER (WHERE status = 'fail'), 0), sum(n)
FROM findings_postureday WHERE NOT suppressed AND status IN ('pass', 'fail', 'unknown') GROUP BY "on", solutions
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0030_posture_totals")]
    operations = [migrations.RunSQL(FILL, "DELETE FROM findings_posturetotal")]
