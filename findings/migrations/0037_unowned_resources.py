"""Resources in use that belong to no solution are found by an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0036_fill_sums_of_postures")]
    operations = [
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(condition=models.Q(('gone_at', None), ('solutions', [])), fields=['account'], name='resource_unowned'),
        ),
    ]
