"""Whatever is done to a sealed pack, verify_pack.py says so and names it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assurance.pack import archive, verify_pack
from assurance.pack.archive import Listed
from evidence import signing
from tests.workers import PATIENCE

SEALED_AT = "2026-03-31T09:30:00Z"
FILES = {
    "README.txt": b"What this is.\n",
    "contents.json": b'{"title": "Payments"}\n',
    "csv/failures.csv": b"check,resource\r\nIAM.3,arn:aws:iam::111122223333:user/a\r\n",
    "evidence/E-1/review.txt": b"",
    "report.pdf": b"%PDF-1.7\n" + bytes(range(256)),
}


@pytest.fixture
def files() -> dict[str, bytes]:
    return {**FILES, verify_pack.KEY: signing.public_pem()}


def pack(files: dict[str, bytes], order: list[str] | None = None, listed: dict[str, bytes] | None = None) -> bytes:
    """An archive of these files. listed: what the manifest says, where it is not the same."""
    said = [_listed(name, content) for name, content in sorted((listed or files).items())]
    manifest = archive.manifest({"pack": "PK-1", "sealed_at": SEALED_AT}, said)
    made = io.BytesIO()
    carried = [_listed(name, files[name]) for name in order or sorted(files)]
    archive.write(made, SEALED_AT, manifest, signing.sign(manifest), carried, lambda one: [files[one.path]])
    return made.getvalue()


def _listed(name: str, content: bytes) -> Listed:
    return Listed(name, hashlib.sha256(content).hexdigest(), len(content))


def differences(folder: Path, content: bytes, *, signed: bool = False) -> list[str]:
    path = folder / "pack.zip"
    path.write_bytes(content)
    found = verify_pack.Verification(str(path))
    found.structure()
    if signed and found.manifest:
        found.signatures(signing.fingerprint(), None)
    return found.differences


def test_a_pack_as_it_was_sealed_holds(files: dict[str, bytes], tmp_path: Path) -> None:
    assert differences(tmp_path, pack(files), signed=True) == []


def test_every_byte_that_is_flipped_shows(files: dict[str, bytes], tmp_path: Path) -> None:
    whole = pack(files)
    chance = random.Random(20260331)
    unseen = []
    for place in range(len(whole)):
        altered = bytearray(whole)
        altered[place] ^= 1 << chance.randrange(8)
        if not differences(tmp_path, bytes(altered)):
            unseen.append(place)
    assert unseen == []


def test_every_end_that_is_cut_shows(files: dict[str, bytes], tmp_path: Path) -> None:
    whole = pack(files)
    assert [length for length in range(0, len(whole), 7) if not differences(tmp_path, whole[:length])] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda files: files | {"report.pdf": b"%PDF-1.7\n" + bytes(256)}, "report.pdf was changed"),
        (lambda files: files | {"README.txt": b"Another length.\n"}, "README.txt was changed"),
        (lambda files: files | {"evidence/E-2/extra.txt": b"!"}, "evidence/E-2/extra.txt was added"),
        (lambda files: {name: one for name, one in files.items() if name != "report.pdf"}, "report.pdf is missing"),
        (
            lambda files: {("report.doc" if name == "report.pdf" else name): one for name, one in files.items()},
            "report.pdf is missing",
        ),
    ],
)
def test_a_file_that_is_changed_added_removed_or_renamed_is_named(
    files: dict[str, bytes], tmp_path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], named: str
) -> None:
    """The archive is written anew around it, with checksums that fit: the manifest alone tells."""
    found = differences(tmp_path, pack(change(files), listed=files))
    assert any(words.startswith(named) for words in found), found


def test_files_in_another_order_are_named(files: dict[str, bytes], tmp_path: Path) -> None:
    order = sorted(files)
    order[0], order[1] = order[1], order[0]
    (words,) = differences(tmp_path, pack(files, order=order))
    assert words.startswith("the order of the files was changed")


def test_bytes_that_are_appended_are_counted(files: dict[str, bytes], tmp_path: Path) -> None:
    (words,) = differences(tmp_path, pack(files) + b"more")
    assert words.startswith("4 bytes were appended")


def test_a_manifest_written_anew_by_somebody_else_is_no_longer_signed(files: dict[str, bytes], tmp_path: Path) -> None:
    """Everything fits but the signature."""
    forged = files | {"report.pdf": b"%PDF-1.7 all is well"}
    whole = pack(forged)
    old = signing.sign(archive.manifest({"pack": "PK-1", "sealed_at": SEALED_AT}, _rows(files)))
    new = signing.sign(archive.manifest({"pack": "PK-1", "sealed_at": SEALED_AT}, _rows(forged)))
    made = io.BytesIO()
    manifest = archive.manifest({"pack": "PK-1", "sealed_at": SEALED_AT}, _rows(forged))
    archive.write(made, SEALED_AT, manifest, old, _rows(forged), lambda one: [forged[one.path]])
    assert old != new
    assert differences(tmp_path, whole, signed=True) == []
    assert differences(tmp_path, made.getvalue(), signed=True) == [
        "manifest.json.sig is no signature of manifest.json by key.pem"
    ]


def _rows(files: dict[str, bytes]) -> list[Listed]:
    return [_listed(name, content) for name, content in sorted(files.items())]


def program(folder: Path, *arguments: str, path: str = "") -> tuple[int, str]:
    """verify_pack.py as its readers run it: on its own, isolated, with no address of a network."""
    environment = {"PATH": path or os.environ["PATH"]}
    command = [sys.executable, "-I", verify_pack.__file__, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return done.returncode, done.stdout + done.stderr


def test_the_program_says_who_sealed_it_and_when(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "PK-1.zip").write_bytes(pack(files))
    code, said = program(tmp_path, "PK-1.zip", "--fingerprint", signing.fingerprint())
    assert (code, f"unchanged since sealed by key {signing.fingerprint()} at {SEALED_AT}" in said) == (0, True)


def test_another_fingerprint_is_another_key(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "PK-1.zip").write_bytes(pack(files))
    code, said = program(tmp_path, "PK-1.zip", "--fingerprint", "0" * 64)
    assert (code, "sealed by another key" in said) == (1, True)


def test_without_openssl_it_says_that_the_signature_was_not_checked(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "PK-1.zip").write_bytes(pack(files))
    code, said = program(tmp_path, "PK-1.zip", "--fingerprint", signing.fingerprint(), path=str(tmp_path))
    assert (code, "openssl is not installed" in said, "NOT checked" in said) == (3, True, True)


@pytest.mark.parametrize("arguments", [["no.zip", "--fingerprint", "0" * 64], ["PK-1.zip", "--fingerprint", "abc"]])
def test_what_cannot_be_asked_is_said(files: dict[str, bytes], tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "PK-1.zip").write_bytes(pack(files))
    code, said = program(tmp_path, *arguments)
    assert code == 2
    assert "there is no file" in said or "64 hexadecimal digits" in said


def test_a_manifest_lists_a_file_once(files: dict[str, bytes], tmp_path: Path) -> None:
    rows = [*_rows(files), _rows(files)[0]]
    manifest = archive.manifest({"pack": "PK-1", "sealed_at": SEALED_AT}, rows)
    assert json.loads(manifest)["files"][0]["path"] == "README.txt"
    made = io.BytesIO()
    archive.write(made, SEALED_AT, manifest, signing.sign(manifest), rows, lambda one: [files[one.path]])
    assert any("twice" in words or "more than once" in words for words in differences(tmp_path, made.getvalue()))
