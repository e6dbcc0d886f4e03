"""Challenges: the list, one of them, raising, answering and settling."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls.listing import Asked, Words
from organisation.middleware import Request
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks import challenging
from risks.awaiting_decisions import challenges_awaiting
from risks.models import Assessment, Challenge, Risk, Treatment
from risks.treatment_forms import AnswerForm, ChallengeForm, SettleForm
from risks.views.tabs import tabs
from risks.views.treatments import filled_in


def visible(request: Request) -> QuerySet[Challenge]:
    rows = Challenge.objects.visible_to(request.user).raised(request.moment.at)
    return rows.select_related(
        "risk__owner", "risk__solution", "assessment__matrix", "treatment__owner", "exception__asked_by", "raised_by",
        "answered_by", "settled_by",
    )  # fmt: skip


@require_safe
@permitted("risk.view")
def challenges(request: Request) -> HttpResponse:
    at = request.moment.at
    every, mine = visible(request), challenges_awaiting(request.user) if request.moment.is_now else []
    settled = Q(settled_at__isnull=False, settled_at__lte=at)
    asks: dict[str, dict[str, Q]] = {
        "state": {"open": ~settled, "settled": settled},
        "about": {one.value: Q(about=one.value) for one in Challenge.About},
        "mine": {"decide": Q(pk__in=[one.pk for one in mine])},
    }
    choices: dict[str, tuple[Words, dict[str, Words]]] = {
        "state": (_("State"), {"open": _("open"), "settled": _("settled")}),
        "about": (_("About"), dict(Challenge.About.choices)),
        "mine": (_("Whose move"), {"decide": _("awaits you")}),
    }
    asked = Asked.of(request.GET, choices)
    rows = every
    for name, value in asked.values.items():
        rows = rows.filter(asks[name][value] if name in asks else Q(because__icontains=value))
    page = page_of(rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    total, unsettled = every.count(), every.filter(~settled).count()
    context = {
        "page": page,
        "rows": [told(one, at) for one in page.rows],
        "subject": ngettext("%(n)s challenge", "%(n)s challenges", total) % {"n": total}
        if total
        else _("No challenge"),
        "unsettled": unsettled,
        "unsettled_words": ngettext("%(n)d open", "%(n)d open", unsettled) % {"n": unsettled},
        "mine": len(mine),
        "mine_words": ngettext("%(n)d awaits you", "%(n)d await you", len(mine)) % {"n": len(mine)},
        "asked": asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
            for name, (label, known) in choices.items()
        ],
        "tabs": tabs(request, "challenges"),
    }
    return render(request, "risks/challenges.html", context)


def told(one: Challenge, at: Any) -> dict[str, Any]:
    """How it stood at a moment, and what it is about."""
    settled = one.settled_at is not None and one.settled_at <= at
    answered = one.answered_at is not None and one.answered_at <= at
    words = one.get_outcome_display() if settled else _("Answered, to be settled") if answered else _("To be answered")
    return {
        "challenge": one,
        "of": challenging.subject_id(one),
        "words": words,
        "look": "pass" if settled else "unknown" if answered else "waiting",
        "answered": answered,
        "settled": settled,
    }


@require_safe
@permitted("risk.view")
def challenge(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    is_now, user = request.moment.is_now, request.user
    row = told(found, request.moment.at)
    names = ", ".join(one.name for one in challenging.answerers(found))
    next_mover = ""
    if not row["answered"]:
        next_mover = _("One of these answers: %(names)s.") % {"names": names}
    elif not row["settled"]:
        next_mover = _("The second line settles it: anybody but who answered.")
    context = {
        **row,
        "title": _("%(about)s of %(of)s challenged: %(words)s") % {
            "about": found.get_about_display(), "of": row["of"], "words": str(row["words"]).lower(),
        },
        "answers": is_now and not challenging.answer_refusal(found, user),
        "settles": is_now and bool(challenging.outcomes(found, user)),
        "next_mover": next_mover if is_now else "",
    }  # fmt: skip
    return render(request, "risks/challenge.html", context)


def _page(found: Challenge, heading: str, verb: str, lead: str) -> FormPage:
    back = reverse("risks:challenge", args=[found.public_id])
    return FormPage(heading, verb, back, found.public_id, lead)


@permitted("challenge.answer")
def answer(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    page = _page(found, _("Answer %(id)s") % {"id": found.public_id}, _("Answer it"), found.because)
    return filled_in(
        request, page, AnswerForm(request.POST or None),
        lambda said: challenging.answer(found, text=said["answer"], by=request.user),
        why_not=challenging.answer_refusal(found, request.user),
    )  # fmt: skip


@permitted("challenge.settle")
def settle(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    page = _page(found, _("Settle %(id)s") % {"id": found.public_id}, _("Settle it"), found.answer or found.because)
    form = SettleForm(request.POST or None, outcomes=challenging.outcomes(found, request.user))
    return filled_in(
        request, page, form, lambda said: challenging.settle(found, by=request.user, **said),
        why_not=challenging.settle_refusal(found, request.user),
    )  # fmt: skip


def _raised(request: Request, heading: str, back: str, label: str, do: Any) -> HttpResponse:
    page = FormPage(heading, _("Challenge it"), back, label)
    return filled_in(request, page, ChallengeForm(request.POST or None), do)


@permitted("risk.challenge")
def challenge_level(request: Request, public_id: str) -> HttpResponse:
    """Of an assessment."""
    rows = Assessment.objects.filter(risk__in=Risk.objects.visible_to(request.user)).select_related("risk", "matrix")
    found = get_or_404(rows, public_id)
    heading = _("Challenge the %(kind)s level of %(id)s: %(level)s") % {
        "kind": found.get_kind_display().lower(), "id": found.risk.public_id, "level": found.label,
    }  # fmt: skip
    return _raised(
        request, heading, reverse("risks:challenges"), found.risk.public_id,
        lambda said: challenging.challenge_level(found, because=said["because"], by=request.user),
    )  # fmt: skip


@permitted("risk.challenge")
def challenge_treatment(request: Request, public_id: str) -> HttpResponse:
    """How it is treated; where its closing is proposed or done, that."""
    rows = Treatment.objects.visible_to(request.user).select_related("risk__owner", "owner")
    found = get_or_404(rows, public_id)
    of_closure = found.closure_proposed_at is not None
    words = _("Challenge the closing of %(id)s") if of_closure else _("Challenge %(id)s")
    verb = challenging.challenge_closure if of_closure else challenging.challenge_treatment
    return _raised(
        request, words % {"id": found.public_id}, reverse("risks:treatment", args=[found.public_id]), found.public_id,
        lambda said: verb(found, because=said["because"], by=request.user),
    )  # fmt: skip


@permitted("risk.challenge")
def challenge_risk_closure(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Risk.objects.visible_to(request.user).select_related("owner"), public_id)
    return _raised(
        request, _("Challenge the closing of %(id)s") % {"id": found.public_id}, reverse("risks:challenges"),
        found.public_id,
        lambda said: challenging.challenge_closure(found, because=said["because"], by=request.user),
    )  # fmt: skip
