"""A solution's threats and other reports are found by an index of their own."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("findings", "0039_loads"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="findingspan",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("status", "report"), ("superseded_at", None), ("valid_to", None)),
                fields=["solutions"],
                name="span_open_reports",
            ),
        ),
    ]
