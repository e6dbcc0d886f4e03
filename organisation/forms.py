from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from organisation.days import DayField
from organisation.models import (
    Account,
    ApiToken,
    Grant,
    GroupMapping,
    Role,
    RoleAssignment,
    Solution,
    SolutionAccount,
    TagRule,
    User,
)
from organisation.models.dated import begins, ends
from organisation.models.grant import MANAGED
from organisation.models.group_mapping import GIVEN_BY_GROUPS
from organisation.models.token import OPEN_TO_ALL, area_of, area_told
from organisation.permissions import MAY, may

NOT_BY_TOKEN = OPEN_TO_ALL | {"home"}
"""Areas of pages only, or open to every token."""


def day_field(**options: Any) -> DayField:
    return DayField(required=False, widget=forms.DateInput({"type": "date", "class": "short"}), **options)


class SolutionForm(forms.Form):
    """version: of the row as the person saw it."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("What it does"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("One or two sentences that an auditor understands."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, solution: Solution | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.solution = solution
        if solution:
            for name in self.fields:
                self.initial[name] = getattr(solution, name)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Solution.objects.named(name).exclude(pk=self.solution.pk if self.solution else 0).exists():
            raise forms.ValidationError(_("Another solution has this name."))
        return name


class UntilForm(forms.Form):
    """Something that may end on a day: all of that day, in the organisation's zone."""

    until = day_field(label=_("Until"), help_text=_("The last day on which it holds. Empty: until you end it."))

    def clean_until(self) -> datetime | None:
        day: date | None = self.cleaned_data["until"]
        if day and ends(day) <= clock.now():
            raise forms.ValidationError(_("This day is over."))
        return ends(day) if day else None


class RuleForm(UntilForm):
    """An ownership rule: from now, or from a day to come. What belonged to whom in the past stays."""

    since = day_field(label=_("From"), help_text=_("Empty: from now. It cannot begin in the past."))

    def __init__(self, *args: Any, solution: Solution, **options: Any) -> None:
        super().__init__(*args, **options)
        self.solution = solution

    def clean_since(self) -> datetime | None:
        day: date | None = self.cleaned_data["since"]
        if day is None or day == timezone.localdate(clock.now()):
            return None
        if begins(day) < clock.now():
            raise forms.ValidationError(_("It cannot begin in the past."))
        return begins(day)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", _("It would end before it begins."))
        return cleaned


class SolutionAccountForm(RuleForm):
    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"), empty_label=_("Choose an account"))
    whole = forms.TypedChoiceField(
        label=_("What belongs to the solution"),
        choices=[
            ("yes", _("All of it: every resource in the account")),
            ("no", _("A share of it: what a tag rule of the solution names")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="yes",
    )
    field_order = ("account", "whole", "since", "until")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        held = SolutionAccount.objects.not_ended(clock.now()).filter(solution=self.solution)
        self.fields["account"].queryset = Account.objects.exclude(  # type: ignore[attr-defined]
            pk__in=held.values("account_id")
        )
        self.fields["account"].label_from_instance = (  # type: ignore[attr-defined]
            lambda account: f"{account.name} · {account.account_id}" if account.name else account.account_id
        )


class TagRuleForm(RuleForm):
    key = forms.CharField(label=_("Tag key"), max_length=128, initial="solution")
    value = forms.CharField(
        label=_("Tag value"),
        max_length=256,
        help_text=_("Capitals make no difference. * at the end stands for any ending."),
    )
    field_order = ("key", "value", "since", "until")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        same = TagRule.objects.not_ended(clock.now()).filter(
            solution=self.solution, key__iexact=cleaned.get("key", ""), value__iexact=cleaned.get("value", "")
        )
        if same.exists():
            self.add_error("value", _("The solution has this rule already."))
        return cleaned


class GrantForm(UntilForm):
    person = forms.ModelChoiceField(User.objects.none(), label=_("Person"), empty_label=_("Choose a person"))
    kind = forms.ChoiceField(
        label=_("As"),
        choices=[
            (Grant.Kind.OWNER.value, _("Owner: answers for the solution")),
            (Grant.Kind.MEMBER.value, _("Member: works on it")),
        ],
        widget=forms.RadioSelect,
        initial=Grant.Kind.MEMBER.value,
    )
    reason = forms.CharField(label=_("Why"), max_length=500)
    field_order = ("person", "kind", "until", "reason")

    def __init__(self, *args: Any, solution: Solution, **options: Any) -> None:
        super().__init__(*args, **options)
        at = clock.now()
        held = Grant.objects.not_ended(at).managed().filter(solution=solution)
        people = User.objects.active().with_role(Role.FIRST, at).exclude(pk__in=held.values("person_id"))
        self.fields["person"].queryset = people.order_by("name")  # type: ignore[attr-defined]
        self.fields["person"].help_text = _("People of the first line who have no part in it yet.")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("It goes into the trail."))


class RoleForm(UntilForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why"), max_length=500)
    combine = forms.BooleanField(label=_("Combine it with what they hold"), required=False)
    field_order = ("role", "until", "combine", "reason")

    def __init__(self, *args: Any, held: list[RoleAssignment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if held:
            names = ", ".join(str(one.get_role_display()) for one in held)
            self.fields["combine"].help_text = _(
                "They hold “%(role)s”. One person on two lines is an exception: the reason says why."
            ) % {"role": names}
        else:
            del self.fields["combine"]


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[*Role.choices, ("", _("None yet"))],
        required=False,
        widget=forms.RadioSelect,
        help_text=_("One person stands on one line."),
    )
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("It goes into the trail."))

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this e-mail address is here already."))
        return email


class GroupMappingForm(forms.Form):
    group = forms.CharField(
        label=_("Group"), max_length=200, help_text=_("Exactly as the identity provider names it, capitals too.")
    )
    stands_for = forms.ChoiceField(
        label=_("What it stands for"),
        choices=[
            *((role.value, role.label) for role in GIVEN_BY_GROUPS),
            (Grant.Kind.OWNER.value, _("Owner of a solution, for who stands on the first line")),
            (Grant.Kind.MEMBER.value, _("Member of a solution, for who stands on the first line")),
        ],
        widget=forms.RadioSelect,
        help_text=_("Auditors from outside are invited by name: a group has no last day."),
    )
    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), empty_label=_("Choose a solution"), required=False
    )
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("It goes into the trail."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["solution"].queryset = Solution.objects.in_use(clock.now())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        what, solution = said.get("stands_for", ""), said.get("solution")
        if what in MANAGED and not solution and "solution" not in self.errors:
            self.add_error("solution", _("Choose the solution."))
        if what and what not in MANAGED and solution:
            self.add_error("solution", _("A line is of no solution: leave it empty."))
        held = GroupMapping.objects.not_ended(clock.now()).naming([said.get("group", "")])
        if what not in MANAGED and (line := held.lines().first()):
            self.add_error(
                "stands_for", _("The group stands for a line already: %(line)s.") % {"line": line.stands_for}
            )
        elif solution and held.filter(solution=solution).exists():
            self.add_error("solution", _("The group stands for a part in it already: end that first."))
        return said

    @property
    def mapped(self) -> dict[str, Any]:
        return self.mapped_of(self.cleaned_data)

    @staticmethod
    def mapped_of(said: dict[str, Any]) -> dict[str, Any]:
        """What was chosen, as GroupMapping.add takes it."""
        told = {"group": said["group"], "reason": said["reason"]}
        if said["stands_for"] in MANAGED:
            return {**told, "solution": said["solution"], "kind": said["stands_for"]}
        return {**told, "role": said["stands_for"]}


class TokenForm(forms.Form):
    """areas: of those in which the person may do something."""

    name = forms.CharField(label=_("What for"), max_length=100, help_text=_("The program and where it runs."))
    scope = forms.ChoiceField(
        label=_("Does"), choices=ApiToken.Scope.choices, widget=forms.RadioSelect, initial=ApiToken.Scope.READ
    )
    areas = forms.MultipleChoiceField(
        label=_("Only in"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all of them. It never does more than you may yourself."),
    )
    until = day_field(label=_("Until"), help_text=_("The last day on which it opens anything: within a year."))

    def __init__(self, *args: Any, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["until"].required = True
        self.initial["until"] = timezone.localdate(clock.now()) + timedelta(days=90)
        areas = sorted({area_of(action) for action in MAY if may(person, action)} - NOT_BY_TOKEN)
        self.fields["areas"].choices = [  # type: ignore[attr-defined]
            (area, area_told(area).capitalize()) for area in areas
        ]

    def clean_until(self) -> datetime:
        day: date = self.cleaned_data["until"]
        if ends(day) <= clock.now():
            raise forms.ValidationError(_("This day is over."))
        if day > timezone.localdate(clock.now()) + timedelta(days=365):
            raise forms.ValidationError(_("A token lasts a year at most."))
        return ends(day)


class PreferencesForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As others see it."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(zoneinfo.available_timezones())],
        help_text=_("Moments are shown in it. Days end in the organisation's zone."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=lambda: [("", _("As the browser asks")), *settings.LANGUAGES],
        required=False,
        help_text=_("Of pages and mails. What was written down stays in the language in which it was."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if len(settings.LANGUAGES) == 1:
            del self.fields["language"]
