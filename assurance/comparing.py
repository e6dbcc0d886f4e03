"""What an engagement found, held against the one before it: new, repeated, closed, still open."""

from __future__ import annotations

from dataclasses import dataclass

from assurance.models import AuditFinding, Engagement


@dataclass(frozen=True)
class Comparison:
    """repeated: findings of this engagement that find one of any earlier engagement again. closed, still_open: findings
    of the one before that this one does not repeat.
    """

    new: list[AuditFinding]
    repeated: list[AuditFinding]
    closed: list[AuditFinding]
    still_open: list[AuditFinding]

    def __len__(self) -> int:
        return len(self.new) + len(self.repeated) + len(self.closed) + len(self.still_open)


def before(engagement: Engagement, user: object) -> Engagement | None:
    """The engagement before it, where the reader may see that."""
    return Engagement.objects.visible_to(user).filter(followed_by=engagement).first()


def compared(engagement: Engagement, user: object) -> Comparison | None:
    """Of what is issued and the reader may see; None without an engagement before it. Two queries."""
    if engagement.previous_id is None:
        return None
    seen = AuditFinding.objects.visible_to(user).issued().select_related("repeats").order_by("pk")
    found = list(seen.filter(engagement=engagement))
    again = {one.repeats_id for one in found if one.repeats_id}
    before = [one for one in seen.filter(engagement=engagement.previous_id) if one.pk not in again]
    return Comparison(
        new=[one for one in found if one.repeats_id is None],
        repeated=[one for one in found if one.repeats_id],
        closed=[one for one in before if one.closed_at],
        still_open=[one for one in before if not one.closed_at],
    )
