from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from controls.imports.content import MOST_BYTES


class Bounded(FileUploadHandler):
    """Refuses a file that is too large while it arrives: no more of it than the limit is ever kept.

    A view that takes larger files says how large: `most_bytes`, to be called. A view finds the fields whose file was
    refused in `request.refused_files`.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > self._most:
            request: Any = self.request
            request.refused_files = {*getattr(request, "refused_files", ()), self.field_name}
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    @property
    def _most(self) -> int:
        request: Any = self.request
        view = getattr(request.resolver_match, "func", None)
        said = getattr(view, "most_bytes", None) or getattr(getattr(view, "cls", None), "most_bytes", None)
        return said() if said else MOST_BYTES
