from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("controls", "0008_standings_are_rolled_up")]
    operations = [
        migrations.AddField(
            model_name="verdict",
            name="what",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Of a manual test the procedure followed, of an attestation what is stated.",
                max_length=4000,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="verdict",
            name="stated_by",
            field=models.CharField(
                blank=True, default="", help_text="Who attests it, where somebody else wrote it down.", max_length=200
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="verdict",
            name="because",
            field=models.TextField(help_text="What was seen: the basis of the verdict.", max_length=4000),
        ),
    ]
