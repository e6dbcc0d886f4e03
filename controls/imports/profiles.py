"""A read profile against the current version of its framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audit import clock, trail
from controls.imports.catalogues import chosen, select
from controls.imports.differences import Difference, entry
from controls.imports.refusals import Problem, Refused, refused
from controls.imports.shapes import ReadProfile
from controls.models import Edition, FrameworkVersion, Profile
from organisation.models import User


def version_of(read: ReadProfile, asked: Mapping[str, Any]) -> FrameworkVersion:
    """The version whose requirements it selects. Raises Refused."""
    framework = chosen(str(asked.get("framework") or ""), read.title)
    if framework is None:
        raise refused(_("Say of which framework this is a profile; no framework here has its title."))
    label = str(asked.get("version") or "")
    versions = framework.versions.filter(label=label) if label else framework.versions.current(clock.now())
    version = versions.first()
    if version is None:
        told = {"framework": framework, "version": label}
        if label:
            raise refused(_("%(framework)s has no version %(version)s: import its catalog first.") % told)
        raise refused(_("%(framework)s has no version that is current: import its catalog first.") % told)
    return version


def key_of(read: ReadProfile) -> str:
    """ "… 5.1.1 LOW IMPACT BASELINE" is low, as people say it; any other title is its own key."""
    words = read.title.lower().split()
    for name in ("low", "moderate", "high", "privacy"):
        if "baseline" in words and name in words:
            return name
    return slugify(read.title)[:80] or "profile"


def selected(read: ReadProfile, version: FrameworkVersion) -> list[Edition]:
    """Raises Refused with every id that the version does not have."""
    by_native = {one.native: one for one in version.editions.asked().select_related("requirement")}
    if read.every:
        return list(by_native.values())
    missing = [native for native in read.natives if native not in by_native]
    if missing:
        problems = [
            Problem("/profile/imports", _("%(version)s has no %(native)s.") % {"version": version, "native": native})
            for native in missing
        ]
        raise Refused(*problems)
    return [by_native[native] for native in read.natives]


def difference(read: ReadProfile, version: FrameworkVersion) -> Difference:
    wanted = {one.requirement_id: one for one in selected(read, version)}
    profile = version.profiles.filter(key=key_of(read)).first()
    have = set(profile.selections.values_list("requirement", flat=True)) if profile else set()
    found = Difference(unchanged=len(have & set(wanted)))
    if profile is None:
        found.about["profile"] = ["", read.title]
    found.added = [entry(one.requirement.key, one.label, one.title) for key, one in wanted.items() if key not in have]
    gone = version.editions.filter(requirement__in=have - set(wanted)).select_related("requirement")
    found.withdrawn = [entry(one.requirement.key, one.label, one.title) for one in gone.order_by("position")]
    return found


@transaction.atomic
def apply(
    read: ReadProfile, version: FrameworkVersion, *, source_name: str, source_sha256: str, by: User | str
) -> Profile:
    changes = difference(read, version)
    source = {"source_name": source_name[:300], "source_sha256": source_sha256, "imported_at": clock.now()}
    profile, _ = Profile.objects.get_or_create(
        version=version, key=key_of(read), defaults={"name": read.title[:300], **source}
    )
    if not changes.is_empty:
        Profile.objects.filter(pk=profile.pk).update(**source)
        select(profile, [one.requirement for one in selected(read, version)])
        trail.record(by, "profile.imported", profile, **changes.counts, name=read.title, sha256=source_sha256)
    return profile
