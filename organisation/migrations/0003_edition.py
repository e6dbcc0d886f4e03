"""Whose solutions and accounts, and who may see them, moves the edition of what pages show."""

from django.db import migrations

from audit.edition import moved_by


class Migration(migrations.Migration):
    dependencies = [("organisation", "0002_solution_added_at"), ("audit", "0004_edition")]
    operations = [
        moved_by("organisation_solution"),
        moved_by("organisation_solutionaccount"),
        moved_by("organisation_tagrule"),
        moved_by("organisation_grant"),
        moved_by("organisation_roleassignment"),
        moved_by("organisation_account", "INSERT OR UPDATE OF name, state, ou_path OR DELETE"),
        moved_by("organisation_user", "INSERT OR UPDATE OF name, email, is_active, time_zone OR DELETE"),
    ]
