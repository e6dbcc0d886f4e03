"""Decisions on many mappings at once, and which mapping took the place of which. The application deletes no decision."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models
from psycopg import sql

from audit.edition import moved_by


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON controls_mappingdecision FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):

    dependencies = [
        ('controls', '0010_verdicts_are_never_edited'),
        ('audit', '0004_edition'),
        ('desk', '0003_job_url'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MappingDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('approve', 'Approved'), ('end', 'Rejected or withdrawn'), ('reverse', 'Withdrew what a decision approved')], max_length=10)),
                ('relation', models.CharField(blank=True, max_length=12)),
                ('because', models.TextField()),
                ('asked', models.JSONField(default=dict)),
                ('chosen', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('changed', models.PositiveIntegerField(null=True)),
                ('decided_at', models.DateTimeField()),
                ('carried_out_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='mapping',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='mapping',
            name='update_update',
        ),
        migrations.AddField(
            model_name='mapping',
            name='replaces',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='controls.mapping'),
        ),
        migrations.AddField(
            model_name='mapping',
            name='stated_relation',
            field=models.CharField(blank=True, choices=[('equal', 'Equal'), ('subset', 'Subset'), ('superset', 'Superset'), ('intersects', 'Intersects')], max_length=12),
        ),
        migrations.AddField(
            model_name='mappingevent',
            name='replaces',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='controls.mapping'),
        ),
        migrations.AddField(
            model_name='mappingevent',
            name='stated_relation',
            field=models.CharField(blank=True, choices=[('equal', 'Equal'), ('subset', 'Subset'), ('superset', 'Superset'), ('intersects', 'Intersects')], max_length=12),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mapping',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "controls_mappingevent" ("approved_at", "approved_because", "approved_by", "approved_in_id", "check_named_id", "control_id", "ended_at", "ended_because", "ended_by", "ended_in_id", "id", "mapping_set_id", "named", "other_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by", "rationale", "relation", "replaces_id", "requirement_id", "state", "stated_label", "stated_obligation", "stated_relation") SELECT new_values."approved_at", new_values."approved_because", new_values."approved_by", new_values."approved_in_id", new_values."check_named_id", new_values."control_id", new_values."ended_at", new_values."ended_because", new_values."ended_by", new_values."ended_in_id", new_values."id", new_values."mapping_set_id", new_values."named", new_values."other_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."proposed_at", new_values."proposed_by", new_values."rationale", new_values."relation", new_values."replaces_id", new_values."requirement_id", new_values."state", new_values."stated_label", new_values."stated_obligation", new_values."stated_relation" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='6e48de75d3188dfc1480ddd934a916e7812dbbaf', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_92a60', referencing='REFERENCING NEW TABLE AS new_values ', table='controls_mapping', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mapping',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "controls_mappingevent" ("approved_at", "approved_because", "approved_by", "approved_in_id", "check_named_id", "control_id", "ended_at", "ended_because", "ended_by", "ended_in_id", "id", "mapping_set_id", "named", "other_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by", "rationale", "relation", "replaces_id", "requirement_id", "state", "stated_label", "stated_obligation", "stated_relation") SELECT new_values."approved_at", new_values."approved_because", new_values."approved_by", new_values."approved_in_id", new_values."check_named_id", new_values."control_id", new_values."ended_at", new_values."ended_because", new_values."ended_by", new_values."ended_in_id", new_values."id", new_values."mapping_set_id", new_values."named", new_values."other_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."proposed_at", new_values."proposed_by", new_values."rationale", new_values."relation", new_values."replaces_id", new_values."requirement_id", new_values."state", new_values."stated_label", new_values."stated_obligation", new_values."stated_relation" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='f76901c7dd209333a5d30a4d1e9ff4166e6da731', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_50726', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='controls_mapping', when='AFTER')),
        ),
        migrations.AddField(
            model_name='mappingdecision',
            name='decided_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='mappingdecision',
            name='job',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='desk.job'),
        ),
        migrations.AddField(
            model_name='mappingdecision',
            name='reverses',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='controls.mappingdecision'),
        ),
        migrations.AddField(
            model_name='mapping',
            name='approved_in',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approved', to='controls.mappingdecision'),
        ),
        migrations.AddField(
            model_name='mapping',
            name='ended_in',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ended', to='controls.mappingdecision'),
        ),
        migrations.AddField(
            model_name='mappingevent',
            name='approved_in',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='controls.mappingdecision'),
        ),
        migrations.AddField(
            model_name='mappingevent',
            name='ended_in',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='controls.mappingdecision'),
        ),
        migrations.AddConstraint(
            model_name='mappingdecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('carried_out_at', None), ('changed', None)), models.Q(('carried_out_at__gte', models.F('decided_at')), ('changed__isnull', False)), _connector='OR'), name='mapping_decision_changed_when_carried_out'),
        ),
        migrations.AddConstraint(
            model_name='mappingdecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'reverse'), ('reverses__isnull', False)), models.Q(models.Q(('action', 'reverse'), _negated=True), ('reverses', None)), _connector='OR'), name='mapping_decision_reversals_name_what_they_reverse'),
        ),
        moved_by("controls_mappingdecision"),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
