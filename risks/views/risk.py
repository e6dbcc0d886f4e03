"""One risk: what it is, how high, what keeps it down and shows it, and what must happen next."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.moment import Moment
from audit.public_id import get_or_404
from organisation.middleware import Request
from organisation.models import User
from organisation.permissions import may, permitted
from risks import panels_of_risk, rights
from risks.acts import history
from risks.models import Risk
from risks.next_move import Move, next_move
from risks.one_risk import Facts, facts
from risks.panels import MARKS
from risks.past import as_they_were


def risks(request: Request) -> QuerySet[Risk]:
    """Those that the reader may open at the moment."""
    seen = Risk.objects.visible_to(request.user).added_by(request.moment.at)
    return seen.select_related("owner", "solution", "category", "closure_proposed_by", "closed_by")


@require_safe
@permitted("risk.view")
def risk(request: Request, public_id: str) -> HttpResponse:
    user, moment = request.user, request.moment
    (found,) = as_they_were([get_or_404(risks(request), public_id)], moment.at)
    told = facts(found, user, moment)
    move = next_move(told, moment.at)
    closed = found.is_closed(moment.at)
    context: dict[str, Any] = {
        "risk": found,
        "facts": told,
        "title": title(told, closed=closed),
        "closed": closed,
        "move": move,
        "awaits": move.words(user) if move else "",
        "mark": MARKS.get(told.standing, "not_observed"),
        "may": doors(found, told, user, moment),
        "primary": primary(move, user),
        "acts": history(found, user, moment.at),
        "answering": rights.names(told.answering),
        "treatments": panels_of_risk.treatments(request, found),
        "exceptions": panels_of_risk.exceptions(request, found),
        "challenges": panels_of_risk.challenges(request, found),
        "challenges_it": may(user, "risk.challenge") and moment.is_now,
        **bounds_of(told),
    }
    return render(request, "risks/risk.html", context)


def bounds_of(told: Facts) -> dict[str, str]:
    """Appetite and tolerance that count, as they read in the matrix in force."""
    matrix, risk = told.rules.matrix, told.risk
    bounds = told.rules.bounds_of(risk.solution_id, risk.category_id)
    if matrix is None or bounds is None:
        return {}
    return {"wanted": matrix.label(bounds.appetite), "borne": matrix.label(bounds.tolerance)}


def title(told: Facts, *, closed: bool) -> str:
    """The answer: how high it is, and whether that is borne."""
    words = {"title": told.risk.title}
    if closed:
        return _("%(title)s: closed") % words
    shown = told.current.shown
    if shown is None:
        return _("%(title)s: not assessed") % words
    words |= {"level": shown["label"].lower(), "standing": told.standing_words.lower()}
    return _("%(title)s: %(level)s, %(standing)s") % words


def doors(risk: Risk, told: Facts, user: User, moment: Moment) -> dict[str, bool | str]:
    """What the reader may do now, by verb; `not`: why they may not change it, in words. Nobody acts in the past."""
    if not moment.is_now:
        return {"not": _("You look at another moment: nothing is changed in the past.")}
    change = rights.change_refusal(risk, user)
    is_open = not risk.closed_at
    works = is_open and not change
    matrix = told.rules.matrix is not None
    return {
        "change": works,
        "assess": works and matrix,
        "answers": matrix and not rights.confirm_refusal(risk, user),
        "propose_closing": not rights.propose_closing_refusal(risk, user),
        "confirm_closing": not rights.confirm_closing_refusal(risk, user),
        "reject_closing": not rights.reject_closing_refusal(risk, user),
        "reopen": not rights.reopen_refusal(risk, user),
        "not": change,
        "not_confirm": rights.confirm_closing_refusal(risk, user) if works and risk.closure_proposed_at else "",
        "not_close": rights.propose_closing_refusal(risk, user) if works and not risk.closure_proposed_at else "",
    }


def primary(move: Move | None, user: User) -> str:
    """The one filled button: what awaits this reader."""
    return move.act if move and move.is_of(user) else ""
