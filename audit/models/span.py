from django.db import models


class Span(models.Model):
    """A period in which something was true, and when we learnt so. Written by the sync only.

    valid_from, valid_to: when it was true; an open end means still. recorded_at: when we learnt
    that it began; end_recorded_at: when we learnt that it ended; superseded_at: when we learnt
    that the whole row was wrong. Ask with `Moment.holds()`. Sources: docs/time.md.
    """

    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    end_recorded_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
