from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit.moment import Moment
from organisation import bearer, second_factor, step_up
from organisation.days import is_in_reach
from organisation.models import Role, User, Visibility
from organisation.permissions import OWN_WORK, OutOfReach, action_of, require
from organisation.problems import ask_to_log_in

GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS")
UNGUARDED = ("allauth.", "django.contrib.staticfiles.", "django.views.static")


class Request(HttpRequest):
    """What a view receives: a person who is logged in, and the moment they look at."""

    user: User
    moment: Moment
    htmx: Any


class deny_by_default:  # noqa: N801  (named for what it does, in the list of middleware)
    """Every view names its action (`permitted`) or says that it is `public`; the rest is refused."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if view.__module__.startswith(UNGUARDED):
            locked = view.__module__.startswith("allauth.") and not second_factor.is_way_to_it(request)
            return second_factor.lead(request) if locked and second_factor.is_missing(request) else None
        try:
            action = action_of(view)
        except LookupError as unnamed:
            raise PermissionDenied(str(unnamed)) from unnamed
        if action is None:
            return None
        if not request.user.is_authenticated:
            return self._ask_to_log_in(request)
        if second_factor.is_missing(request):
            return second_factor.lead(request)
        require(request.user, action)
        if words := bearer.refusal(request):
            raise OutOfReach(words)
        return step_up.ask(request) if step_up.is_needed(request, action) else None

    def _ask_to_log_in(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return ask_to_log_in(_("Log in first, or send a token."))
        if "HX-Request" in request.headers:
            page = redirect_to_login(step_up.page_of(request))
            return HttpResponse(status=401, headers={"HX-Redirect": page["Location"]})
        return redirect_to_login(request.get_full_path())


class reader:  # noqa: N801
    """The reader's time zone and language, the moment that `?as_of=` and `?known_at=` ask about, and the line
    that `?line=` looks through."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "time_zone", "") or "UTC"
        if isinstance(request.user, User):
            request.user.is_reading = request.method in SAFE
            if request.user.language in dict(settings.LANGUAGES):
                translation.activate(request.user.language)
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            request.moment = Moment.of(  # type: ignore[attr-defined]
                asked(request, "as_of"), asked(request, "known_at")
            )
            if isinstance(request.user, User):
                request.user.through = request.GET.get("line", "")
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """An auditor from outside looks at the period that they audit, and at no other moment.

        What they do themselves (OWN_WORK) goes on after it.
        """
        user = request.user
        if not isinstance(user, User) or Role.EXTERNAL not in user.roles_in_view:
            return
        try:
            action = action_of(view)
        except LookupError:
            return
        period = None if action is None or action in OWN_WORK else Visibility.of(user).period
        if period is not None:
            looked_at: Any = request
            looked_at.moment = within_period(looked_at.moment, period, asked="as_of" in request.GET)
            looked_at.limited_to = period


def within_period(moment: Moment, period: tuple[datetime, datetime], *, asked: bool) -> Moment:
    """Bound to the period: itself where it is inside; now becomes the end of one that is over. Raises OutOfReach."""
    begin, end = period
    if begin <= moment.at <= end:
        return replace(moment, is_bound=True)
    if asked or moment.at < begin:
        told = {"begin": _day(begin), "end": _day(end - timedelta(microseconds=1))}
        raise OutOfReach(_("You audit %(begin)s to %(end)s, and may look at that period only.") % told)
    return Moment(at=end, known_at=moment.known_at, is_bound=True)


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")


def asked(request: HttpRequest, name: str) -> datetime | None:
    """The moment in a query parameter: a date (its end), or a date and time, in the reader's zone; in UTC.

    Raises BadRequest where it is neither.
    """
    value = request.GET.get(name, "").strip()
    if not value:
        return None
    try:
        at = parse_datetime(value)
        if at is None or "T" not in value:
            day = parse_date(value)
            at = datetime.combine(day, datetime.max.time()) if day else at
    except ValueError:
        at = None
    if at is None or not is_in_reach(at):
        raise BadRequest(_("%(name)s must be a date such as 2026-06-30, or 2026-06-30T14:00") % {"name": name})
    return (at if timezone.is_aware(at) else timezone.make_aware(at)).astimezone(UTC)
