"""A finding has one open span, and the database says so again; indexes that no page asks are gone.

Its unique index went with the index of the foreign key in 0009: Django drops every index of that one column but
those of Meta.indexes, and this one is a constraint's. In its stead nothing refused a second open span, and a finding's
open span was looked for among all its spans.
"""

from django.db import migrations, models

ONE_OPEN_SPAN = """
CREATE UNIQUE INDEX IF NOT EXISTS finding_one_open_span ON findings_findingspan (finding_id)
WHERE superseded_at IS NULL AND valid_to IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0022_parents_by_statement")]
    operations = [
        migrations.RunSQL(ONE_OPEN_SPAN, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="findingspan",
            index=models.Index(
                condition=models.Q(("status", "report")),
                fields=["-severity", "-status_since", "finding"],
                name="span_reports",
            ),
        ),
        migrations.RemoveIndex(model_name="findingspan", name="span_open_reports"),
        migrations.RemoveIndex(model_name="posture", name="posture_status"),
        migrations.RemoveIndex(model_name="postureday", name="posture_day_solutions"),
    ]
