"""The list of evidence, as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls.addresses import files_of
from controls.views.standing_files import standing_file
from evidence.evidence_list import LOOKS, ORDERS, STANDING, STATES, Locker, with_controls
from evidence.models import Evidence
from evidence.views.tabs import tabs
from organisation.middleware import Request
from organisation.permissions import may, permitted

HEAD = (
    word("Id"),
    word("Title"),
    word("Kind"),
    word("State"),
    word("Version"),
    word("Solution"),
    word("Shows something of"),
    word("Captured at"),
    word("Captured by"),
    word("Speaks of the time from"),
    word("to"),
    word("File"),
    word("Media type"),
    word("Bytes"),
    word("SHA-256"),
    word("Confidentiality"),
    word("Call"),
    word("Account"),
    word("Caller"),
    word("Run"),
    word("Kept until"),
    word("Withdrawn at"),
    word("Why withdrawn"),
    word("What it shows"),
)


@require_safe
@permitted("evidence.view")
def locker(request: Request) -> HttpResponse:
    found = Locker.of(request.GET, request.user, request.moment)
    rows = with_controls(found.rows, request.user, found.at)
    page = page_of(rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    counts = found.counts()
    context = {
        "page": page,
        "rows": [shown(one) for one in page.rows],
        "total": found.rows.count(),
        "subject": title(found, counts),
        "tells": tells(counts),
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if known and name != "control"
        ],
        "exports": files_of(request, "evidence:locker_export"),
        "tabs": tabs(request, "locker"),
        "add_url": adding(request, found),
        "why_empty": why_empty(request, found),
    }
    return render(request, "evidence/locker.html", context)


def shown(one: Evidence) -> dict[str, Any]:
    """What a row of a list says of it. `stands`: see evidence_list.as_of."""
    stands: str = one.stands  # type: ignore[attr-defined]
    return {
        "evidence": one,
        "look": LOOKS[stands],
        "word": STATES[stands],
        "shows": one.shows,  # type: ignore[attr-defined]
    }


def title(found: Locker, counts: dict[str, int]) -> str:
    n = sum(counts.values())
    if not n:
        return _("No evidence")
    standing = sum(counts.get(name, 0) for name in STANDING)
    told = {"n": f"{standing:,}"}
    if found.control:
        n = found.rows.count()
        words = ngettext("%(n)s piece of evidence for %(name)s", "%(n)s pieces of evidence for %(name)s", n)
        return words % {"n": f"{n:,}", "name": found.control.name}
    return ngettext("%(n)s piece of evidence stands", "%(n)s pieces of evidence stand", standing) % told


def tells(counts: dict[str, int]) -> list[dict[str, str]]:
    """What the title says of them: words, and the filter that lists the same."""
    words = {
        "fresh": _("%(n)s fresh"),
        "stale": _("%(n)s stale"),
        "withdrawn": _("%(n)s withdrawn"),
    }
    return [
        {"words": said % {"n": f"{counts[name]:,}"}, "state": name} for name, said in words.items() if counts.get(name)
    ]


def adding(request: Request, found: Locker) -> str:
    """Where a piece is added, for what is looked at; empty where the reader may not."""
    if not may(request.user, "evidence.add") or not request.moment.is_now:
        return ""
    asked = {"control": found.control.public_id} if found.control else {}
    return f"{reverse('evidence:add')}?{urlencode(asked)}" if asked else reverse("evidence:add")


def why_empty(request: Request, found: Locker) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No evidence matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No evidence at this moment"), "why": _("That of today was captured later.")}
    why = _("What shows that something was so is kept here as it came: files that people bring, and snapshots.")
    if url := adding(request, found):
        return {"title": _("The locker is empty"), "why": why, "url": url, "verb": _("Add evidence")}
    return {"title": _("The locker is empty"), "why": why}


@require_safe
@permitted("evidence.view")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = Locker.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all of it")
    rows = with_controls(found.rows, request.user, found.at).order_by(*ORDERS[found.order])
    lines = [_line(one, found) for one in rows]
    return standing_file(request, form, "evidence", _("Evidence"), found.scope, narrowed, HEAD, lines)


def _line(one: Evidence, found: Locker) -> tuple[str, ...]:
    withdrawn = one.withdrawn_at if one.withdrawn_at and one.withdrawn_at <= found.at else None
    return (
        one.public_id,
        one.title,
        str(one.get_kind_display()),
        str(STATES[one.stands]),  # type: ignore[attr-defined]
        str(one.version),
        one.solution.name if one.solution else "",
        ", ".join(link.control.name for link in one.shows),  # type: ignore[attr-defined]
        one.captured_at.isoformat(timespec="seconds"),
        one.captured_by.name if one.captured_by else _("the portal"),
        one.effective_from.isoformat(timespec="seconds"),
        one.effective_to.isoformat(timespec="seconds"),
        one.file_name,
        one.media_type,
        str(one.size),
        one.sha256,
        str(one.get_confidentiality_display()),
        one.source_api,
        one.source_account,
        one.source_arn,
        one.source_run,
        one.kept_until.isoformat(timespec="seconds"),
        withdrawn.isoformat(timespec="seconds") if withdrawn else "",
        one.withdrawn_because if withdrawn else "",
        one.note,
    )
