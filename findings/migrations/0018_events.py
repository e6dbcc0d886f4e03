"""What an event queue needs: who listens, when a finding was last told of, and what was set aside."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("findings", "0017_trend_moments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listener",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_until", models.DateTimeField(null=True)),
                ("fence", models.BigIntegerField(default=0)),
                (
                    "since",
                    models.DateTimeField(
                        help_text="Since when the queue is listened to, or since when it is not.", null=True
                    ),
                ),
                ("seen_at", models.DateTimeField(help_text="When the queue last answered.", null=True)),
                ("heard_at", models.DateTimeField(null=True)),
                ("behind", models.FloatField(null=True)),
                ("waiting", models.PositiveIntegerField(null=True)),
                ("trouble", models.CharField(blank=True, max_length=500)),
                ("received", models.PositiveBigIntegerField(default=0)),
                (
                    "changed",
                    models.PositiveBigIntegerField(default=0, help_text="Findings that they added or changed."),
                ),
                (
                    "outdated",
                    models.PositiveBigIntegerField(default=0, help_text="What a complete reading had told already."),
                ),
                ("set_aside", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="finding",
            name="told_at",
            field=models.DateTimeField(help_text="The time of the latest event that told of it.", null=True),
        ),
        migrations.AddField(
            model_name="findingrecord",
            name="told_at",
            field=models.DateTimeField(help_text="The time of the event that told it; null where it was read.", null=True),
        ),
        migrations.AddField(
            model_name="setaside",
            name="connection",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events_set_aside",
                to="findings.connection",
            ),
        ),
        migrations.AlterField(
            model_name="setaside",
            name="digest",
            field=models.UUIDField(help_text="Of the record, or of its kind: the same one is listed once."),
        ),
        migrations.AlterField(
            model_name="setaside",
            name="scope",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="set_aside", to="findings.scope"
            ),
        ),
        migrations.AddConstraint(
            model_name="setaside",
            constraint=models.UniqueConstraint(fields=("connection", "digest"), name="event_set_aside_once"),
        ),
        migrations.AddConstraint(
            model_name="setaside",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("connection__isnull", False), ("scope", None)),
                    models.Q(("connection", None), ("scope__isnull", False)),
                    _connector="OR",
                ),
                name="set_aside_by_a_reading_or_a_queue",
            ),
        ),
        migrations.AddField(
            model_name="listener",
            name="connection",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="listener", to="findings.connection"
            ),
        ),
    ]
