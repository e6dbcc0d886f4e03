from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0033_runs_of_a_scope")]
    operations = [
        migrations.AddField(model_name="configrule", name="parameters", field=models.JSONField(default=dict)),
    ]
