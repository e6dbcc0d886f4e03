"""The planner is told of a smaller sample: autovacuum, which follows within a minute or two, takes a large one."""

from django.db import migrations

SMALLER = "ALTER FUNCTION findings_analyze() SET default_statistics_target = 30;"
USUAL = "ALTER FUNCTION findings_analyze() RESET default_statistics_target;"


class Migration(migrations.Migration):
    dependencies = [("findings", "0041_copies_follow_config")]
    operations = [migrations.RunSQL(SMALLER, USUAL)]
