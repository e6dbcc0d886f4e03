"""A control in two languages: what an engineer does about it, and what an auditor holds on to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from audit.moment import Moment
from controls.models import CheckReference, Control, Edition, Mapping, PackRule, PackVersion, Verdict
from controls.results import Within
from controls.standing import Kind, Part, Standing
from findings.fixes import Fix, fix_for
from findings.listing import account_names
from findings.models import Check, Source, Status
from findings.provenance import Advice, advice_of
from findings.tallies import rows_by
from organisation.models import Solution, User


@dataclass(frozen=True)
class Place:
    """Where a check fails. n: findings, suppressed ones too."""

    account: str
    name: str
    n: int
    since: datetime | None


@dataclass(frozen=True)
class Setting:
    """A parameter of the check's Config rule, as a conformance pack sets it."""

    pack: PackVersion
    name: str
    value: str


@dataclass(frozen=True)
class Shown:
    """A check that shows something of the control. checks: what it stands for here, none where never observed.

    part: what it says, of what the control is about. places: where it fails, as far as the reader may see.
    rules: identifiers of the Config rules that it is, or rests on.
    """

    named: CheckReference
    mappings: list[Mapping]
    part: Part | None
    checks: list[Check]
    places: list[Place]
    rules: list[str]
    settings: list[Setting]

    @property
    def title(self) -> str:
        return self.checks[0].title if self.checks else ""

    @property
    def types(self) -> list[str]:
        return sorted({one for check in self.checks for one in check.resource_types})

    @property
    def fix(self) -> Fix | None:
        asked: list[Any] = [*self.checks] or [_Asked(self.named.key, self.named.config_rule or self.named.key)]
        return next(filter(None, map(fix_for, asked)), None)

    @property
    def advice(self) -> Advice | None:
        return advice_of(self.checks[0], None) if self.checks else None

    @property
    def ids(self) -> list[str]:
        """For the explorer."""
        return [one.public_id for one in self.checks]


@dataclass(frozen=True)
class _Asked:
    key: str
    config_rule: str


@dataclass(frozen=True)
class Engineers:
    """door: the explorer's `solution` for what the control is about; None for all that the reader sees.

    is_hidden: another solution operates it, and its findings are not the reader's to see.
    """

    shown: list[Shown]
    door: str | None = None
    is_hidden: bool = False

    @property
    def since(self) -> datetime | None:
        """Since when anything of it fails without a break."""
        return min((one.since for row in self.shown for one in row.places if one.since), default=None)


def engineers(control: Control, standing: Standing | None, user: User, moment: Moment, scope: Within) -> Engineers:
    """Seven queries, or fewer where nothing is mapped or observed."""
    about, door, is_hidden = _about(control, user, scope)
    mappings = Mapping.objects.in_force(moment.at).of_controls().filter(control=control)
    by_name: dict[int, list[Mapping]] = defaultdict(list)
    for one in mappings.select_related("check_named", "mapping_set").order_by("check_named__key", "pk"):
        by_name[one.check_named_id or 0].append(one)
    parts = {part.key: part for part in standing.parts if part.kind == Kind.CHECK} if standing else {}
    checks = Check.objects.in_bulk({key for part in parts.values() for key in part.checks})
    places = {} if is_hidden else _places(checks, about, user, moment)
    named = {key: rows[0].check_named for key, rows in by_name.items()}
    settings = _settings(named.values(), checks.values(), moment.at)
    shown = []
    for key, reference in named.items():
        assert reference
        part = parts.get(key)
        ran = [checks[one] for one in part.checks] if part else []
        rules = sorted(_rules(reference, ran))
        shown.append(
            Shown(
                reference,
                by_name[key],
                part,
                ran,
                [place for one in ran for place in places.get(one.pk, [])],
                rules,
                [one for rule in rules for one in settings.get(rule, [])],
            )
        )
    return Engineers(shown, door, is_hidden)


def _about(control: Control, user: User, scope: Within) -> tuple[Q, str | None, bool]:
    """Which findings the control is about: a condition on postures, the explorer's value, whether they are hidden."""
    operator = control.solution
    if operator:
        hidden = not Solution.objects.visible_to(user).filter(pk=operator.pk).exists()
        return Q(solutions__contains=[operator.pk]), operator.public_id, hidden
    if scope == "none":
        return Q(solutions=[]), scope, False
    if scope:
        return Q(solutions__contains=[scope.pk]), scope.public_id, False
    return Q(), None, False


def _places(checks: Collection[int], about: Q, user: User, moment: Moment) -> dict[int, list[Place]]:
    if not checks:
        return {}
    where = Q(check_ran__in=list(checks), status=Status.FAIL) & about
    rows = rows_by(user, moment, "check_ran", "account", where=where)
    names = account_names(row["account"] for row in rows)
    found: dict[int, list[Place]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (-row["total"], row["account"])):
        account = row["account"]
        found[row["check_ran"]].append(Place(account, names.get(account, ""), row["total"], row["oldest"]))
    return found


def _rules(named: CheckReference, checks: Iterable[Check]) -> set[str]:
    """Identifiers of the Config rules that a check is, or rests on."""
    own = {named.key, named.config_rule} if named.source == Source.CONFIG else {named.config_rule}
    return {*own, *(check.config_rule for check in checks)} - {""}


def _settings(named: Iterable[Any], checks: Iterable[Check], at: datetime) -> dict[str, list[Setting]]:
    """By the identifier of a Config rule: what the packs of then set for it."""
    rules = {rule for reference in named for rule in _rules(reference, [])} | {one.config_rule for one in checks}
    held = PackRule.objects.filter(version__in=PackVersion.objects.current(at), identifier__in=rules - {""})
    found: dict[str, list[Setting]] = defaultdict(list)
    for rule in held.exclude(inputs={}).select_related("version__pack").order_by("version__pack__name", "position"):
        defaults = {one["name"]: one.get("default", "") for one in rule.version.parameters}
        for name, value in rule.inputs.items():
            is_reference = isinstance(value, dict) and "Ref" in value
            shown = defaults.get(value["Ref"], "") if is_reference else value
            if not isinstance(shown, (dict, list)) and shown != "":
                found[rule.identifier].append(Setting(rule.version, name, str(shown)))
    return found


@dataclass(frozen=True)
class Served:
    """A requirement that the control serves. edition: as its framework's current version words it, if it has it."""

    mapping: Mapping
    edition: Edition | None

    @property
    def label(self) -> str:
        return self.edition.label if self.edition else self.mapping.requirement.key  # type: ignore[union-attr]


@dataclass(frozen=True)
class Auditors:
    """serves: by the name of the framework. verdicts: what people said of it, the latest first.

    stands: the test or attestation that stands now, if one does.
    """

    serves: dict[str, list[Served]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    stands: Verdict | None = None
    conclusion: Verdict | None = None


def auditors(control: Control, user: User, moment: Moment, scope: Within) -> Auditors:
    """Three queries."""
    at = moment.at
    rows = list(
        Mapping.objects.in_force(at)
        .to_controls()
        .filter(control=control)
        .select_related("requirement__framework")
        .order_by("requirement__framework__name", "requirement__key")
    )
    current = Edition.objects.current(at).filter(requirement__in=[row.requirement_id for row in rows])
    editions = {one.requirement_id: one for one in current.defer("text", "guidance")}
    serves: dict[str, list[Served]] = defaultdict(list)
    for row in rows:
        assert row.requirement
        serves[row.requirement.framework.name].append(Served(row, editions.get(row.requirement.pk)))
    said = Verdict.objects.visible_to(user).filter(control=control, said_at__lte=at)
    verdicts = list(said.select_related("said_by", "solution").order_by("-period_to", "-said_at", "-pk"))
    if isinstance(scope, Solution):
        verdicts = [one for one in verdicts if one.solution in (None, scope, control.solution)]
    return Auditors(
        dict(serves),
        verdicts,
        stands=next((one for one in verdicts if one.kind != Verdict.Kind.CONCLUSION and one.is_fresh(at)), None),
        conclusion=next(
            (one for one in verdicts if one.kind == Verdict.Kind.CONCLUSION and not one.is_withdrawn(at)), None
        ),
    )
