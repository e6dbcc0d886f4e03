"""Where each control stood, kept as spans like those of requirements."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models
from psycopg import sql


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON controls_controlspan FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):

    dependencies = [
        ('controls', '0013_shared_responsibility_is_kept'),
        ('organisation', '0003_edition'),
    ]

    operations = [
        migrations.CreateModel(
            name='ControlSpan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(null=True)),
                ('recorded_at', models.DateTimeField()),
                ('end_recorded_at', models.DateTimeField(null=True)),
                ('superseded_at', models.DateTimeField(null=True)),
                ('monitoring', models.CharField(max_length=16)),
                ('control', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spans', to='controls.control')),
                ('solution', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisation.solution')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('control'), django.db.models.functions.comparison.Coalesce(models.F('solution'), 0), condition=models.Q(('superseded_at', None), ('valid_to', None)), name='control_span_one_open'), models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='control_span_ends_after_it_begins')],
            },
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
