"""Fields of an engagement as people read them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assurance", "0003_drafts_are_dropped")]
    operations = [
        migrations.AlterField(
            model_name='engagement',
            name='about_from',
            field=models.DateTimeField(verbose_name='audited from'),
        ),
        migrations.AlterField(
            model_name='engagement',
            name='about_to',
            field=models.DateTimeField(verbose_name='audited to'),
        ),
        migrations.AlterField(
            model_name='engagement',
            name='access_until',
            field=models.DateTimeField(help_text='Until when auditors from outside may enter.', null=True, verbose_name='open to them until'),
        ),
        migrations.AlterField(
            model_name='engagement',
            name='previous',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followed_by', to='assurance.engagement', verbose_name='engagement before it'),
        ),
        migrations.AlterField(
            model_name='engagementevent',
            name='about_from',
            field=models.DateTimeField(verbose_name='audited from'),
        ),
        migrations.AlterField(
            model_name='engagementevent',
            name='about_to',
            field=models.DateTimeField(verbose_name='audited to'),
        ),
        migrations.AlterField(
            model_name='engagementevent',
            name='access_until',
            field=models.DateTimeField(help_text='Until when auditors from outside may enter.', null=True, verbose_name='open to them until'),
        ),
        migrations.AlterField(
            model_name='engagementevent',
            name='previous',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='assurance.engagement', verbose_name='engagement before it'),
        ),
    ]
