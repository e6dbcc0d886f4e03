"""Heads of the trail on their way out: the signed file as it is kept, and the key to verify it by."""

from __future__ import annotations

from django.http import Http404, HttpResponse

from evidence import head_files, signing
from evidence.capturing import storage
from evidence.models import TrailHead


def handed_out(row: TrailHead) -> HttpResponse:
    """Raises Http404 where the file is missing."""
    try:
        with storage().open(row.stored_as) as file:
            content = file.read(head_files.MOST)
    except FileNotFoundError as error:
        raise Http404(f"The file of {row.public_id} is missing from the storage") from error
    return _download(content, "application/json", f"{row.public_id}.json")


def public_key() -> HttpResponse:
    """Raises Http404 where none is set."""
    if not signing.has_key():
        raise Http404("No signing key is set")
    return _download(signing.public_pem(), "application/x-pem-file", "portal-signing-key.pem")


def _download(content: bytes, media_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
