from django.db import models


class TrailEntry(models.Model):
    """One act: who did what to what, and when. Names are text, so the trail outlives its objects."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=40, help_text="Public id of a person, or the name of a process.")
    actor_name = models.CharField(max_length=200)
    line = models.CharField(max_length=20, blank=True)
    action = models.CharField(max_length=80)
    kind = models.CharField(max_length=80, help_text="What it was done to, e.g. solution.")
    object_id = models.CharField(max_length=80, help_text="Public id of what it was done to.")
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "trail entries"
        indexes = [
            models.Index(fields=["kind", "object_id", "-id"], name="trail_by_object"),
            models.Index(fields=["actor", "-id"], name="trail_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_id}"


class TrailLink(models.Model):
    """The entry's place in the chain, made by the database when its transaction commits."""

    entry = models.OneToOneField(TrailEntry, on_delete=models.PROTECT, primary_key=True)
    position = models.BigIntegerField(unique=True)
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"link {self.position}"
