"""Challenges: the list, one of them, raising, answering and settling."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from organisation.middleware import Request
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks import challenging
from risks.challenge_list import RELATED, Challenges
from risks.models import Assessment, Challenge, Risk, Treatment
from risks.treatment_forms import AnswerForm, ChallengeForm, SettleForm
from risks.views.tabs import tabs
from risks.views.treatments import filled_in


def visible(request: Request) -> QuerySet[Challenge]:
    rows = Challenge.objects.visible_to(request.user).raised(request.moment.at)
    return rows.select_related(*RELATED)


@require_safe
@permitted("risk.view")
def challenges(request: Request) -> HttpResponse:
    found = Challenges.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    total, unsettled, mine = found.every.count(), found.unsettled, len(found.mine)
    context = {
        "page": page,
        "rows": [told(one, found.at) for one in page.rows],
        "subject": ngettext("%(n)s challenge", "%(n)s challenges", total) % {"n": total}
        if total
        else _("No challenge"),
        "unsettled": unsettled,
        "unsettled_words": ngettext("%(n)d open", "%(n)d open", unsettled) % {"n": unsettled},
        "mine": mine,
        "mine_words": ngettext("%(n)d awaits you", "%(n)d await you", mine) % {"n": mine},
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
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
    found = get_or_404(Assessment.objects.visible_to(request.user).select_related("risk", "matrix"), public_id)
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
    return _raised(
        request, words % {"id": found.public_id}, reverse("risks:treatment", args=[found.public_id]), found.public_id,
        lambda said: challenging.challenge_treated(found, because=said["because"], by=request.user),
    )  # fmt: skip


@permitted("risk.challenge")
def challenge_risk_closure(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Risk.objects.visible_to(request.user).select_related("owner"), public_id)
    return _raised(
        request, _("Challenge the closing of %(id)s") % {"id": found.public_id}, reverse("risks:challenges"),
        found.public_id,
        lambda said: challenging.challenge_closure(found, because=said["because"], by=request.user),
    )  # fmt: skip
