"""Postures added up by account and by check: pages read as many rows as there are of these, not of findings."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

STATUSES = [('pass', 'Pass'), ('fail', 'Fail'), ('unknown', 'Unknown'), ('not_applicable', 'Not applicable'), ('report', 'Reported')]
SEVERITIES = [(5, 'Critical'), (4, 'High'), (3, 'Medium'), (2, 'Low'), (1, 'Informational'), (0, 'Not rated')]


def _told_apart():
    return [
        ('solutions', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
        ('status', models.CharField(choices=STATUSES, max_length=16)),
        ('severity', models.SmallIntegerField(choices=SEVERITIES)),
        ('suppressed', models.BooleanField()),
        ('n', models.PositiveIntegerField()),
    ]


class Migration(migrations.Migration):

    dependencies = [
        ('findings', '0034_parameters_of_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountSum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                *_told_apart(),
                ('account', models.CharField(max_length=12)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('account', 'solutions', 'status', 'severity', 'suppressed'), name='account_sum_once')],
            },
        ),
        migrations.CreateModel(
            name='CheckSum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                *_told_apart(),
                ('check_ran', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='findings.check')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('check_ran', 'solutions', 'status', 'severity', 'suppressed'), name='check_sum_once')],
            },
        ),
    ]
