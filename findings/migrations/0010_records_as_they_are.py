"""A raw record is compressed already: PostgreSQL need not try again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("findings", "0009_one_index_each")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE findings_findingrecord ALTER body SET STORAGE EXTERNAL",
            "ALTER TABLE findings_findingrecord ALTER body SET STORAGE EXTENDED",
        )
    ]
