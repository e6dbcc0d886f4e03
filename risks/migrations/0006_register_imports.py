

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.clock


class Migration(migrations.Migration):

    dependencies = [
        ('controls', '0014_controls_are_rolled_up_too'),
        ('desk', '0003_job_url'),
        ('risks', '0005_one_decision_at_a_time'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RegisterImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Of the file, as it was uploaded.', max_length=300)),
                ('state', models.CharField(choices=[('waiting', 'Being read'), ('refused', 'Refused'), ('ready', 'Ready to apply'), ('to_apply', 'Being applied'), ('applied', 'Applied'), ('dropped', 'Dropped')], default='waiting', max_length=10)),
                ('because', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('problems', models.JSONField(default=list)),
                ('preview', models.JSONField(default=dict)),
                ('done', models.JSONField(default=list)),
                ('requested_at', models.DateTimeField(default=audit.clock.now)),
                ('decided_at', models.DateTimeField(help_text='When it was applied, or dropped.', null=True)),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='controls.sourcefile')),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='desk.job')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='risks.registerimport')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decided_at__gte', models.F('requested_at')), ('state__in', ['applied', 'dropped'])), models.Q(models.Q(('state__in', ['applied', 'dropped']), _negated=True), ('decided_at', None)), _connector='OR'), name='register_import_decided_when_it_ended'), models.CheckConstraint(condition=models.Q(models.Q(('file__isnull', False), ('reverses', None)), models.Q(('file', None), ('reverses__isnull', False), models.Q(('because', ''), _negated=True), ('state__in', ['to_apply', 'applied'])), _connector='OR'), name='register_import_is_of_a_file_or_takes_one_back')],
            },
        ),
    ]
