"""A connection may name a role that changes the workflow of findings."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0025_acceptances_are_kept")]
    operations = [
        migrations.AddField(
            model_name='connection',
            name='write_role',
            field=models.CharField(blank=True, help_text="The role in the hub account that may change findings' workflow. Empty: exceptions are not written back.", max_length=512, validators=[django.core.validators.RegexValidator('^[\\w+=,.@/-]{1,512}$', "A role's name, as IAM allows it.")], verbose_name='write role'),
        ),
    ]
