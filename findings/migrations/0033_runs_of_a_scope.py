from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0032_request_ids")]
    operations = [
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(fields=["scope", "-started_at"], name="run_of_scope"),
        ),
    ]
