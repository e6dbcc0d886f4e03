"""What failed and fails no more is found by its end, without what ended otherwise."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('findings', '0042_a_smaller_sample'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='findingspan',
            index=models.Index(condition=models.Q(('status', 'fail'), ('valid_to__isnull', False)), fields=['valid_to'], name='span_ended_fails'),
        ),
    ]
