from django.db import models


class Account(models.Model):
    """An AWS account, as Organizations or a connection's own credentials report it."""

    account_id = models.CharField(max_length=12, unique=True, help_text="12 digits.")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    state = models.CharField(max_length=30, blank=True, help_text="Organizations' State, e.g. ACTIVE.")
    ou_path = models.CharField(max_length=500, blank=True, help_text="Names of its OUs from the root, by /.")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "account_id"]

    def __str__(self) -> str:
        return self.name or self.account_id
