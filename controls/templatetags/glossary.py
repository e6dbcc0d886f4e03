from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from controls.glossary import TERMS

register = template.Library()


@register.simple_tag
def term(word: str, shown: str | Promise = "") -> SafeString:
    """{% term "Config rule" %}: the word, and its meaning under pointer and focus. shown: the word as it stands there.

    A word that the glossary does not have is a mistake of the template, and raises KeyError.
    """
    return _explained(shown or _(word), TERMS[word])


@register.filter
def explained(shown: str | Promise, word: str) -> SafeString | str | Promise:
    """{{ control.get_kind_display|explained:control.kind }}: a value's word, where the glossary knows it."""
    known = TERMS.get(word.replace("_", " "))
    return _explained(shown, known) if known else shown


def _explained(shown: str | Promise, meaning: str | Promise) -> SafeString:
    return format_html('<dfn class="term" tabindex="0" data-tip="{0}" aria-description="{0}">{1}</dfn>', meaning, shown)
