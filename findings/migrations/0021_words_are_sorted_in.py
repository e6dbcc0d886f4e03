"""Statistics are gathered when much has been merged: then words that wait for their index are sorted in, too."""

from django.db import migrations

ANALYZE = """
CREATE OR REPLACE FUNCTION findings_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    {first}
    ANALYZE findings_finding, findings_findingspan, findings_findingresource, findings_findingrecord,
        findings_resource, findings_check, findings_posture, findings_postureday;
END $$;
"""
SORT_IN = """
    PERFORM gin_clean_pending_list('public.resource_search'::regclass),
            gin_clean_pending_list('public.finding_own_title_search'::regclass);
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0020_record_dictionary")]
    operations = [migrations.RunSQL(ANALYZE.format(first=SORT_IN), ANALYZE.format(first=""))]
