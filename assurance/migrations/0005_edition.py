"""What the third line's home shows of engagements moves the edition."""

from django.db import migrations

from audit.edition import moved_by

SHOWN = (
    "assurance_engagement",
    "assurance_engagement_solutions",
    "assurance_teammember",
    "assurance_controltest",
    "assurance_auditfinding",
    "evidence_evidencerequest",
)


class Migration(migrations.Migration):
    dependencies = [
        ("assurance", "0004_words_of_an_engagement"),
        ("audit", "0004_edition"),
        ("evidence", "0002_locker_is_kept"),
    ]
    operations = [moved_by(table) for table in SHOWN]
