"""The two ends of a mapping as people find and name them: by id, number or words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from audit.public_id import whole_number
from controls.models import CheckReference, Control, Edition, Requirement
from controls.proposing import End, Refused
from findings.models import Check, Source
from organisation.models import User

AT_MOST = 8
"""Suggestions of each kind."""


@dataclass(frozen=True)
class Choice:
    """An end to choose. value: as an address or a form names it. kind: requirement, control or check."""

    value: str
    kind: str
    name: str
    title: str
    of: str | Promise


def choice_of(end: End, at: datetime) -> Choice:
    if isinstance(end, Control):
        return _control(end)
    if isinstance(end, CheckReference):
        found = Check.objects.filter(_asked_as(end)).exclude(title="").first()
        return _check(end.source, end.key, found.title if found else "")
    edition = Edition.objects.current(at).filter(requirement=end).first()
    name = edition.label if edition else end.key
    return Choice(end.public_id, "requirement", name, edition.title if edition else "", end.framework.name)


def end_named(value: str, user: User) -> End | None:
    """What an address or a form names: RQ-1, CT-1, K-1, security_hub:S3.8, or the bare key of a check."""
    value = value.replace("\x00", "").strip()
    prefix, _, digits = value.upper().rpartition("-")
    number = whole_number(digits)
    if number is not None:
        if prefix == Requirement.public_prefix:
            return Requirement.objects.filter(pk=number).select_related("framework").first()
        if prefix == Control.public_prefix:
            return Control.objects.visible_to(user).filter(pk=number).first()
        if prefix == Check.public_prefix:
            found = Check.objects.filter(pk=number, kind=Check.Kind.COMPLIANCE).first()
            return _reference(found) if found else None
    source, colon, key = value.partition(":")
    where = {"source": source, "key": key} if colon and source in Source.values else {"key__iexact": value}
    known = CheckReference.objects.filter(**where).order_by("-source").first()
    if known or not value:
        return known
    seen = Check.objects.filter(**where, kind=Check.Kind.COMPLIANCE).order_by("-source").first()
    return _reference(seen) if seen else None


def end_chosen(value: str, user: User) -> End:
    """As end_named. Raises Refused where there is none."""
    found = end_named(value, user)
    if found is None:
        raise Refused(_("There is no %(id)s, or you may not see it: look for it again.") % {"id": value})
    return found


def _reference(check: Check) -> CheckReference:
    """The name under which mappings know a check; not kept where none has named it yet."""
    source, key = named_as(check)
    known = CheckReference.objects.filter(source=source, key=key).first()
    return known or CheckReference(source=source, key=key)


def named_as(check: Check) -> tuple[str, str]:
    """A Config rule goes by its identifier, a Security Hub control by its id."""
    is_rule = check.source == Source.CONFIG and check.config_rule
    return check.source, check.config_rule if is_rule else check.key


def _asked_as(reference: CheckReference) -> Q:
    key = "config_rule" if reference.source == Source.CONFIG else "key"
    return Q(source=reference.source, **{key: reference.key})


def suggestions(words: str, user: User, at: datetime, *, beside: End | None = None) -> list[Choice]:
    """What the words may mean, best first: nothing that could not be joined with the end that is chosen already."""
    asked = words.replace("\x00", "").split()[:6]
    if not asked:
        return []
    found: list[Choice] = []
    if not isinstance(beside, CheckReference):
        found += _checks(asked)
    if not isinstance(beside, Control):
        found += _controls(asked, user, at)
    exact = " ".join(asked).casefold()
    requirements = _requirements(asked, at, beside if isinstance(beside, Requirement) else None)
    return sorted(requirements + found, key=lambda one: exact not in (one.name.casefold(), one.value.casefold()))


def _requirements(asked: list[str], at: datetime, beside: Requirement | None) -> list[Choice]:
    rows = Edition.objects.current(at)
    for word in asked:
        named = Q(label__istartswith=word) | Q(requirement__key__istartswith=word) | Q(title__icontains=word)
        if (key := _key(Requirement.public_prefix, word)) is not None:
            named |= Q(requirement=key)
        rows = rows.filter(named | Q(version__framework__name__icontains=word))
    if beside:
        rows = rows.exclude(version__framework=beside.framework_id)
    ordered = _exact_first(rows, "label", asked).select_related("requirement__framework")
    return [
        Choice(one.public_id, "requirement", one.label, one.title, one.requirement.framework.name)
        for one in ordered.order_by("rank", "version__framework__name", "position")[:AT_MOST]
    ]


def _controls(asked: list[str], user: User, at: datetime) -> list[Choice]:
    rows = Control.objects.visible_to(user).in_use(at)
    for word in asked:
        named = Q(name__icontains=word)
        if (key := _key(Control.public_prefix, word)) is not None:
            named |= Q(pk=key)
        rows = rows.filter(named)
    return [_control(one) for one in rows.order_by("name")[:AT_MOST]]


def _checks(asked: list[str]) -> list[Choice]:
    """By key among those that mappings name, by title among those that were seen here."""
    keyed, titled = CheckReference.objects.all(), Check.objects.filter(kind=Check.Kind.COMPLIANCE)
    for word in asked:
        keyed = keyed.filter(key__icontains=word)
        by_id = _key(Check.public_prefix, word)
        titled = titled.filter(Q(title__icontains=word) | Q(key__icontains=word) | Q(pk=by_id or 0))
    names = {one.name: "" for one in _exact_first(keyed, "key", asked).order_by("rank", "-source", "key")[:AT_MOST]}
    for seen in _exact_first(titled, "key", asked).order_by("rank", "-source", "key")[:AT_MOST]:
        names[named_as(seen)] = seen.title
    titles = {named_as(one): one.title for one in Check.objects.filter(key__in=[key for _, key in names])}
    made = [_check(source, key, said or titles.get((source, key), "")) for (source, key), said in names.items()]
    return made[:AT_MOST]


def _exact_first(rows: QuerySet[Any], field: str, asked: list[str]) -> Any:
    """With a `rank`: 0 where the last word is the whole of the field, 1 where it begins so."""
    whole = When(**{f"{field}__iexact": asked[-1]}, then=Value(0))
    begins = When(**{f"{field}__istartswith": asked[-1]}, then=Value(1))
    return rows.annotate(rank=Case(whole, begins, default=Value(2), output_field=IntegerField()))


def _key(prefix: str, word: str) -> int | None:
    told, _, number = word.upper().rpartition("-")
    return whole_number(number) if told == prefix else None


def _control(one: Control) -> Choice:
    return Choice(one.public_id, "control", one.name, "", "")


def _check(source: str, key: str, title: str) -> Choice:
    return Choice(f"{source}:{key}", "check", key, title, Source(source).label)
