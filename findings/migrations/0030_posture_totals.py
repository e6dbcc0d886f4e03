"""What a day counted, in a row for each set of solutions: a trend over every account adds up no others."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('findings', '0029_suppressed_spans'),
    ]

    operations = [
        migrations.CreateModel(
            name='PostureTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField()),
                ('counted_at', models.DateTimeField()),
                ('solutions', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('passed', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField()),
                ('assessed', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('on', 'solutions'), name='posture_total_once')],
            },
        ),
    ]
