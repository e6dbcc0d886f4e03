"""Heads of the trail held against the trail that is in the database now, and against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import TrailLink
from desk.models import Job
from evidence import head_files, signing
from evidence.head_files import NONE, Signed, Unreadable
from evidence.models import TrailHead

CHUNK = 100


@dataclass(frozen=True)
class Problem:
    """where: the file of a head, or "" where it is the trail's."""

    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.where}: {self.words}" if self.where else self.words


@dataclass
class Verification:
    """heads: files that were read. remarks: what is no sign of a change, but should be known."""

    at: datetime
    heads: int = 0
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems


def verify(job: Job | None = None) -> Verification:
    """Every head in the storage, every row of one, and the chain itself. job: told how far it is."""
    found = Verification(clock.now())
    found.problems.extend(_chain())
    if job:
        job.advance(step=_("Reading the heads"))
    rows = {row.stored_as: row for row in TrailHead.objects.order_by("pk")}
    names = list(head_files.names())
    before: str | None = NONE
    for some in _in_chunks(names):
        read: list[tuple[str, Signed]] = []
        for name in some:
            signed = _read(name, found)
            if signed:
                read.append((name, signed))
                _follows(name, signed, before, found)
                _row(name, signed, rows.get(name), found)
            before = signed.head.sha256 if signed else None
        against_trail(read, found)
        if job:
            job.advance(by=len(some), step=_("Reading the heads"))
    found.heads = len(names)
    for name in rows.keys() - set(names):
        found.problems.append(
            Problem(name, _("%(row)s names it, and it is not there.") % {"row": rows[name].public_id})
        )
    return found


def verify_copies(copies: Iterable[tuple[str, str]]) -> Verification:
    """Heads that were kept elsewhere, e.g. by e-mail: their names and contents."""
    found, read = Verification(clock.now()), []
    for name, content in copies:
        found.heads += 1
        try:
            signed = Signed.read(content)
        except Unreadable:
            found.problems.append(Problem(name, _("It is no head of the trail, or was changed.")))
            continue
        if _is_signed(name, signed, found):
            read.append((name, signed))
    against_trail(read, found)
    return found


def against_trail(heads: Iterable[tuple[str, Signed]], found: Verification) -> None:
    """What each says of a position is what the trail has there. Two queries."""
    heads = list(heads)
    wanted = [signed.head.position for _name, signed in heads]
    links = TrailLink.objects.filter(position__in=wanted).only("position", "digest")
    digests = {link.position: link.hex for link in links}
    end = TrailLink.objects.order_by("-position").values_list("position", flat=True).first() or 0
    for name, signed in heads:
        position = signed.head.position
        told: dict[str, Any] = {"position": position, "end": end}
        if position > end:
            words = _("The trail ends at position %(end)d: what came until %(position)d was cut off.")
        elif position not in digests:
            words = _("The trail has no entry at position %(position)d any more.")
        elif digests[position] != signed.head.digest:
            words = _("The entry at position %(position)d has another digest: the trail was rebuilt.")
        else:
            continue
        found.problems.append(Problem(name, words % told))


def _chain() -> list[Problem]:
    verdict, problems = trail.verify(), []
    if verdict.broken_at is not None:
        words = _("Entry %(entry)d was changed, or one before it was taken out.")
        problems.append(Problem("", words % {"entry": verdict.broken_at}))
    if verdict.unlinked:
        problems.append(Problem("", _("%(n)d entries have no place in the chain.") % {"n": verdict.unlinked}))
    return problems


def _read(name: str, found: Verification) -> Signed | None:
    """None where the file is not what was signed."""
    try:
        signed = head_files.read(name)
    except (Unreadable, FileNotFoundError):
        found.problems.append(Problem(name, _("It cannot be read as a head: it was changed after it was signed.")))
        return None
    return signed if _is_signed(name, signed, found) else None


def _is_signed(name: str, signed: Signed, found: Verification) -> bool:
    pem = signing.known_keys().get(signed.key)
    if pem is None:
        words = _("It is signed by a key that is not known here: %(key)s.") % {"key": signed.key[:64]}
    elif not signing.is_signed(signed.head.text, signed.signature, pem):
        words = _("It was changed after it was signed.")
    else:
        return True
    found.problems.append(Problem(name, words))
    return False


def _follows(name: str, signed: Signed, before: str | None, found: Verification) -> None:
    """Whether it names the one before it; nothing is said where that one cannot be read."""
    if before is not None and signed.head.before != before:
        found.problems.append(Problem(name, _("The head that it names as the one before it is missing.")))


def _row(name: str, signed: Signed, row: TrailHead | None, found: Verification) -> None:
    head = signed.head
    if row is None:
        found.remarks.append(Problem(name, _("The database has no row of it.")))
    elif (row.position, row.digest, row.key) != (head.position, head.digest, signed.key):
        words = _("The row %(row)s in the database says otherwise than the file.")
        found.problems.append(Problem(name, words % {"row": row.public_id}))


def _in_chunks(names: list[str]) -> Iterable[list[str]]:
    for begin in range(0, len(names), CHUNK):
        yield names[begin : begin + CHUNK]
