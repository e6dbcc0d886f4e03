"""The library that ships: counts, published mappings, and what drifts."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Count

from audit import clock
from audit.models import TrailEntry
from controls import mapping_sets
from controls.figures import figures
from controls.library import load, responsibilities
from controls.models import (
    AreaRule,
    Edition,
    Framework,
    FrameworkVersion,
    Mapping,
    MappingSet,
    PackVersion,
    Profile,
    Responsibility,
    ServiceType,
)
from controls.responsibility import abouts

pytestmark = [pytest.mark.usefixtures("library"), pytest.mark.django_db, pytest.mark.xdist_group("library")]
REQUIREMENTS = {
    "aws-fsbp": 358,
    "aws-security-hub": 571,
    "cis-aws-1.4.0": 58,
    "cis-aws-3.0.0": 62,
    "cis-aws-5.0.0": 63,
    "essential-eight": 8,
    "hipaa-security-rule": 65,
    "iso-27001": 123,
    "nist-800-53": 1011,
    "nzism": 1422,
    "pci-dss": 280,
    "soc-2": 61,
}
MAPPINGS = {
    "aws-config-pci-dss-4.0": 744,
    "aws-fsbp-controls": 358,
    "aws-security-hub-controls": 571,
    "guard-essential-eight": 96,
    "guard-hipaa-security-rule": 281,
    "guard-nist-800-53": 1525,
    "pack-operational-best-practices-for-nzism-extension": 16,
    "pack-operational-best-practices-for-nzism-foundation": 165,
    "pack-operational-best-practices-for-nzism-nztransition": 106,
    "security-hub-cis-aws-1.4.0": 40,
    "security-hub-nist-800-53": 1535,
}
"""Pairs of ids in each published set. The registry names 38 of NIST's 1,563 twice."""


def drifting(key: str) -> list[tuple[str, str, str, Edition | None]]:
    """CID or id, the number and obligation stated, and the current edition."""
    at = clock.now()
    rows = Mapping.objects.of_framework(Framework.objects.get(key=key)).known(at).drifting(at)
    current = {one.requirement_id: one for one in Edition.objects.current(at)}
    return [
        (asked.key, one.stated_label, one.stated_obligation, current.get(asked.pk))
        for one in rows.select_related("requirement")
        if (asked := one.requirement)
    ]


def missing(key: str) -> set[str]:
    """Ids that mappings name and the current version does not have."""
    return {name for name, _, _, edition in drifting(key) if edition is None}


def test_every_framework_is_there_with_all_its_requirements_and_no_prose() -> None:
    found = {row.framework.key: row.requirements for row in figures(Framework.objects.all(), clock.now())}
    assert found == REQUIREMENTS
    assert not Edition.objects.exclude(text="", guidance="").exists()
    assert {one.state for one in FrameworkVersion.objects.all()} == {"current"}


def test_published_mappings_are_proposals_with_their_source_and_date() -> None:
    assert set(Mapping.objects.values_list("state", flat=True)) == {"proposed"}
    sets = {one.key: one for one in MappingSet.objects.annotate(n=Count("mappings"))}
    assert {key: one.n for key, one in sets.items()} == MAPPINGS
    for one in sets.values():
        assert all((one.publisher, one.url, one.licence, one.published_on, one.note, one.source_sha256)), one.key


def test_a_decision_on_a_published_mapping_outlives_the_next_load() -> None:
    approved, rejected, typed = Mapping.objects.order_by("pk")[:3]
    mapping_sets.approve(Mapping.objects.filter(pk=approved.pk), because="Agreed", by="test")
    mapping_sets.end(Mapping.objects.filter(pk=rejected.pk), because="It shows nothing of it", by="test")
    mapping_sets.approve(Mapping.objects.filter(pk=typed.pk), because="It is just this", by="test", relation="equal")
    before = Mapping.objects.count()
    call_command("load_library", stdout=StringIO())
    assert Mapping.objects.count() == before
    chosen = Mapping.objects.filter(pk__in=[approved.pk, rejected.pk, typed.pk]).order_by("pk")
    assert [(one.state, one.relation, one.stated_relation) for one in chosen] == [
        ("approved", "intersects", ""), ("rejected", "intersects", ""), ("approved", "equal", "intersects"),
    ]  # fmt: skip
    same = Mapping.objects.filter(requirement=rejected.requirement, check_named=rejected.check_named)
    assert same.open().filter(mapping_set=rejected.mapping_set).count() == 0


def test_no_sentence_of_a_publisher_ships() -> None:
    for path in (load.DATA / "packs").glob("*.json"):
        told = json.loads(path.read_text())
        assert not any(one["description"] for one in (*told["rules"], *told["parameters"]))
    for name in ("aws-security-hub", "aws-fsbp"):
        with (load.DATA / "frameworks" / f"{name}.csv").open() as file:
            assert {row["title"] for row in csv.DictReader(file)} == {""}


def test_what_checks_can_show_of_each_framework() -> None:
    told = {row.framework.key: row for row in figures(Framework.objects.all(), clock.now())}
    shown = {key: (row.mapped, round(row.share, 1)) for key, row in told.items()}
    assert (shown["nzism"], shown["pci-dss"], shown["nist-800-53"]) == ((44, 3.1), (98, 35.0), (204, 20.2))
    without = {key for key, row in told.items() if not row.mapped}
    assert without == {"iso-27001", "soc-2", "cis-aws-3.0.0", "cis-aws-5.0.0"}
    assert all("none is shipped" in told[key].framework.mappings_note for key in without)


def test_aws_packs_drift_from_the_manual_that_they_name() -> None:
    """SOURCES: of the packs' CIDs 2 are no longer there, 16 have another number, 3 another obligation."""
    assert missing("nzism") == {"1893", "1946"}
    rows = [(key, label, said, now) for key, label, said, now in drifting("nzism") if now]
    assert len({key for key, label, _, now in rows if label != now.label}) == 16
    obligations = {(key, said, now.obligation) for key, _, said, now in rows if said != now.obligation}
    assert obligations == {("6843", "should", "must"), ("6953", "should", "must"), ("7437", "must", "should")}


def test_ids_that_a_revision_dropped_are_drift_and_not_lost() -> None:
    assert missing("nist-800-53") == {"AC-3(1)", "CP-1(2)", "SA-1(1)", "SC-7(2)", "SI-1(1)"}
    assert drifting("pci-dss") == []


def test_the_baselines_of_nist() -> None:
    counts = {one.key: one.selections.count() for one in Profile.objects.all()}
    assert counts == {"low": 149, "moderate": 287, "high": 370, "privacy": 96}


def test_a_second_load_changes_nothing() -> None:
    before = (TrailEntry.objects.count(), Mapping.objects.count(), PackVersion.objects.count(), Edition.objects.count())
    call_command("load_library", stdout=StringIO())
    after = (TrailEntry.objects.count(), Mapping.objects.count(), PackVersion.objects.count(), Edition.objects.count())
    assert after == before


def test_responsibility_is_taken_in_once_and_a_change_replaces_what_was_said(tmp_path: Path) -> None:
    assert (ServiceType.objects.count(), AreaRule.objects.at(clock.now()).count()) == (42, 331)
    assert Responsibility.objects.at(clock.now()).count() == 42 * 15 - 2
    assert not Responsibility.objects.filter(is_reading=False, source_url="").exists()
    for name in responsibilities.FILES:
        text = (load.DATA / "responsibility" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("AWS trains its people, we train ours.", "Each trains its own people.")
        )
    before = Responsibility.objects.count()
    responsibilities.load(load.DATA / "responsibility", by="library")
    assert Responsibility.objects.count() == before
    responsibilities.load(tmp_path, by="library")
    assert Responsibility.objects.count() == before + 42
    people = Responsibility.objects.filter(area="people", service__key="ec2").order_by("stated_at")
    assert [(one.because, one.replaced_at is None) for one in people] == [
        ("AWS trains its people, we train ours.", False),
        ("Each trains its own people.", True),
    ]


@pytest.mark.parametrize(
    ("framework", "key", "areas"),
    [
        ("nist-800-53", "PE-3", ["facilities"]),
        ("nist-800-53", "SI-2(2)", ["host", "guest", "runtime", "application"]),
        ("nist-800-53", "SC-3", []),
        ("iso-27001", "A.7.4", ["facilities"]),
        ("iso-27001", "A.7.7", ["premises"]),
        ("pci-dss", "9.5.1.1", ["premises"]),
        ("pci-dss", "9.3.1", ["facilities"]),
        ("hipaa-security-rule", "164.310(a)(1)", ["facilities"]),
        ("soc-2", "CC6.4", ["facilities"]),
        ("essential-eight", "Patch operating systems", ["host", "guest"]),
        ("aws-fsbp", "S3.1", []),
    ],
)
def test_requirements_are_about_what_their_framework_says(framework: str, key: str, areas: list[str]) -> None:
    at = clock.now()
    found = Framework.objects.get(key=framework)
    rows = Edition.objects.current(at).filter(requirement__framework=found, requirement__key=key)
    (edition,) = rows.select_related("requirement", "section")
    assert list(abouts(found, [edition], at)[edition.requirement_id].areas) == areas
