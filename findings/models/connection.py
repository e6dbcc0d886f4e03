from __future__ import annotations

import secrets

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import RowVersion
from audit.public_id import PublicId

ROLE_NAME = RegexValidator(r"^[\w+=,.@/-]{1,512}$", _("A role's name, as IAM allows it."))


def new_external_id() -> str:
    """A random external id, made by the portal, one per connection (aws: sts AssumeRole, 2-1224 characters)."""
    return secrets.token_urlsafe(24)


class Connection(PublicId, RowVersion):
    """A way into one AWS organisation: the account whose Security Hub and aggregator see the rest.

    Holds no secret: credentials come from boto3's default chain, and only the names of the
    roles to assume are kept.
    """

    public_prefix = "C"

    name = models.CharField(_("name"), max_length=80, unique=True)
    hub_account = models.CharField(
        _("hub account"),
        max_length=12,
        validators=[RegexValidator(r"^\d{12}$", _("12 digits."))],
        help_text=_("The account that administers Security Hub and the Config aggregator."),
    )
    home_region = models.CharField(
        _("home region"), max_length=30, validators=[RegexValidator(r"^[a-z]{2}(-[a-z]+)+-\d$")]
    )
    hub_role = models.CharField(
        _("hub role"),
        max_length=512,
        blank=True,
        validators=[ROLE_NAME],
        help_text=_("Empty: the portal's own credentials are already the hub account's."),
    )
    member_role = models.CharField(
        _("member role"),
        max_length=512,
        blank=True,
        validators=[ROLE_NAME],
        help_text=_("The read-only role in every account. Empty: only what the hub sees is read."),
    )
    write_role = models.CharField(
        _("write role"),
        max_length=512,
        blank=True,
        validators=[ROLE_NAME],
        help_text=_(
            "The role in the hub account that may change findings' workflow. Empty: exceptions are not written back."
        ),
    )
    external_id = models.CharField(_("external id"), max_length=1224, default=new_external_id)
    queue_name = models.CharField(_("event queue"), max_length=80, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    test_report = models.JSONField(
        default=list, editable=False, help_text="[{step, ok, words}], as the last live test found it."
    )
    discovered_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
