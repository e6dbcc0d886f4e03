"""The register of controls as a list and as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.counted import page_of
from audit.words import in_the_organisations_language
from controls.addresses import files_of
from controls.register import Register, Row
from controls.standing import FAILS, Monitoring
from controls.views.standing_files import standing_file
from organisation.middleware import Request
from organisation.models import Role
from organisation.permissions import may, permitted

HEAD = (
    word("Id"),
    word("Control"),
    word("Objective"),
    word("Type"),
    word("How it works"),
    word("Frequency"),
    word("Owner"),
    word("Operated by"),
    word("Common"),
    word("Monitoring status"),
    word("Inherited from"),
    word("Last conclusion"),
    word("Concluded until"),
    word("Next test due"),
    word("Serves"),
    word("Retired on"),
)


@require_safe
@permitted("control.view")
def library(request: Request) -> HttpResponse:
    found = Register.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, found.key, cursor=request.GET.get("cursor", ""), descending=found.descends)
    context = {
        "found": found,
        "page": page,
        "total": len(found.rows),
        "asked": found.asked,
        "subject": title(found),
        "tells": tells(found),
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if known
        ],
        "exports": files_of(request, "controls:library_export"),
        "why_empty": why_empty(request, found),
        "manages": may(request.user, "control.manage") and request.moment.is_now,
    }
    return render(request, "controls/library.html", context)


def title(found: Register) -> str:
    """How many there are; how they stand is told beside, each part a door."""
    n = len(found.every)
    of = f"{found.solution.name}: " if found.solution else ""
    if not n:
        return of + _("no control yet") if of else _("No control yet")
    return of + ngettext("%(n)s control", "%(n)s controls", n) % {"n": f"{n:,}"}


def tells(found: Register) -> list[dict[str, Any]]:
    """What the title says of them: words, and the filter that lists the same."""
    counts = found.counts
    failing = sum(counts[status] for status in FAILS)
    partly = counts[Monitoring.PARTLY_FAILING]
    silent = counts[Monitoring.NOT_OBSERVED]
    told = []
    if failing - partly:
        n = failing - partly
        told.append({"words": ngettext("%(n)d fails", "%(n)d fail", n) % {"n": n}, "status": Monitoring.FAILING})
    if partly:
        words = ngettext("%(n)d fails in part", "%(n)d fail in part", partly) % {"n": partly}
        told.append({"words": words, "status": Monitoring.PARTLY_FAILING})
    if silent:
        words = ngettext("%(n)d is not observed", "%(n)d are not observed", silent) % {"n": silent}
        told.append({"words": words, "status": Monitoring.NOT_OBSERVED})
    if found.overdue:
        words = ngettext("%(n)d test is overdue", "%(n)d tests are overdue", found.overdue) % {"n": found.overdue}
        told.append({"words": words, "test": "overdue"})
    return told


def why_empty(request: Request, found: Register) -> dict[str, str]:
    """Why nothing is listed, to this reader, and what to do."""
    if found.asked.values:
        return {"title": _("No control matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No control at this moment"), "why": _("Those of today were added later.")}
    if may(request.user, "control.manage"):
        return {
            "title": _("No control yet"),
            "why": _("Write down what the organisation does, who answers for it, and which requirements it serves."),
            "url": reverse("controls:control_add"),
            "verb": _("Add the first one"),
        }
    if request.user.line in (Role.FIRST, Role.EXTERNAL):
        why = _("Neither your solutions nor the organisation as a whole have one. The second line adds them.")
        return {"title": _("No control concerns you yet"), "why": why}
    return {"title": _("No control yet"), "why": _("The second line adds them.")}


@require_safe
@permitted("control.view")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = Register.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all in use")
    lines = [_line(row) for row in found.ordered]
    return standing_file(request, form, "controls", _("The register of controls"), found.scope, narrowed, HEAD, lines)


def _line(row: Row) -> tuple[str, ...]:
    control, concluded = row.control, row.conclusion
    return (
        control.public_id,
        control.name,
        control.objective,
        control.get_kind_display(),
        control.get_method_display(),
        control.get_frequency_display(),
        control.owner.name,
        control.solution.name if control.solution else _("every solution"),
        "yes" if control.is_common else "no",
        str(row.standing.monitoring.label) if row.standing else "",
        row.inherits_from.name if row.inherits_from else "",
        concluded.get_result_display() if concluded else "",
        f"{concluded.period_to:%Y-%m-%d}" if concluded else "",
        row.due.at.isoformat(timespec="seconds") if row.due else "",
        ", ".join(sorted(row.frameworks.values())),
        control.retired_at.isoformat(timespec="seconds") if control.retired_at else "",
    )
