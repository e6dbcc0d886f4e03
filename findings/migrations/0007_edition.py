"""What is held of AWS, and how far it is read, moves the edition of what pages show."""

from django.db import migrations

from audit.edition import moved_by

SHOWN_OF_FINDING = "title, product, rule_name, origin, check_ran_id, resource_id, gone_at"
SHOWN_OF_SCOPE = "state, since, reason, read_at, evaluated_at, checks_enabled, recording, retired_at, read_through_id"


class Migration(migrations.Migration):
    dependencies = [("findings", "0006_indexes_for_homes"), ("audit", "0004_edition")]
    operations = [
        moved_by("findings_check"),
        moved_by("findings_resource"),
        moved_by("findings_findingspan"),
        moved_by("findings_posture"),
        moved_by("findings_postureday"),
        moved_by("findings_coveragespan"),
        moved_by("findings_connection"),
        moved_by("findings_finding", f"INSERT OR UPDATE OF {SHOWN_OF_FINDING} OR DELETE"),
        moved_by("findings_scope", f"INSERT OR UPDATE OF {SHOWN_OF_SCOPE} OR DELETE"),
        moved_by("findings_syncrun", "INSERT OR UPDATE OF state, finished_at, caller, error OR DELETE"),
    ]
