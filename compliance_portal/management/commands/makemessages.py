"""Django's own, which also finds words under the names that the portal has for them, and what to change for a check."""

from __future__ import annotations

import tomllib
from pathlib import Path

from django.core.management.commands import makemessages

from findings.fixes import FOLDER, IN_WORDS

OURS = ("kept", "word")
"""kept: audit.words. word: gettext_lazy or gettext_noop, of headings and terms."""


class File(makemessages.BuildFile):
    def preprocess(self) -> None:
        """Of a file of fixes: its words, as xgettext reads them."""
        if not self.path.endswith(".toml"):
            return super().preprocess()
        entries = tomllib.loads(Path(self.path).read_text(encoding="utf-8")).values()
        words = [entry[name] for entry in entries for name in IN_WORDS if Path(self.path).parent.name == FOLDER.name]
        Path(self.work_path).write_text("".join(f"_({word!r})\n" for word in words), encoding="utf-8")
        return None


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, *(f"--keyword={one}" for one in OURS)]
    build_file_class = File
