"""What is or was suppressed in AWS is found by an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0028_workflow_changes_are_kept")]
    operations = [
        migrations.AddIndex(
            model_name='findingspan',
            index=models.Index(condition=models.Q(('workflow', 'SUPPRESSED')), fields=['finding', 'valid_from'], name='span_suppressed'),
        ),
    ]
