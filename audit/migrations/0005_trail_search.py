"""What makes the trail quick to search by request and by time."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_edition'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='trailentry',
            index=models.Index(condition=models.Q(('request_id', ''), _negated=True), fields=['request_id'], name='trail_by_request'),
        ),
        migrations.AddIndex(
            model_name='trailentry',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='trail_by_time'),
        ),
    ]
