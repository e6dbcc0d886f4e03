"""Django's own, which also finds words under the names that the portal has for them."""

from __future__ import annotations

from django.core.management.commands import makemessages

OURS = ("kept", "word")
"""kept: audit.words. word: gettext_lazy or gettext_noop, of headings and terms."""


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, *(f"--keyword={one}" for one in OURS)]
