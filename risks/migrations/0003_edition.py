"""Risks, and what people decide about them, move the edition of what pages show."""

from django.db import migrations

from audit.edition import moved_by

SHOWN = (
    "matrix", "category", "appetite", "authority", "risk", "riskcontrol", "riskfindings", "assessment", "treatment",
    "treatmentaction", "treatmentcheck", "riskexception", "challenge", "triage",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("risks", "0002_register_is_kept"), ("audit", "0004_edition")]
    operations = [moved_by(f"risks_{table}") for table in SHOWN]
