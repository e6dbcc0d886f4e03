"""A draft of an audit finding that is not issued is dropped, and kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assurance", "0002_papers_are_kept")]
    operations = [
        migrations.RemoveConstraint(
            model_name='auditfinding',
            name='audit_finding_issued_when_no_draft',
        ),
        migrations.RemoveIndex(
            model_name='auditfinding',
            name='audit_finding_owner',
        ),
        migrations.AlterField(
            model_name='auditfinding',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('issued', 'Issued, awaits a response'), ('responded', 'Responded, awaits agreement'), ('agreed', 'Agreed'), ('done', 'Said to be done, awaits a re-test'), ('closed', 'Closed'), ('dropped', 'Dropped as a draft')], default='draft', editable=False, max_length=9),
        ),
        migrations.AlterField(
            model_name='auditfindingevent',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('issued', 'Issued, awaits a response'), ('responded', 'Responded, awaits agreement'), ('agreed', 'Agreed'), ('done', 'Said to be done, awaits a re-test'), ('closed', 'Closed'), ('dropped', 'Dropped as a draft')], default='draft', editable=False, max_length=9),
        ),
        migrations.AlterField(
            model_name='auditfindingstep',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('issued', 'Issued, awaits a response'), ('responded', 'Responded, awaits agreement'), ('agreed', 'Agreed'), ('done', 'Said to be done, awaits a re-test'), ('closed', 'Closed'), ('dropped', 'Dropped as a draft')], max_length=9),
        ),
        migrations.AddIndex(
            model_name='auditfinding',
            index=models.Index(condition=models.Q(('state__in', ['draft', 'closed', 'dropped']), _negated=True), fields=['owner'], name='audit_finding_owner'),
        ),
        migrations.AddConstraint(
            model_name='auditfinding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('issued_at', None), ('state__in', ['draft', 'dropped'])), models.Q(models.Q(('state__in', ['draft', 'dropped']), _negated=True), ('issued_at__isnull', False)), _connector='OR'), name='audit_finding_issued_when_no_draft'),
        ),
    ]
