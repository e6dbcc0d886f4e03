"""Out of the storage: a pack and its parts as they were sealed, or not at all. Every download is on the trail."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC
from tempfile import TemporaryFile
from typing import IO

from django.http import FileResponse, HttpResponse
from django.utils.translation import gettext as _

from assurance.models import Pack, PackFile
from assurance.pack import steps, verify_pack
from assurance.pack.archive import blocks_of
from audit import trail
from evidence.capturing import Passing, storage
from organisation.models import User
from risks.refusals import Refused


def verifier() -> HttpResponse:
    """The program by which anybody verifies a pack."""
    headers = {"Content-Disposition": 'attachment; filename="verify_pack.py"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(steps.verifier_source(), content_type="text/x-python", headers=headers)


def archive(pack: Pack) -> IO[bytes]:
    return _as_sealed(pack.stored_as, pack.sha256)


def signature(pack: Pack) -> IO[bytes]:
    return io.BytesIO(bytes(pack.signature or b""))


def report(pack: Pack) -> IO[bytes]:
    return _part(pack, steps.REPORT)


def workbook(pack: Pack) -> IO[bytes]:
    return _part(pack, steps.WORKBOOK)


def key(pack: Pack) -> IO[bytes]:
    return _part(pack, verify_pack.KEY)


def oscal(pack: Pack) -> IO[bytes]:
    """The documents as one ZIP, always the same."""
    made = TemporaryFile()  # noqa: SIM115  (the answer closes it)
    at = pack.seal_time.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for one in PackFile.objects.filter(pack=pack, name__startswith="oscal/").order_by("name"):
            with _as_sealed(one.stored_as, one.sha256) as part:
                file.writestr(zipfile.ZipInfo(one.name.removeprefix("oscal/"), at), part.read())
    made.seek(0)
    return made


FORMS: dict[str, tuple[str, Callable[[Pack], IO[bytes]]]] = {
    "archive": (".zip", archive),
    "signature": (".zip.sig", signature),
    "key": (".pem", key),
    "report": (".pdf", report),
    "workbook": (".xlsx", workbook),
    "oscal": ("-oscal.zip", oscal),
}
"""What can be taken away → the end of its file's name, and how it is opened."""


def handed_out(pack: Pack, what: str, *, by: User) -> FileResponse:
    """As an attachment, never shown by a browser. Raises Refused."""
    if pack.sealed_at is None:
        raise Refused(_("It is not sealed yet. A notice says when it is."))
    ending, opened = FORMS[what]
    file = opened(pack)
    trail.record(by, "pack.downloaded", pack, what=what, sha256=pack.sha256)
    answer = FileResponse(
        file, as_attachment=True, filename=f"{pack.public_id}{ending}", content_type="application/octet-stream"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _part(pack: Pack, name: str) -> IO[bytes]:
    kept = PackFile.objects.get(pack=pack, name=name)
    return _as_sealed(kept.stored_as, kept.sha256)


def _as_sealed(name: str, sha256: str) -> IO[bytes]:
    """The file, read to its end and held against its hash before a byte leaves. Raises Refused."""
    with ExitStack() as stack:
        made = stack.enter_context(TemporaryFile())
        try:
            file = stack.enter_context(storage().open(name))
        except OSError as missing:
            raise Refused(_("A file of it is missing from the storage. It is not handed out.")) from missing
        passing = Passing(blocks_of(file))
        made.writelines(passing.chunks())
        file.close()
        if passing.sha256 != sha256:
            raise Refused(_("A file in the storage is not what was sealed: its hash differs. It is not handed out."))
        stack.pop_all()
    made.seek(0)
    return made
