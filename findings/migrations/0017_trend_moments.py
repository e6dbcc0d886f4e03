from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("findings", "0016_search")]
    operations = [
        migrations.AddField(
            model_name="postureday",
            name="counted_at",
            field=models.DateTimeField(
                default=timezone.now, help_text="When it was counted: with what was known then."
            ),
            preserve_default=False,
        ),
    ]
