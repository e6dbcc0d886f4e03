"""Tags and filters of the frame. The contract for page authors stands in docs/frame.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from audit import clock

register = template.Library()

KEPT = ("as_of", "known_at", "line", "solution")
"""Query parameters that follow the reader from page to page: the moment, the line looked through, the scope."""
CURSOR = "cursor"
NARROW_SPACE = "\u202f"
MINUTE, HOUR, DAY = 60, 3600, 86400

Word = str | Promise


class Look(NamedTuple):
    """mark: the shape's symbol, empty for none. css: suffix of the class. word: what to say."""

    mark: str
    css: str
    word: Word


_NOT_OBSERVED = gettext_lazy("Not observed")
_STATUSES: dict[str, Look] = {
    "pass": Look("pass", "pass", gettext_lazy("Pass")),
    "fail": Look("fail", "fail", gettext_lazy("Fail")),
    "unknown": Look("unknown", "unknown", gettext_lazy("Unknown")),
    "not_observed": Look("unobserved", "unobserved", _NOT_OBSERVED),
    "not_applicable": Look("na", "na", gettext_lazy("Not applicable")),
    "accepted": Look("accepted", "accepted", gettext_lazy("Fail, accepted")),
    "no_population": Look("na", "na", gettext_lazy("No population")),
    "passing": Look("pass", "pass", gettext_lazy("Passing")),
    "partly_failing": Look("partly", "partly", gettext_lazy("Partly failing")),
    "failing": Look("fail", "fail", gettext_lazy("Failing")),
    "partly_shown": Look("shown", "shown", gettext_lazy("Partly shown")),
    "not_mapped": Look("unmapped", "unmapped", gettext_lazy("Nothing shows it yet")),
    "report": Look("", "none", gettext_lazy("Reported")),
    "fresh": Look("pass", "pass", gettext_lazy("Fresh")),
    "running": Look("unknown", "unknown", gettext_lazy("Running")),
    "stale": Look("unobserved", "unobserved", gettext_lazy("Stale")),
    "denied": Look("unobserved", "unobserved", gettext_lazy("Access denied")),
    "never": Look("unobserved", "unobserved", gettext_lazy("Never read")),
    "disabled": Look("unobserved", "unobserved", gettext_lazy("Service off")),
    "failed": Look("fail", "fail", gettext_lazy("Failed")),
    "waiting": Look("unobserved", "unobserved", gettext_lazy("Waiting")),
    "done": Look("pass", "pass", gettext_lazy("Done")),
    "partly": Look("partly", "partly", gettext_lazy("Done, with gaps")),
}
_SEVERITIES: dict[str, tuple[int, Word]] = {
    "critical": (5, gettext_lazy("Critical")),
    "high": (4, gettext_lazy("High")),
    "medium": (3, gettext_lazy("Medium")),
    "low": (2, gettext_lazy("Low")),
    "informational": (1, gettext_lazy("Informational")),
    "none": (0, gettext_lazy("Not rated")),
}
_BY_RANK = dict(_SEVERITIES.values())


@register.filter
def status_look(value: object) -> Look:
    """The shape and word of a status; a status nobody told us about is unknown, under its own name."""
    key = str(getattr(value, "value", value) or "not_observed").lower().replace(" ", "_").replace("-", "_")
    return _STATUSES.get(key, Look("unknown", "unknown", str(value)))


@register.simple_tag
def status(value: object, word: Word = "") -> SafeString:
    """{% status finding.status %}; `word` says it otherwise, the shape stays."""
    return _drawn("frame/_status.html", get_language(), status=str(value or ""), word=str(word))


@register.simple_tag
def severity(value: object, word: Word = "", inherited: bool = False) -> SafeString:
    """{% severity finding.severity %}: 0 to 5, or AWS's label. inherited: it is another check's, and says so."""
    rank = severity_rank(value)
    return _drawn("frame/_severity.html", get_language(), severity=rank, word=str(word), inherited=bool(inherited))


@lru_cache(maxsize=1000, typed=True)
def _drawn(template_name: str, language: str, **facts: object) -> SafeString:
    """What depends on nothing else stands on a page hundreds of times: it is rendered once in a language.

    Types count, since a safe string and one to be escaped are equal.
    """
    return render_to_string(template_name, facts)


@register.filter
def severity_rank(value: object) -> int:
    """0 (not rated) to 5 (critical)."""
    if isinstance(value, int):
        return min(max(int(value), 0), 5)
    return _SEVERITIES.get(str(value).lower(), (0, ""))[0]


@register.filter
def severity_word(value: object) -> Word:
    return _BY_RANK[severity_rank(value)]


@register.simple_tag
def icon(name: str, label: Word = "") -> SafeString:
    """An icon of the sprite. Decorative unless it has a label."""
    return _icon(name, str(label))


@lru_cache(maxsize=1000, typed=True)
def _icon(name: str, label: str) -> SafeString:
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    sprite = static("portal/icons.svg")
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', said, sprite, name)


@register.simple_tag
@cache
def mark(name: str) -> SafeString:
    """The bare shape of a status, for a place where its word stands beside it."""
    return format_html(
        '<svg class="status-mark mark-{1}" aria-hidden="true"><use href="{0}#status-{1}"></use></svg>',
        static("portal/icons.svg"),
        name,
    )


# Time and numbers


def _stamp(value: datetime) -> str:
    return date_format(timezone.localtime(value), "j M Y, H:i")


@register.filter
def moment(value: datetime | None) -> str:
    """30 Jun 2026, 14:00 in the reader's zone; a dash for none."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), _stamp(value))


@register.filter
def moment_text(value: datetime | None) -> str:
    """The same without markup, for attributes and titles."""
    return "–" if value is None else _stamp(value)


@register.filter
def day(value: date | None) -> str:
    """30 Jun 2026; of a datetime, the day in the reader's zone."""
    if value is None:
        return "–"
    local = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), date_format(local, "j M Y"))


def distance(seconds: float) -> str:
    """A length of time in its largest whole unit, e.g. "3 days"."""
    whole = int(abs(seconds))
    if whole < HOUR:
        count = whole // MINUTE
        return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}
    if whole < 2 * DAY:
        count = whole // HOUR
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    count = whole // DAY
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


@register.filter
def length_of_time(value: timedelta) -> str:
    """3 days: a length of time in its largest whole unit."""
    return distance(value.total_seconds())


@register.simple_tag(takes_context=True)
def ago(context: Mapping[str, Any], value: datetime | None, exact: bool = True) -> str:
    """The exact moment and, beside it, how long before (or after) the moment looked at.

    exact=False leaves the exact moment out, where it already stands beside.
    """
    if value is None:
        return "–"
    request = context.get("request")
    asked = getattr(request, "moment", None)
    seconds = ((asked.at if asked else clock.now()) - value).total_seconds()
    if abs(seconds) < MINUTE:
        relative = _("just now")
    elif seconds > 0:
        relative = _("%(distance)s ago") % {"distance": distance(seconds)}
    else:
        relative = _("in %(distance)s") % {"distance": distance(seconds)}
    if not exact:
        return format_html('<span class="ago">{}</span>', relative)
    return format_html('{} <span class="ago">{}</span>', moment(value), relative)


@register.filter
def number(value: float | None) -> str:
    """12,345; a dash for none. A fraction is kept where there is one."""
    if value is None:
        return "–"
    return _grouped(int(value) if float(value).is_integer() else value, get_language())


@lru_cache(maxsize=10_000)
def _grouped(value: float, language: str) -> str:
    return number_format(value, force_grouping=True, use_l10n=True)


@register.filter
def shown(value: object) -> object:
    """A fact as people read it: moments, days and numbers in their form, a dash for none."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@register.filter
def percent(value: float | None) -> str:
    """96 %, of a number from 0 to 100. Rounds down, and never to 0 or 100 what is neither."""
    if value is None:
        return "–"
    if 0 < value < 1:
        return f"<1{NARROW_SPACE}%"
    if 99 < value < 100:
        return f">99{NARROW_SPACE}%"
    return f"{int(value)}{NARROW_SPACE}%"


@register.filter
def share(part: float, whole: float) -> str:
    """`part` of `whole` in per cent; a dash where there is nothing to share."""
    return percent(part / whole * 100 if whole else None)


# Addresses


def _query(context: Mapping[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    for key, values in _given(context).lists():
        if key != CURSOR:
            query.setlist(key, values)
    return query


def _given(context: Mapping[str, Any]) -> QueryDict:
    request = context.get("request")
    return request.GET if isinstance(request, HttpRequest) else QueryDict()


def _address(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path


@register.simple_tag(takes_context=True)
def door(context: Mapping[str, Any], name: str, *args: Any, **query: Any) -> str:
    """The address of a page, with the reader's moment and scope kept.

    {% door "findings:explorer" status="fail" %}: keywords are query parameters (None: without it;
    a list: each of its values), the rest are arguments of the URL.
    """
    given = _given(context)
    kept = {key: given.getlist(key) for key in KEPT if key in given}
    for key, value in query.items():
        kept.pop(key, None)
        if value is not None and value != "":
            many = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
            kept[key] = [str(getattr(one, "value", one)) for one in many]
    said = urlencode(kept, doseq=True)
    path = reverse(name, args=args) if args else _path(name, get_script_prefix())
    return f"{path}?{said}" if said else path


@cache
def _path(name: str, prefix: str) -> str:
    """The path of a page that names no object. prefix: of every path, as the server has it."""
    return reverse(name)


@register.simple_tag(takes_context=True)
def without(context: Mapping[str, Any], key: str, value: object = None) -> str:
    """This page's query without one value of `key` (or all of them), from the first page on."""
    query = _query(context)
    rest = [] if value is None else [one for one in query.getlist(key) if one != str(value)]
    if rest:
        query.setlist(key, rest)
    else:
        query.pop(key, None)
    return _address("", query) or "?"


@register.simple_tag(takes_context=True)
def with_query(context: Mapping[str, Any], **changes: Any) -> str:
    """This page's query with changes, from the first page on; None takes a key away."""
    query = _query(context)
    for key, value in changes.items():
        query.pop(key, None)
        if value is not None:
            query[key] = str(value)
    return _address("", query) or "?"


@register.simple_tag(takes_context=True)
def hidden_query(context: Mapping[str, Any], *dropped: str) -> SafeString:
    """Hidden inputs that carry this page's query through a GET form, but for the names given."""
    kept = [(key, values) for key, values in _query(context).lists() if key not in dropped]
    pairs = ((key, value) for key, values in kept for value in values)
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


# Forms, ids, tables


@register.simple_tag
def widget(field: BoundField, **attributes: Any) -> SafeString:
    """A form field's control with the theme's class on it. Keywords become attributes, _ for -."""
    kind = field.field.widget
    css = "form-control"
    if isinstance(kind, (CheckboxSelectMultiple, RadioSelect)):
        css = ""
    elif isinstance(kind, CheckboxInput):
        css = "form-check-input"
    elif isinstance(kind, Select):
        css = "form-select"
    attrs = {name.replace("_", "-"): value for name, value in attributes.items()}
    if isinstance(kind, Textarea) and str(kind.attrs.get("rows")) == "10":
        attrs.setdefault("rows", 4)  # Django's own 10 is a page
    if str(kind.attrs.get("placeholder", "")).lower().startswith(str(field.label).lower()):
        attrs.setdefault("placeholder", False)  # it says the label again
    css = " ".join(part for part in (css, kind.attrs.get("class", ""), attrs.pop("class", "")) if part)
    return field.as_widget(attrs={**attrs, "class": css} if css else attrs)


@register.filter
def field_kind(field: BoundField) -> str:
    """check (one box), choices (a group of boxes or radio buttons) or control."""
    if isinstance(field.field.widget, (CheckboxSelectMultiple, RadioSelect)):
        return "choices"
    return "check" if isinstance(field.field.widget, CheckboxInput) else "control"


@register.inclusion_tag("frame/_id.html")
def copyable(value: object, url: str = "") -> dict[str, object]:
    """An id in monospace, with its copy button; with `url` the id is a door."""
    return {"value": value, "url": url}


@register.inclusion_tag("frame/_sort.html", takes_context=True)
def sort_head(context: Mapping[str, Any], key: str, label: Word, css: str = "") -> dict[str, object]:
    """A column head that sorts by `?order=key`, or `-key`."""
    current = _query(context).get("order", "")
    direction = {key: "ascending", f"-{key}": "descending"}.get(current, "none")
    wanted = key if direction == "descending" else f"-{key}"
    return {"label": label, "css": css, "direction": direction, "url": with_query(context, order=wanted)}


@register.filter
def total_of(parts: Iterable[Mapping[str, Any]]) -> int:
    return sum(part["count"] for part in parts)


@register.filter
def item(mapping: Mapping[Any, Any] | Sequence[Any], key: Any) -> Any:
    """mapping[key], or None."""
    try:
        return mapping[key]
    except (KeyError, IndexError):
        return None
