"""A solution's shared responsibility: from the resource types that it really uses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from audit.words import in_the_organisations_language
from controls import tables
from controls.listing import Asked
from controls.models import Edition, Framework, FrameworkVersion, Party, RunsAs, Section, ServiceType
from controls.provider_parts import ProviderPart, Shown
from controls.responsibility import held_for
from controls.responsibility_forms import RunsAsForm
from controls.solution_requirements import Row, Whose, rows_of
from controls.used_services import Use, kinds_of, kinds_of_type, resources_in, stated_kinds, uses
from controls.views.responsibility import AREAS, Line, cells_of
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

ORDER = ("position", "id")
UNASSIGNED = "unassigned"
MATRIX_HEAD = (
    word("Service type"),
    word("Resource types"),
    word("Resources"),
    word("Regions"),
    word("Area"),
    word("Whose"),
    word("Why"),
    word("Source"),
    word("Address"),
    word("Read on"),
    word("Our reading"),
    word("Stated by"),
    word("Stated at"),
)
REQUIREMENT_HEAD = (
    word("Requirement"),
    word("Title"),
    word("About"),
    word("Why"),
    word("Source"),
    word("Whose"),
)


def _solution(request: Request, public_id: str) -> Solution:
    return get_or_404(Solution.objects.visible_to(request.user).added_by(request.moment.at), public_id)


def _lines(request: Request, solution: Solution) -> tuple[list[Line], list[Use]]:
    """The matrix's lines, and the uses that no service type claims."""
    used = uses(solution, request.user, request.moment)
    held = held_for([use.service for use in used if use.service], request.moment.at)
    lines = [Line(use.service, cells_of(use.service, held), use) for use in used if use.service]
    return lines, [use for use in used if use.service is None]


@require_safe
@permitted("responsibility.view")
def matrix(request: Request, public_id: str) -> HttpResponse:
    """Areas by the service types that a solution uses at the moment."""
    solution = _solution(request, public_id)
    lines, others = _lines(request, solution)
    services = list(ServiceType.objects.all())
    current = FrameworkVersion.objects.current(request.moment.at).select_related("framework")
    context = {
        "solution": solution,
        "title": _title(solution, lines),
        "areas": AREAS,
        "lines": lines,
        "others": others,
        "open_kinds": [
            (line.use, kinds_of(line.use, services)) for line in lines if line.use and _is_open(line, services)
        ],
        "stated_kinds": [one for line in lines if line.use for one in line.use.said],
        "versions": current.order_by("framework__name"),
        "manages": may(request.user, "responsibility.manage") and request.moment.is_now,
    }
    return render(request, "controls/solution_responsibility.html", context)


def _is_open(line: Line, services: list[ServiceType]) -> bool:
    """Whether it could be one of several kinds, and nobody stated which."""
    return not (line.use and line.use.said) and any(line.service.key in one.may_be for one in services)


def _title(solution: Solution, lines: list[Line]) -> str:
    told = {"name": solution.name, "n": len(lines)}
    if not lines:
        return _("%(name)s: no resource tells which services it uses") % told
    unassigned = sum(1 for line in lines for _area, said in line.cells if said is None)
    title = ngettext("%(name)s uses %(n)d service type", "%(name)s uses %(n)d service types", len(lines)) % told
    if unassigned:
        words = ngettext("%(n)d area is not assigned", "%(n)d areas are not assigned", unassigned)
        title += ", " + words % {"n": unassigned}
    return title


@require_safe
@permitted("responsibility.view")
@in_the_organisations_language
def matrix_export(request: Request, public_id: str, form: str) -> HttpResponse:
    solution = _solution(request, public_id)
    lines, others = _lines(request, solution)
    rows = [row for line in lines for row in _told(line)]
    rows += [
        (_("No service type"), kind, str(n), "", "", _("not assigned"), *[""] * 7)
        for use in others
        for kind, n in use.types.items()
    ]
    return _file(
        request, solution, form, "responsibility", MATRIX_HEAD, rows, _("Shared responsibility by service type")
    )


def _told(line: Line) -> list[tuple[str, ...]]:
    use = line.use
    assert use is not None
    head = (line.service.name, ", ".join(use.types), str(use.total), ", ".join(use.regions))
    rows = []
    for area, said in line.cells:
        if said is None:
            rows.append((*head, str(area.label), _("not assigned"), line.service.note, *[""] * 6))
            continue
        on = said.source_on.isoformat() if said.source_on else ""
        who = said.stated_by.name if said.stated_by else ""
        reading = _("yes") if said.is_reading else ""
        stamp = said.stated_at.isoformat(timespec="seconds")
        source = (said.source_name, said.source_url, on, reading, who, stamp)
        rows.append((*head, str(area.label), str(said.get_party_display()), said.because, *source))
    return rows


@require_safe
@permitted("responsibility.view")
def requirements(request: Request, public_id: str, framework_id: str) -> HttpResponse:
    """Whose each requirement of a framework is, for the service types in use."""
    solution, version = _solution(request, public_id), version_of(request, framework_id)
    used = uses(solution, request.user, request.moment)
    asked = Asked.of(request.GET, choices_of(version))
    every = rows_of(version, used, request.moment.at)
    chosen = asked_for(every, asked)
    known = {row.edition.pk: row for row in chosen}
    editions = Edition.objects.filter(pk__in=known)
    if "q" in asked.values:
        editions = editions.saying(asked.values["q"])
    page = page_of(editions.only("pk", "position"), order=ORDER, cursor=request.GET.get("cursor", ""))
    context = {
        "solution": solution,
        "version": version,
        "title": _requirements_title(solution, version, every),
        "counts": [(value, word, sum(_key(row) == value for row in every)) for value, word in _words().items()],
        "asked": asked,
        "choices": [
            {"name": name, "label": label, "values": values.items(), "chosen": asked.values.get(name, "")}
            for name, (label, values) in choices_of(version).items()
        ],
        "page": page,
        "total": editions.count(),
        "rows": _drawn([known[one.pk] for one in page.rows], request),
        "used": [use for use in used if use.service],
        "others": [use for use in used if use.service is None],
    }
    return render(request, "controls/solution_requirements.html", context)


def _drawn(rows: list[Row], request: Request) -> list[tuple[Row, str, str]]:
    """Each with its long cells. Requirements about the same areas share them, so each is drawn once."""
    drawn = {}
    for row in rows:
        if id(row.whose) not in drawn:
            told = {"told": row.whose}
            drawn[id(row.whose)] = (
                render_to_string("controls/_whose.html", told, request),
                render_to_string("controls/_provider_part.html", told, request),
            )
    return [(row, *drawn[id(row.whose)]) for row in rows]


def version_of(request: Request, framework_id: str) -> FrameworkVersion:
    at = request.moment.at
    framework = get_or_404(Framework.objects.filter(added_at__lte=at), framework_id)
    version = framework.versions.current(at).select_related("framework").first()
    if version is None:
        raise Http404(f"No version of {framework_id} was current then")
    return version


def _words() -> dict[str, Any]:
    return {**{value: label for value, label in Party.choices if value != Party.NONE}, UNASSIGNED: _("Not assigned")}


def _key(row: Row) -> str:
    return row.whose.party.value if row.whose.party else UNASSIGNED


def choices_of(version: FrameworkVersion) -> dict[str, Any]:
    return {
        "section": (_("Section"), {one.public_id: str(one) for one in version.sections.all()}),
        "whose": (_("Whose"), _words()),
        "part": (_("Provider's part"), dict(Shown.choices)),
    }


def asked_for(rows: list[Row], asked: Asked) -> list[Row]:
    values = asked.values
    if "whose" in values:
        rows = [row for row in rows if _key(row) == values["whose"]]
    if "part" in values:
        rows = [row for row in rows if Shown(values["part"]) in row.whose.parts]
    if "section" in values:
        path = Section.objects.get(pk=Section.key_of(values["section"])).path
        rows = [row for row in rows if row.edition.section and f"{row.edition.section.path}/".startswith(f"{path}/")]
    return rows


def _requirements_title(solution: Solution, version: FrameworkVersion, rows: list[Row]) -> str:
    asked = sum(bool({Shown.ASKED, Shown.STALE, Shown.UNREAD, Shown.PARTLY} & set(row.whose.parts)) for row in rows)
    told = {"name": solution.name, "framework": version.framework.name, "n": asked}
    if not asked:
        return _("%(name)s, %(framework)s: whose each requirement is") % told
    words = ngettext(
        "%(name)s, %(framework)s: a provider report is asked for %(n)d requirement",
        "%(name)s, %(framework)s: provider reports are asked for %(n)d requirements",
        asked,
    )
    return words % told


@require_safe
@permitted("responsibility.view")
@in_the_organisations_language
def requirements_export(request: Request, public_id: str, framework_id: str, form: str) -> HttpResponse:
    solution, version = _solution(request, public_id), version_of(request, framework_id)
    used = uses(solution, request.user, request.moment)
    services = [use.service for use in used if use.service]
    rows = asked_for(rows_of(version, used, request.moment.at), Asked.of(request.GET, choices_of(version)))
    words = _words()
    head = (*REQUIREMENT_HEAD, *(one.name for one in services), "Provider's part")
    distinct = {id(row.whose): row.whose for row in rows}
    cells = {key: _cells(whose, services) for key, whose in distinct.items()}
    told = [
        (
            row.edition.label,
            row.edition.title,
            ", ".join(row.about.labels),
            row.about.said.because if row.about.said else "",
            getattr(row.about.said, "source_name", "") or (_("our reading") if row.about.said else ""),
            str(words.get(_key(row), _("No such part"))),
            *cells[id(row.whose)],
        )
        for row in rows
    ]
    return _file(request, solution, form, f"responsibility-{version.framework.key}", head, told, str(version))


def _cells(whose: Whose, services: list[ServiceType]) -> list[str]:
    """By service type: whose (why, the matrix's own file says); and the provider's part of all."""
    said = {
        one.service.pk: str(one.party.label if one.party else _("Not assigned"))
        for answers in whose.by_party.values()
        for one in answers
    }
    parts = "; ".join(
        f"{service.name}: {state.label}{_until(part)}"
        for state, found in whose.parts.items()
        for service, part in found
    )
    return [*(said[one.pk] for one in services), parts]


def _until(part: ProviderPart) -> str:
    return _(" until %(day)s") % {"day": f"{timezone.localtime(part.until_day):%Y-%m-%d}"} if part.until_day else ""


def _file(
    request: Request, solution: Solution, form: str, name: str, head: Any, rows: list[Any], what: str
) -> HttpResponse:
    at = request.moment.at
    named = f"{solution.public_id}-{name}-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return tables.as_csv(named, head, rows)
    if form != "xlsx":
        raise BadRequest(_("No such form: %(form)s") % {"form": form})
    about = {
        _("What"): what,
        _("Solution"): f"{solution.name} ({solution.public_id})",
        _("As of"): _("%(at)s UTC") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"},
        _("Rows"): str(len(rows)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(
            reverse("controls:solution_responsibility", args=[solution.public_id])
        ),
    }
    return tables.as_xlsx(named, about, head, rows)


@require_safe
@permitted("responsibility.view")
def resources(request: Request, public_id: str) -> HttpResponse:
    """The resources that a matrix counts. ?service= key of a service type, or other; ?type= one resource type."""
    solution = _solution(request, public_id)
    asked = request.GET
    use, rows = resources_in(
        solution, request.user, request.moment, service=asked.get("service", ""), kind=asked.get("type", "")
    )
    name = use.service.name if use and use.service else _("no service type") if use else _("every service type")
    total = rows.count()
    words = ngettext("%(solution)s: %(n)s resource of %(name)s", "%(solution)s: %(n)s resources of %(name)s", total)
    context = {
        "solution": solution,
        "title": words % {"solution": solution.name, "n": f"{total:,}", "name": name},
        "page": page_of(rows, order=("type", "account", "region", "id"), cursor=request.GET.get("cursor", "")),
        "total": total,
    }
    return render(request, "controls/solution_resources.html", context)


@permitted("responsibility.manage")
def runs_as(request: Request, public_id: str, kind: str) -> HttpResponse:
    """Which kind of service the solution's resources of a type are. kind: AWS::ECS::Service."""
    solution = _solution(request, public_id)
    kinds = kinds_of_type(kind)
    if not kinds:
        raise Http404(f"{kind} is of one kind only")
    held = stated_kinds(solution, request.moment.at).get(kind)
    form = RunsAsForm(
        request.POST or None, kinds=kinds, initial={"kind": held.service.key if held and held.service else ""}
    )
    page = FormPage(
        heading=_("%(name)s: what do its %(kind)s run as?") % {"name": solution, "kind": kind},
        lead=_("The inventory does not tell. Who patches the operating system follows from it."),
        verb=_("State it"),
        back=reverse("controls:solution_responsibility", args=[solution.public_id]),
        back_label=solution.name,
    )
    if not form.is_valid():
        return page.show(request, form)
    RunsAs.state(solution, kind, form.said, because=form.cleaned_data["because"], by=request.user)
    messages.success(request, _("Stated of %(kind)s.") % {"kind": kind})
    return redirect(page.back)
