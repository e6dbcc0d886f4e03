"""A read catalogue against what is known of its framework: the difference, and making it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audit import clock, trail
from controls.imports.differences import Difference, between, entry
from controls.imports.refusals import refused
from controls.imports.shapes import ReadCatalogue, ReadRequirement, ReadSection
from controls.models import Edition, Framework, FrameworkVersion, Profile, Requirement, Section, Selection, SourceFile
from organisation.models import User

WORDED = ("label", "native", "title", "text", "guidance", "obligation", "classifications", "parameters")
AT_ONCE = 1000


@dataclass(frozen=True)
class Target:
    """Where a file goes. framework: None for one that is to be made, under `key` and `name`.

    about: what a new framework is, its fields by name. source: name and SHA-256 of the file.
    """

    framework: Framework | None
    key: str
    name: str
    label: str
    published_on: date | None
    source_name: str
    source_sha256: str
    source_file: SourceFile | None = None

    @property
    def version(self) -> FrameworkVersion | None:
        return self.framework.versions.filter(label=self.label).first() if self.framework else None

    @property
    def headline(self) -> str:
        return f"{self.name} {self.label}"


def target_of(read: ReadCatalogue, asked: Mapping[str, Any], name: str, file: SourceFile) -> Target:
    """The framework and version that a file belongs to, as asked for, else as it says itself. Raises Refused."""
    framework = chosen(str(asked.get("framework") or ""), read.title) or called_so(str(asked.get("name") or ""))
    called = framework.name if framework else str(asked.get("name") or read.title)
    if not called:
        raise refused(_("Say of which framework this is, or how a new one is called; the file does not."))
    label = str(asked.get("version") or read.version)
    if not label and framework:
        current = framework.versions.current(clock.now()).first()
        label = current.label if current else ""
    if not label:
        raise refused(_("Say which version of the framework this is; the file does not."))
    return Target(
        framework=framework,
        key=framework.key if framework else slugify(called)[:80],
        name=called[:120],
        label=label[:80],
        published_on=day_of(str(asked.get("published_on") or read.published_on)),
        source_name=name,
        source_sha256=file.sha256,
        source_file=file,
    )


def chosen(key: str, title: str) -> Framework | None:
    """The framework that was asked for, else the one that a file's title tells of. Raises Refused."""
    if key:
        found = Framework.objects.filter(key=key).first()
        if found is None:
            raise refused(_("There is no framework %(key)s.") % {"key": key})
        return found
    for framework in Framework.objects.all() if title else []:
        if any(part.lower() in title.lower() for part in framework.recognised_by):
            return framework
    return Framework.objects.filter(key=slugify(title)[:80]).first() if title else None


def called_so(name: str) -> Framework | None:
    """The framework that has this name already: a file for it is no new one."""
    return Framework.objects.filter(Q(name__iexact=name) | Q(key=slugify(name)[:80])).first() if name else None


def day_of(said: str) -> date | None:
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return None


def difference(read: ReadCatalogue, target: Target) -> Difference:
    """Against the same version where it is known, else against the one that is current."""
    version = target.version
    compared = version
    if compared is None and target.framework:
        compared = target.framework.versions.current(clock.now()).first()
    known = {one.requirement.key: one for one in _editions(compared)}
    found = Difference()
    if version is None:
        found.about["version"] = ["", target.label]
    told = {one.key for one in read.requirements}
    for one in read.requirements:
        before = known.get(one.key)
        if before is None or (before.withdrawn_at and version):
            found.added.append(entry(one.key, one.label, one.title))
        elif what := between(_said(before), _worded(one)):
            found.changed.append(entry(one.key, one.label, one.title) | {"what": what})
        else:
            found.unchanged += 1
    for key, before in known.items():
        if key not in told and not before.withdrawn_at:
            found.withdrawn.append(entry(key, before.label, before.title))
    return found


def _editions(version: FrameworkVersion | None) -> list[Edition]:
    if version is None:
        return []
    rows = version.editions.select_related("requirement", "section", "parent").order_by("position")
    return list(rows)


def _said(edition: Edition) -> dict[str, Any]:
    told = {name: getattr(edition, name) for name in WORDED}
    told["section"] = edition.section.path if edition.section else ""
    told["parent"] = edition.parent.key if edition.parent else ""
    return told


def _worded(one: ReadRequirement) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(one, name) for name in WORDED}
    for name in ("classifications", "parameters"):
        if told[name] is not None:
            told[name] = [dict(part) if isinstance(part, Mapping) else part for part in told[name]]
    told["native"] = one.native or None
    return told | {"section": one.section, "parent": one.parent}


@transaction.atomic
def apply(
    read: ReadCatalogue,
    target: Target,
    *,
    by: User | str,
    make_current: bool,
    about: Mapping[str, Any] | None = None,
) -> FrameworkVersion:
    """Make the version what the catalogue says. Requirements that are known keep what hangs on them."""
    at = clock.now()
    framework = target.framework
    if framework is None:
        framework = Framework.objects.create(key=target.key, name=target.name, **(about or {}))
    Framework.objects.select_for_update().get(pk=framework.pk)
    changes = difference(read, target)
    stamp: dict[str, Any] = {
        "source_name": target.source_name[:300],
        "source_sha256": target.source_sha256,
        "source_file": target.source_file,
        "imported_by": by if isinstance(by, str) else by.public_id,
        "imported_at": at,
    }
    if target.published_on:
        stamp["published_on"] = target.published_on
    version, is_new = FrameworkVersion.objects.get_or_create(framework=framework, label=target.label, defaults=stamp)
    if is_new or not changes.is_empty:
        FrameworkVersion.objects.filter(pk=version.pk).update(**stamp)
        version.refresh_from_db()
        _write(version, read, at)
        told = {**changes.counts, "version": version.label, "file": target.source_name, "sha256": target.source_sha256}
        trail.record(by, "framework.imported", version, **told)
    if make_current and version.valid_from is None:
        version.make_current(by=by)
    return version


def _write(version: FrameworkVersion, read: ReadCatalogue, at: datetime) -> None:
    sections = _write_sections(version, read.sections)
    identities = identities_of(version.framework, [one.key for one in read.requirements], at)
    known = {one.requirement.key: one for one in _editions(version)}
    rows = []
    for position, one in enumerate(read.requirements):
        told = {name: value for name, value in _worded(one).items() if value is not None}
        placed = {
            "section": sections.get(told.pop("section")),
            "parent": identities.get(told.pop("parent")),
            "position": position,
        }
        now = told | placed
        before = known.get(one.key)
        if before is None or before.withdrawn_at or any(getattr(before, name) != now[name] for name in now):
            kept = {name: getattr(before, name) for name in WORDED} if before else {}
            rows.append(Edition(version=version, requirement=identities[one.key], **(kept | now)))
    Edition.objects.bulk_create(
        rows,
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["version", "requirement"],
        update_fields=[*WORDED, "section", "parent", "position", "withdrawn_at"],
    )
    told_keys = {one.key for one in read.requirements}
    gone = [one.pk for key, one in known.items() if key not in told_keys]
    version.editions.asked().filter(pk__in=gone).update(withdrawn_at=at)
    _write_baselines(version, read.requirements, identities, at)


def identities_of(framework: Framework, keys: Sequence[str], at: datetime) -> dict[str, Requirement]:
    """Key → requirement, made where it is not known yet."""
    new = [Requirement(framework=framework, key=key, added_at=at) for key in dict.fromkeys(keys)]
    Requirement.objects.bulk_create(new, ignore_conflicts=True, batch_size=AT_ONCE)
    return {one.key: one for one in framework.requirements.filter(key__in=set(keys))}


def _write_sections(version: FrameworkVersion, read: Sequence[ReadSection]) -> dict[str, Section]:
    made = {one.path: one for one in version.sections.all()}
    for position, one in enumerate(read):
        parent = made.get(one.path.rpartition("/")[0])
        told = {"parent": parent, "label": one.label[:80], "position": position}
        if one.title:
            told["title"] = one.title[:300]
        before = made.get(one.path)
        if before is None:
            made[one.path] = Section.objects.create(version=version, path=one.path, **told)
        elif any(getattr(before, name) != value for name, value in told.items()):
            Section.objects.filter(pk=before.pk).update(**told)
    return made


def _write_baselines(
    version: FrameworkVersion, read: Sequence[ReadRequirement], identities: Mapping[str, Requirement], at: datetime
) -> None:
    """Baselines that the catalogue's own rows name; those of a profile come by its file."""
    names = dict.fromkeys(name for one in read for name in one.baselines)
    for name in names:
        keys = [one.key for one in read if name in one.baselines]
        source = {"source_name": version.source_name, "source_sha256": version.source_sha256, "imported_at": at}
        profile, _ = Profile.objects.get_or_create(
            version=version, key=slugify(name)[:80], defaults={"name": name, **source}
        )
        select(profile, [identities[key] for key in keys])


def select(profile: Profile, wanted: Sequence[Requirement]) -> None:
    """Make the profile select these requirements and no others."""
    keys = {one.pk for one in wanted}
    profile.selections.exclude(requirement__in=keys).delete()
    have = set(profile.selections.values_list("requirement", flat=True))
    Selection.objects.bulk_create([Selection(profile=profile, requirement_id=key) for key in sorted(keys - have)])
