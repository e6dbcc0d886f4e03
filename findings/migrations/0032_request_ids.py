from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0031_fill_posture_totals")]
    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="request_ids",
            field=ArrayField(base_field=models.CharField(max_length=64), default=list, size=None),
        ),
    ]
