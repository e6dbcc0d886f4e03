"""The words of the findings floor: ours for status, AWS's own where AWS has one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    SECURITY_HUB = "security_hub", _("Security Hub")
    CONFIG = "config", _("AWS Config")


class Status(models.TextChoices):
    """What a check says of a resource. A report is a threat or vulnerability: no check, no status."""

    PASS = "pass", _("Pass")
    FAIL = "fail", _("Fail")
    UNKNOWN = "unknown", _("Unknown")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")
    REPORT = "report", _("Reported")


class Severity(models.IntegerChoices):
    """Security Hub's labels in order, so that lists sort worst first. Config has none."""

    CRITICAL = 5, _("Critical")
    HIGH = 4, _("High")
    MEDIUM = 3, _("Medium")
    LOW = 2, _("Low")
    INFORMATIONAL = 1, _("Informational")
    NONE = 0, _("Not rated")


class Workflow(models.TextChoices):
    NEW = "NEW", _("New")
    NOTIFIED = "NOTIFIED", _("Notified")
    RESOLVED = "RESOLVED", _("Resolved")
    SUPPRESSED = "SUPPRESSED", _("Suppressed")


class RecordState(models.TextChoices):
    ACTIVE = "ACTIVE", _("Active")
    ARCHIVED = "ARCHIVED", _("Archived")


class CoverageState(models.TextChoices):
    """What we can say of one account, region and source."""

    NEVER = "never", _("Never read")
    RUNNING = "running", _("Being read for the first time")
    FRESH = "fresh", _("Fresh")
    STALE = "stale", _("Stale")
    DENIED = "denied", _("Access denied")
    DISABLED = "disabled", _("Service off")
    FAILED = "failed", _("Reading failed")
