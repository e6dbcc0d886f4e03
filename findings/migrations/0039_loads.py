"""A file of findings that a person brings lies in the storage until a worker has loaded it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('desk', '0006_comments_are_never_edited'),
        ('findings', '0038_lighter_writes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Load',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='desk.job')),
                ('name', models.CharField(help_text='Of the file, as it was brought.', max_length=100)),
                ('file', models.CharField(blank=True, help_text='Its name in the storage, until it is loaded.', max_length=200)),
                ('size', models.BigIntegerField(help_text='Bytes, as it was brought.')),
                ('connection', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='findings.connection')),
            ],
        ),
    ]
