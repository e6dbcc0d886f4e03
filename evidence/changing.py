"""What may still be said of a piece that stands: that it is withdrawn, and what it shows something of."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from controls.models import Control
from desk import watching
from evidence import capturing, rights
from evidence.models import Evidence, EvidenceLink
from evidence.subjects import subject_of
from evidence.uploading import controls_for, locked
from organisation.models import User
from risks.refusals import Refused


@transaction.atomic
def withdraw(evidence: Evidence, *, because: str, by: User) -> Evidence:
    """It stays readable and counts for nothing any more. Raises Refused."""
    held, at = locked(evidence), clock.now()
    if why_not := rights.withdraw_refusal(held, by, at):
        raise Refused(why_not)
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    held.withdrawn_at, held.withdrawn_by, held.withdrawn_because = at, by, because
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    trail.record(by, "evidence.withdrawn", held, because=because, at=at.isoformat())
    told = {"id": held.public_id, "title": held.title, "who": by.name}
    watching.tell(subject_of(held), "evidence_withdrawn", kept("%(id)s, %(title)s: %(who)s withdrew it") % told, by=by)
    return held


@transaction.atomic
def link(evidence: Evidence, control: Control, *, because: str = "", by: User) -> EvidenceLink:
    """Raises Refused."""
    held, at = locked(evidence), clock.now()
    if why_not := rights.link_refusal(held, by, at):
        raise Refused(why_not)
    if not controls_for(by).filter(pk=control.pk).exists():
        raise Refused(_("That control is not in use, or not yours to see."), "control")
    if held.links.in_force(at).filter(control=control).exists():
        words = _("It is said already that it shows something of “%(name)s”.")
        raise Refused(words % {"name": control.name}, "control")
    return capturing.link(held, control, by=by, because=because)


@transaction.atomic
def unlink(found: EvidenceLink, *, because: str, by: User) -> None:
    """From now on it shows nothing of that control. Raises Refused."""
    held, at = locked(found.evidence), clock.now()
    if why_not := rights.link_refusal(held, by, at):
        raise Refused(why_not)
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    link = EvidenceLink.objects.select_for_update(of=("self",)).select_related("control").get(pk=found.pk)
    if link.valid_to is not None:
        raise Refused(_("Somebody took it off already."))
    link.close(at)
    trail.record(by, "evidence.unlinked", held, control=link.control.public_id, because=because)
