"""Statistics are the owner's to gather; the application may ask for them."""

from django.db import migrations

ANALYZE = """
CREATE FUNCTION findings_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE findings_finding, findings_findingspan, findings_findingresource, findings_findingrecord,
        findings_resource, findings_check, findings_posture, findings_postureday;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0004_merge")]
    operations = [migrations.RunSQL(ANALYZE, "DROP FUNCTION findings_analyze();")]
