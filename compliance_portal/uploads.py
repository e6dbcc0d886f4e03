from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from controls.imports.content import MOST_BYTES


class Bounded(FileUploadHandler):
    """Refuses a file that is too large while it arrives: no more of it than the limit is ever kept.

    A view finds the fields whose file was refused in `request.refused_files`.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > MOST_BYTES:
            request: Any = self.request
            request.refused_files = {*getattr(request, "refused_files", ()), self.field_name}
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
