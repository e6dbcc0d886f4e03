"""The steps in which a pack is made. Each keeps one file or more; what is kept is not made again.

The first asks the database; the others are made from what the first one kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assurance.models import Pack, PackFile
from assurance.pack import gathering, plain, verify_pack
from assurance.pack.archive import blocks_of
from assurance.pack.contents import Contents
from assurance.pack.kept import file_of
from assurance.pack.oscal import documents
from assurance.pack.shown import FailureRow
from assurance.report import csvs, render
from assurance.report import workbook as workbooks
from assurance.report.tables import told
from evidence import signing
from evidence.capturing import Passing, storage
from evidence.models import Evidence

CONTENTS, FAILURES, REPORT, WORKBOOK = "contents.json", "csv/failures.csv", "report.pdf", "workbook.xlsx"
READ_ME, VERIFIER = "README.txt", "verify_pack.py"
AT_ONCE = 1_000


@dataclass(frozen=True)
class Making:
    """A pack on its way: what the steps before it kept."""

    pack: Pack

    @cached_property
    def contents(self) -> Contents:
        return plain.contents_of(b"".join(self.blocks(CONTENTS)))

    def blocks(self, name: str) -> Iterator[bytes]:
        kept = PackFile.objects.get(pack=self.pack, name=name)
        with storage().open(kept.stored_as) as file:
            yield from blocks_of(file)

    def lines(self, name: str) -> Generator[str]:
        with storage().open(PackFile.objects.get(pack=self.pack, name=name).stored_as) as file:
            yield from io.TextIOWrapper(file, encoding="utf-8", newline="")

    def keep(self, name: str, content: Iterable[bytes]) -> PackFile:
        """Into the storage; the row is the caller's to save."""
        passing = Passing(content)
        stored = storage().save(f"packs/{self.pack.public_id}/{name}", passing)
        return PackFile(pack=self.pack, name=name, stored_as=stored, sha256=passing.sha256, size=passing.size)


@dataclass(frozen=True)
class Step:
    """proof: a file that is there once the step is done. make: the rows of the files that it kept."""

    proof: str
    words: str | Promise
    make: Callable[[Making], list[PackFile]]


def gather(making: Making) -> list[PackFile]:
    with TemporaryFile() as file:
        gathered = gathering.gather(making.pack, lambda rows: _write_failures(file, rows))
        file.seek(0)
        kept = [
            making.keep(FAILURES, blocks_of(file)),
            making.keep(CONTENTS, [plain.as_json(gathered.contents)]),
        ]
    return [*kept, *(_by_reference(making.pack, one) for one in gathered.files)]


def _by_reference(pack: Pack, one: Evidence) -> PackFile:
    return PackFile(pack=pack, name=file_of(one), stored_as=one.stored_as, sha256=one.sha256, size=one.size)


def _write_failures(file: IO[bytes], rows: Iterable[FailureRow]) -> None:
    heading = [one.name for one in fields(FailureRow)]
    cells = ([told(getattr(row, name)) for name in heading] for row in rows)
    for block in csvs.blocks(chain([heading], cells)):
        file.write(block)


def tables(making: Making) -> list[PackFile]:
    return [making.keep(name, content) for name, content in csvs.files(making.contents)]


def workbook(making: Making) -> list[PackFile]:
    with TemporaryFile() as file, closing(making.lines(FAILURES)) as lines:
        workbooks.write(making.contents, csv.reader(lines), file)
        file.seek(0)
        return [making.keep(WORKBOOK, blocks_of(file))]


def report(making: Making) -> list[PackFile]:
    return [making.keep(REPORT, [render(making.contents)])]


def oscal(making: Making) -> list[PackFile]:
    return [making.keep(f"oscal/{name}", [content]) for name, content in documents(making.contents).items()]


def verifier(making: Making) -> list[PackFile]:
    return [
        making.keep(VERIFIER, [verifier_source()]),
        making.keep(verify_pack.KEY, [signing.public_pem()]),
        making.keep(READ_ME, [_read_me(making.pack)]),
    ]


def verifier_source() -> bytes:
    return Path(verify_pack.__file__).read_bytes()


def verifier_sha256() -> str:
    """What is published beside it."""
    return sha256(verifier_source()).hexdigest()


def _read_me(pack: Pack) -> bytes:
    return f"""{pack.public_id}: {pack.title}

report.pdf        what was audited or asked, and how it stands
workbook.xlsx     the same as tables; csv/ has them as text, and failures.csv every failure
evidence/         the files that the report names, as they came
oscal/            the same in OSCAL: catalog, profile, system security plan, assessment plan and results, plan of action
contents.json     all that the report says, for programs
manifest.json     every file with its SHA-256, the moment, the trail's head; manifest.json.sig signs it
key.pem           the public key
verify_pack.py    verifies all of it, without a network

To verify it, take verify_pack.py and the key's fingerprint from where the organisation publishes them, not from here:

    python3 verify_pack.py {pack.public_id}.zip --fingerprint HEX --signature {pack.public_id}.zip.sig
""".encode()


STEPS = (
    Step(CONTENTS, _("Gathering what is known"), gather),
    Step("csv/requirements.csv", _("Writing the tables"), tables),
    Step(WORKBOOK, _("Writing the workbook"), workbook),
    Step(REPORT, _("Setting the report"), report),
    Step("oscal/catalog.json", _("Writing OSCAL"), oscal),
    Step(VERIFIER, _("Adding what verifies it"), verifier),
)
