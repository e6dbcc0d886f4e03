"""What Security Hub is to be told of the workflow of findings: the row is the work."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0026_write_role")]
    operations = [
        migrations.CreateModel(
            name='WorkflowChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('region', models.CharField(blank=True, max_length=30)),
                ('exception', models.CharField(max_length=20)),
                ('wanted', models.CharField(choices=[('NEW', 'New'), ('NOTIFIED', 'Notified'), ('RESOLVED', 'Resolved'), ('SUPPRESSED', 'Suppressed')], max_length=12)),
                ('before', models.CharField(choices=[('NEW', 'New'), ('NOTIFIED', 'Notified'), ('RESOLVED', 'Resolved'), ('SUPPRESSED', 'Suppressed')], max_length=12)),
                ('note', models.CharField(max_length=512)),
                ('state', models.CharField(choices=[('waiting', 'Waiting for AWS'), ('done', 'Done'), ('refused', 'Refused by AWS'), ('skipped', 'Not written back'), ('withdrawn', 'No longer wanted')], default='waiting', max_length=10)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(help_text='When it no longer waited.', null=True)),
            ],
        ),
        migrations.AddField(
            model_name='workflowchange',
            name='connection',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='findings.connection'),
        ),
        migrations.AddField(
            model_name='workflowchange',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='workflow_changes', to='findings.finding'),
        ),
        migrations.AddIndex(
            model_name='workflowchange',
            index=models.Index(fields=['exception'], name='workflow_change_of_exception'),
        ),
        migrations.AddIndex(
            model_name='workflowchange',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['connection', 'due_at'], name='workflow_change_due'),
        ),
        migrations.AddConstraint(
            model_name='workflowchange',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('finding', 'exception'), name='workflow_change_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='workflowchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('settled_at__gte', models.F('asked_at')), ('settled_at__isnull', False)), _connector='OR'), name='workflow_change_settled_or_waiting'),
        ),
    ]
