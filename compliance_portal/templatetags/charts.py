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
    marks = [
        {
            "x": None if place is None else place[0],
            "y": None if place is None else place[1] + TREND_TOP,
            "hit_x": round(max(index * width - width / 2, 0), 2),
            "hit_width": round(width if 0 < index < len(points) - 1 else width / 2, 2),
            "when": _when(point["at"]),
            "said": _said(point["value"], unit),
            "url": point.get("url", ""),
            "is_last": index == len(points) - 1,
        }
        for index, (point, place) in enumerate(zip(points, places, strict=True))
    ]
    return {
        "label": label,
        "tone": tone,
        "d": geometry.path(places),
        "gaps": geometry.gaps(values),
        "marks": marks,
        "grid": [
            (TREND_TOP, number(high)),
            (TREND_TOP + TREND_HEIGHT // 2, number(high / 2)),
            (TREND_TOP + TREND_HEIGHT, "0"),
        ],
        "top": TREND_TOP,
        "plot": TREND_HEIGHT,
        "height": TREND_TOP + TREND_HEIGHT + 22,
        "foot": TREND_TOP + TREND_HEIGHT + 16,
        "first": marks[0]["when"] if marks else "",
        "last": marks[-1]["when"] if marks else "",
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
        (part["css"], part["x"], part["width"], HATCHED if part["css"] == "unobserved" else "")
        for part in shown
        if part["count"]
    )
    return format_html(SMALL_BAR, said, format_html_join("", PIECE, pieces))


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
