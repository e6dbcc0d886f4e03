"""A finding may stand under an exception for a while; it never outlives the expiry."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0023_one_open_span")]
    operations = [
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('exception', models.CharField(max_length=20)),
                ('kind', models.CharField(choices=[('acceptance', 'Acceptance'), ('false_positive', 'False positive'), ('not_applicable', 'Not applicable'), ('compensating', 'Compensating control'), ('dispensation', 'Dispensation')], max_length=16)),
                ('valid_from', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('valid_to', models.DateTimeField(null=True)),
                ('ended_because', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.AddField(
            model_name='acceptance',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='findings.finding'),
        ),
        migrations.AddIndex(
            model_name='acceptance',
            index=models.Index(fields=['exception'], name='acceptance_of_exception'),
        ),
        migrations.AddConstraint(
            model_name='acceptance',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_to', None)), fields=('finding', 'exception'), name='acceptance_one_open'),
        ),
        migrations.AddConstraint(
            model_name='acceptance',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('valid_from'))), name='acceptance_expires_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='acceptance',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to', None), models.Q(('valid_to__gte', models.F('valid_from')), ('valid_to__lte', models.F('expires_at'))), _connector='OR'), name='acceptance_ends_by_its_expiry'),
        ),
        migrations.AddConstraint(
            model_name='acceptance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_because', ''), ('valid_to', None)), models.Q(('valid_to__isnull', False), models.Q(('ended_because', ''), _negated=True)), _connector='OR'), name='acceptance_end_has_a_reason'),
        ),
    ]
