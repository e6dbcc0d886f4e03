"""What every page's frame shows: rail, scope, moment, bell, reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.moment import Moment
from compliance_portal.templatetags.frame import KEPT
from desk.models import Notice
from findings.parameters import NO_SOLUTION
from organisation.models import Role, Solution, User
from organisation.permissions import may

THEMES = {"light", "dark"}


@dataclass(frozen=True)
class Entry:
    """A door of the rail or the reader's menu. key: pressed after g."""

    name: str
    label: str | Promise
    icon: str
    key: str = ""


@dataclass(frozen=True)
class Door:
    label: str | Promise
    icon: str
    key: str
    path: str
    url: str
    current: bool


WORK = (
    Entry("home", _("Home"), "home", "h"),
    Entry("my_items", _("My items"), "check", "i"),
    Entry("findings:explorer", _("Findings"), "findings", "f"),
    Entry("controls:frameworks", _("Frameworks"), "frameworks", "w"),
    Entry("controls:library", _("Controls"), "controls", "c"),
    Entry("risks:register", _("Risks"), "risks", "r"),
    Entry("evidence:locker", _("Evidence"), "evidence", "e"),
    Entry("assurance:engagements", _("Assurance"), "assurance", "a"),
)
SET_UP = (
    Entry("organisation:solutions", _("Solutions"), "solutions", "s"),
    Entry("findings:connections", _("Connections"), "connections", "n"),
    Entry("organisation:people", _("People"), "people", "p"),
    Entry("audit:trail", _("Trail"), "trail", "t"),
)
OWN = (
    Entry("desk:jobs", _("Jobs"), "jobs", "j"),
    Entry("organisation:preferences", _("Preferences"), "people"),
    Entry("organisation:delegations", _("While you are away"), "clock"),
    Entry("mfa_index", _("Second factor"), "lock"),
    Entry("usersessions_list", _("Where you are logged in"), "lock"),
    Entry("organisation:tokens", _("Tokens for programs"), "lock"),
    Entry("organisation:permissions", _("Who may do what"), "people"),
    Entry("account_change_password", _("Password"), "lock"),
)
LOCAL = frozenset({"account_change_password"})
"""Of no use to who logs in by the identity provider alone."""
SEARCH = ("desk:search", "findings:explorer")


def address(name: str, user: object) -> str:
    """The path of a page, or "" where it is not built or not open to this person: no dead links."""
    path, action = _page(name)
    return path if action is None or may(user, action) else ""


@cache
def _page(name: str) -> tuple[str, str | None]:
    """The path of a page and the action it stands for; "" where it is not built."""
    try:
        path = reverse(name)
        view: Any = resolve(path).func
    except (NoReverseMatch, Resolver404):
        return "", None
    return path, getattr(view, "action", None)


@dataclass(frozen=True)
class Choice:
    label: str | Promise
    value: str
    current: bool
    said: object = ""


class Frame:
    """Asked only by whole pages: a partial that does not read it costs no query."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = request.user
        self.person = request.user if isinstance(request.user, User) else None
        self.moment: Moment = getattr(request, "moment", None) or Moment.now()

    product = _("Compliance portal")

    @property
    def theme(self) -> str:
        """light or dark as chosen by the reader, "" to follow their system."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def line(self) -> str:
        return (self.person.line if self.person else None) or "none"

    @property
    def line_name(self) -> str | Promise:
        return Role(self.line).label if self.line in Role.values else ""

    @property
    def initials(self) -> str:
        names = self.person.name.split() if self.person else []
        return "".join(name[0] for name in [*names[:1], *names[1:][-1:]]).upper()

    @cached_property
    def work(self) -> list[Door]:
        return self._doors(WORK)

    @cached_property
    def set_up(self) -> list[Door]:
        return self._doors(SET_UP)

    @cached_property
    def own(self) -> list[Door]:
        """Without the password of who has none, because they log in by the identity provider."""
        has_password = self.person is not None and self.person.has_usable_password()
        return self._doors(tuple(one for one in OWN if has_password or one.name not in LOCAL))

    @property
    def rail_groups(self) -> list[list[Door]]:
        return [self.work, self.set_up]

    @cached_property
    def keyed(self) -> list[Door]:
        return [door for door in [*self.work, *self.set_up, *self.own] if door.key]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Moment and scope, as they follow the reader in every address of the frame."""
        return [(name, self.request.GET[name]) for name in KEPT if name in self.request.GET]

    def _doors(self, entries: tuple[Entry, ...]) -> list[Door]:
        query = f"?{urlencode(self.kept)}" if self.kept else ""
        found = [(entry, address(entry.name, self.user)) for entry in entries]
        return [
            Door(entry.label, entry.icon, entry.key, path, path + query, path == self._current)
            for entry, path in found
            if path
        ]

    @cached_property
    def _current(self) -> str:
        """The longest rail address that this page's address begins with; home only for itself."""
        here = self.request.path
        home = address("home", self.user)
        paths = {address(entry.name, self.user) for entry in (*WORK, *SET_UP, *OWN)} - {"", home}
        inside = [path for path in paths if here.startswith(path)]
        return max(inside, key=len, default=home if here == home else "")

    @cached_property
    def search_url(self) -> str:
        return next((url for name in SEARCH if (url := address(name, self.user))), "")

    @cached_property
    def notices_url(self) -> str:
        return address("desk:notices", self.user)

    @cached_property
    def unread(self) -> int:
        return Notice.objects.visible_to(self.person).unread().count() if self.person else 0

    @cached_property
    def scopes(self) -> list[Choice]:
        """The solutions that the reader may see, by name."""
        chosen = self.request.GET.get("solution", "")
        solutions = Solution.objects.visible_to(self.user).filter(retired_at=None)
        return [Choice(one.name, one.public_id, one.public_id == chosen) for one in solutions]

    @cached_property
    def scope(self) -> Choice | None:
        return next((choice for choice in [*self.scopes, self.unowned] if choice.current), None)

    @property
    def unowned(self) -> Choice:
        """The scope of what belongs to no solution."""
        return Choice(_("No solution"), NO_SOLUTION, self.request.GET.get("solution") == NO_SOLUTION)

    @cached_property
    def moments(self) -> list[Choice]:
        """Days worth looking back to; each stands for its end, in the reader's zone."""
        today = timezone.localtime(clock.now()).date()
        month = today.replace(day=1)
        quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
        days = (
            (_("End of yesterday"), today - timedelta(days=1)),
            (_("A week ago"), today - timedelta(days=7)),
            (_("End of last month"), month - timedelta(days=1)),
            (_("End of last quarter"), quarter - timedelta(days=1)),
            (_("End of last year"), date(today.year - 1, 12, 31)),
        )
        chosen = self.request.GET.get("as_of", "")
        choices = [Choice(label, day.isoformat(), day.isoformat() == chosen, day) for label, day in days]
        if self.limited is None:
            return choices
        begin, end = (timezone.localtime(one).date() for one in self.limited)
        return [one for one, (_label, day) in zip(choices, days, strict=True) if begin <= day < end]

    @property
    def limited(self) -> tuple[datetime, datetime] | None:
        """The period that an auditor from outside may look at; None for no limit."""
        period: tuple[datetime, datetime] | None = getattr(self.request, "limited_to", None)
        return period

    @property
    def limited_last(self) -> datetime | None:
        return self.limited[1] - timedelta(microseconds=1) if self.limited else None

    @property
    def moment_input(self) -> str:
        """The moment for a datetime-local control, in the reader's zone."""
        return timezone.localtime(self.moment.at).strftime("%Y-%m-%dT%H:%M")

    @property
    def printed_from(self) -> str:
        return self.request.build_absolute_uri()

    @property
    def printed_at(self) -> object:
        return clock.now()

    @property
    def trail_heads(self) -> str:
        """Where the pages of the trail lead to what is kept of it elsewhere."""
        return address("evidence:trail_heads", self.user)

    @property
    def login_path(self) -> str:
        return address("account_login", self.user) or "/"


def frame(request: HttpRequest) -> dict[str, object]:
    return {"frame": Frame(request)}
