from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls.live import observed
from controls.models import PROCESS_CHECK, Pack, PackVersion, Requirement
from findings.models import Source
from organisation.middleware import Request
from organisation.permissions import may, permitted


@require_safe
@permitted("framework.view")
def packs(request: Request) -> HttpResponse:
    process = Q(rules__identifier=PROCESS_CHECK)
    rows = (
        PackVersion.objects.current(request.moment.at)
        .select_related("pack", "framework")
        .annotate(
            n=Count("rules"),
            process=Count("rules", filter=process),
            naming=Count("rules", filter=~Q(rules__controls=[])),
        )
    )
    words = request.GET.get("q", "").replace("\x00", "")
    if words:
        rows = rows.filter(pack__name__icontains=words)
    total = rows.count()
    context = {
        "page": page_of(rows, order=("pack__name", "id"), cursor=request.GET.get("cursor", "")),
        "total": total,
        "q": words,
        "title": ngettext("%(n)d conformance pack", "%(n)d conformance packs", total) % {"n": total},
        "manages": may(request.user, "framework.manage"),
    }
    return render(request, "controls/packs.html", context)


@require_safe
@permitted("framework.view")
def pack(request: Request, public_id: str) -> HttpResponse:
    """The rules of a pack as its template has them, what they name, and what their checks say here."""
    found = get_or_404(Pack.objects.all(), public_id)
    version = found.versions.current(request.moment.at).select_related("framework").first()
    rules = list(version.rules.all()) if version else []
    named = [(Source.CONFIG.value, rule.identifier) for rule in rules if rule.identifier and not rule.is_process_check]
    says = observed(named, request.user, request.moment)
    context: dict[str, Any] = {
        "pack": found,
        "version": version,
        "rows": [{"rule": rule, "says": says.get((Source.CONFIG.value, rule.identifier), [])} for rule in rules],
        "named": _named(version, [key for rule in rules for key in rule.controls]),
        "remediations": {one["rule"]: one for one in version.remediations} if version else {},
        "title": _title(found, rules),
    }
    return render(request, "controls/pack.html", context)


def _named(version: PackVersion | None, keys: list[str]) -> dict[str, Requirement]:
    """The requirements that the rules name, by key."""
    if version is None or version.framework is None:
        return {}
    return {one.key: one for one in version.framework.requirements.filter(key__in=set(keys))}


def _title(found: Pack, rules: list[Any]) -> str:
    process = sum(rule.is_process_check for rule in rules)
    title = ngettext("%(name)s: %(n)d rule", "%(name)s: %(n)d rules", len(rules)) % {
        "name": found.name,
        "n": len(rules),
    }
    if process:
        title += ", " + ngettext("%(n)d answered by a person", "%(n)d answered by people", process) % {"n": process}
    return title
