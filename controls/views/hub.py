from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from controls.hub import ControlStatus, Standard, standards
from controls.listing import Asked, Words
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.permissions import permitted


@require_safe
@permitted("posture.view")
def hub(request: Request) -> HttpResponse:
    """Security Hub's scores as its console has them; with a standard in the address, the controls behind its score."""
    found = standards(request.user, request.moment)
    ids = {one.id or "all": one for one in found}
    choices: dict[str, tuple[Words, dict[str, Words]]] = {
        "standard": (_("Standard"), {key: one.name for key, one in ids.items()}),
        "status": (_("Status"), {status.value: status.label for status in ControlStatus}),
    }
    asked = Asked.of(request.GET, choices)
    chosen = ids.get(asked.values.get("standard", ""))
    wanted = asked.values.get("status")
    words = asked.values.get("q", "").casefold()
    context = {
        "title": _title(chosen or (found[-1] if found else None)),
        "coverage": coverage(request.user, request.moment),
        "standards": found,
        "chosen": chosen,
        "asked": asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
            for name, (label, known) in choices.items()
        ],
        "controls": [
            one
            for one in (chosen.controls if chosen else [])
            if wanted in (None, one.status) and words in f"{one.check.key} {one.check.title}".casefold()
        ],
    }
    return render(request, "controls/hub.html", context)


def _title(one: Standard | None) -> str:
    if one is None:
        return _("Security Hub: no standard is enabled")
    if one.score is None:
        return _("%(name)s: no control has data") % {"name": one.name if one.id else "Security Hub"}
    told = {"score": one.score, "failed": one.n(ControlStatus.FAILED), "name": one.name if one.id else "Security Hub"}
    words = ngettext(
        "%(name)s: AWS's score is %(score)d %%, %(failed)d control fails",
        "%(name)s: AWS's score is %(score)d %%, %(failed)d controls fail",
        one.n(ControlStatus.FAILED),
    )
    return words % told
