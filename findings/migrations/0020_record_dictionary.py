"""Raw records are compressed with what they have in common; that is kept as long as they are."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from psycopg import sql


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    statement = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON findings_recorddictionary FROM {}").format(role)
    with editor.connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("findings", "0019_postures_once")]
    operations = [
        migrations.CreateModel(
            name="RecordDictionary",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "source",
                    models.CharField(
                        choices=[("security_hub", "Security Hub"), ("config", "AWS Config")], max_length=20
                    ),
                ),
                ("learnt_at", models.DateTimeField()),
                ("body", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("source",), name="record_dictionary_once")],
            },
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
