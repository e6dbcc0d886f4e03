"""Charts as server-rendered SVG: each with the figures behind it. See docs/frame.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compliance_portal import geometry
from compliance_portal.geometry import Value
from compliance_portal.templatetags.frame import Look, Word, number, severity_word, status_look

register = template.Library()

SPARK_WIDTH, SPARK_HEIGHT = 96, 20
SPARK = '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
SPARK_LINE = '<path class="series{}" d="{}"></path><circle class="end{}" cx="{}" cy="{}" r="2"></circle>'
SPARK_UNKNOWN = SafeString(f'<rect width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}" fill="url(#hatch)"></rect>')
SMALL_BAR = '<svg class="bar bar-small" role="img" aria-label="{}">{}</svg>'
PIECE = '<rect class="part-{}" x="{}%" width="{}%" height="100%"{}></rect>'
HATCHED = SafeString(' fill="url(#hatch)"')
TREND_HEIGHT, TREND_TOP = 120, 16
HIT = '<{}{} class="hit-door" data-tip="{}&#10;{}" aria-label="{}: {}" tabindex="{}">{}{}</{}>'
AREA = '<rect class="hit" x="{}%" width="{}%" y="{}" height="{}"></rect>'
POINT = '<circle class="point{}" cx="{}%" cy="{}" r="3.5"></circle>'
ROW = '<tr><td>{}</td><td class="num">{}</td></tr>'
"""A day of a trend. Of sixty days a template takes five times as long."""


@register.simple_tag
def sparkline(values: Sequence[Value], label: Word, tone: str = "") -> SafeString:
    """A line the size of a word. values: oldest first, None where not observed. tone: pass or fail."""
    seen = [value for value in values if value is not None]
    places = geometry.places(values, high=max(seen, default=0), height=SPARK_HEIGHT - 4)
    inside = [None if place is None else (place[0], place[1] + 2) for place in places]
    said, line = _("not observed"), SPARK_UNKNOWN
    if seen:
        said = _("from %(first)s to %(last)s") % {"first": number(seen[0]), "last": number(seen[-1])}
        path = geometry.path(inside, x_scale=SPARK_WIDTH / 100)
        x, y = next(place for place in reversed(inside) if place)
        of, at = (f" series-{tone}", f" end-{tone}") if tone else ("", "")
        line = format_html(SPARK_LINE, of, path, at, round(x * SPARK_WIDTH / 100, 2), y)
    return format_html(SPARK, SPARK_WIDTH, SPARK_HEIGHT, f"{label}: {said}", line)


@register.inclusion_tag("frame/_trend.html")
def trend(
    points: Sequence[Mapping[str, Any]],
    label: Word,
    unit: Word = "",
    tone: str = "",
    top: float | None = None,
) -> dict[str, object]:
    """A line over time. points: at (date or datetime), value (None: not observed), url (optional).

    top: the value at the top of the axis, e.g. 100; otherwise the next round number.
    """
    values: list[Value] = [point["value"] for point in points]
    highest = max((value for value in values if value is not None), default=0)
    high = top if top is not None else geometry.round_top(highest)
    places = geometry.places(values, high=high, height=TREND_HEIGHT)
    width = 100 / max(len(points) - 1, 1)
    hits, rows = [], []
    for index, (point, place) in enumerate(zip(points, places, strict=True)):
        when, said, url = _when(point["at"]), _said(point["value"], unit), point.get("url", "")
        is_last = index == len(points) - 1
        begin, wide = max(index * width - width / 2, 0), width if index > 0 and not is_last else width / 2
        area = format_html(AREA, round(begin, 2), round(wide, 2), TREND_TOP, TREND_HEIGHT)
        of = " point-last" * is_last + f" point-{tone}" * bool(tone)
        dot = format_html(POINT, of, place[0], place[1] + TREND_TOP) if place else ""
        is_what = format_html(' href="{}"', url) if url else SafeString(' role="img"')
        kind = SafeString("a" if url else "g")
        hits.append(format_html(HIT, kind, is_what, when, said, when, said, 0 if is_last else -1, area, dot, kind))
        rows.append((when, format_html('<a href="{}">{}</a>', url, said) if url else said))
    return {
        "label": label,
        "tone": tone,
        "d": geometry.path(places),
        "gaps": geometry.gaps(values),
        "hits": SafeString("".join(hits)),
        "rows": format_html_join("", ROW, rows),
        "grid": [
            (TREND_TOP, number(high)),
            (TREND_TOP + TREND_HEIGHT // 2, number(high / 2)),
            (TREND_TOP + TREND_HEIGHT, "0"),
        ],
        "top": TREND_TOP,
        "plot": TREND_HEIGHT,
        "height": TREND_TOP + TREND_HEIGHT + 22,
        "foot": TREND_TOP + TREND_HEIGHT + 16,
        "first": rows[0][0] if rows else "",
        "last": rows[-1][0] if rows else "",
    }


def _said(value: Value, unit: Word) -> str:
    return _("not observed") if value is None else f"{number(value)} {unit}".strip()


def _when(at: date) -> str:
    if isinstance(at, datetime):
        return date_format(timezone.localtime(at), "j M Y, H:i")
    return date_format(at, "j M Y")


@register.simple_tag
def bar(parts: Sequence[Mapping[str, Any]], label: Word, small: bool = False) -> SafeString:
    """A stacked bar. parts: status (or severity 1 to 5), count, url and word (both optional).

    small: for a table cell, without the legend.
    """
    widths = geometry.slices([part["count"] for part in parts])
    shown: list[dict[str, Any]] = [
        {**_look(part), "count": part["count"], "url": part.get("url", ""), "x": one.x, "width": one.width}
        for part, one in zip(parts, widths, strict=True)
    ]
    counted = [f"{number(part['count'])} {str(part['word']).lower()}" for part in shown if part["count"]]
    said = f"{label}: {', '.join(counted) or _('nothing')}"
    if not small:
        return render_to_string("frame/_bar.html", {"parts": shown, "label": said, "title": label})
    pieces = (
        PIECE.format(part["css"], part["x"], part["width"], HATCHED if part["css"] == "unobserved" else "")
        for part in shown
        if part["count"]
    )
    return format_html(SMALL_BAR, said, SafeString("".join(pieces)))


def _look(part: Mapping[str, Any]) -> dict[str, object]:
    if "severity" in part:
        word = part.get("word") or severity_word(part["severity"])
        return {"css": part["severity"], "mark": "", "word": word}
    look: Look = status_look(part["status"])
    return {"css": look.css, "mark": look.mark, "word": part.get("word") or look.word}


@register.inclusion_tag("frame/_strip.html")
def strip(spans: Sequence[Mapping[str, Any]], label: Word) -> dict[str, object]:
    """History as a strip: spans in order, each with status, begin and end (datetime), url (optional)."""
    lengths = [(span["end"] - span["begin"]).total_seconds() for span in spans]
    shown = [
        {
            **_look(span),
            "x": one.x,
            "width": one.width,
            "begin": span["begin"],
            "end": span["end"],
            "when": f"{_when(span['begin'])} – {_when(span['end'])}",
            "url": span.get("url", ""),
        }
        for span, one in zip(spans, geometry.slices(lengths, least=0.6), strict=True)
    ]
    return {"spans": shown, "label": label}
