"""Out of the locker: the file as it was captured, or not at all."""

from __future__ import annotations

import hashlib
import logging
from base64 import b64encode
from typing import Any

from django.core.files import File
from django.db import transaction
from django.http import FileResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock, trail
from desk.notices import notify
from evidence import custody
from evidence.capturing import storage
from evidence.models import Evidence
from organisation.models import Role, User
from risks.refusals import Refused

BLOCK = 256 * 1024
log = logging.getLogger(__name__)


class NotAsCaptured(Refused):
    """The file is not the one that was captured, or is not there."""


def handed_out(evidence: Evidence, by: User) -> FileResponse:
    """The file as an attachment, and never to be shown by a browser. Raises Refused, and NotAsCaptured.

    It is read to its end and held against its hash before its first byte leaves.
    """
    if evidence.destroyed_at:
        raise Refused(_("The file was destroyed when its time was over; what is known of it stays here."))
    try:
        file = storage().open(evidence.stored_as)
    except OSError as missing:
        raise _reported(evidence, by, _("The file is missing from the store.")) from missing
    if digest_of(file) != evidence.sha256:
        file.close()
        raise _reported(evidence, by, _("The file in the store is not the one that was captured: its hash differs."))
    file.seek(0)
    custody.downloaded(evidence, by)
    return _answer(file, evidence)


def digest_of(file: File[Any]) -> str:
    """SHA-256, hexadecimal, block by block."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _answer(file: File[Any], evidence: Evidence) -> FileResponse:
    answer = FileResponse(
        file, as_attachment=True, filename=evidence.file_name, content_type="application/octet-stream"
    )
    answer["Content-Length"] = str(evidence.size)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(evidence.sha256)).decode()}:"
    return answer


def _reported(evidence: Evidence, by: User, words: str) -> NotAsCaptured:
    """On the trail, in the log, and to the lines that watch over the locker."""
    told = f"{evidence.public_id}: {words}"
    log.error("evidence_mismatch %s", told)
    with transaction.atomic():
        trail.record(by, "evidence.mismatched", evidence, because=words)
        at = clock.now()
        people = [*User.objects.active().with_role(Role.SECOND, at), *User.objects.active().with_role(Role.THIRD, at)]
        url = reverse("evidence:evidence", args=[evidence.public_id])
        notify(people, "evidence_mismatch", told, url=url, subject=evidence.public_id)
    return NotAsCaptured(
        _("%(words)s It is not handed out, and the second and third line are told.") % {"words": words}
    )
