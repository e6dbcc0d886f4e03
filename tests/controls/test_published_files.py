"""The files as they are published, where they are at hand: everything loads, with the source's own counts."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from controls.library import build, load
from controls.models import Edition, Framework, FrameworkVersion, PackRule, PackVersion, Profile, Requirement
from tests.controls.files import BASELINES, NIST, NZISM, PACKS, PUBLISHED, needs_published

pytestmark = [pytest.mark.django_db, needs_published]


def imported(*paths: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_framework", *map(str, paths), stdout=out, **options)
    return out.getvalue()


def every_control(group: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*group.get("groups", []), *group.get("controls", [])]
    return [*group.get("controls", []), *(found for one in inner for found in every_control(one))]


def test_the_whole_nist_catalog_comes_in() -> None:
    imported(NIST, make_current=True)
    source = every_control(json.loads(NIST.read_bytes())["catalog"])
    editions = Edition.objects.all()
    assert editions.count() == len(source) == 1007
    assert set(editions.values_list("native", flat=True)) == {one["id"] for one in source}
    assert not editions.filter(text="").exists()
    assert not editions.filter(text__contains="insert: param").exists()


def test_the_whole_nzism_comes_in() -> None:
    imported(NZISM, name="NZISM", version_label="3.9")
    source = [one for one in ET.fromstring(NZISM.read_bytes()).iter("paragraph") if one.get("cid")]  # noqa: S314
    assert Edition.objects.count() == len(source) == 1422
    by_cid = dict(Edition.objects.values_list("requirement__key", "label"))
    assert by_cid == {one.get("cid"): (one.get("title") or "").rstrip(".") for one in source}


def test_every_published_pack_comes_in_with_every_rule() -> None:
    paths = sorted(path for path in PACKS.iterdir() if path.suffix in {".yaml", ".yml"})
    stems = {path.stem: path for path in paths}
    imported(*stems.values())
    assert PackVersion.objects.count() == len(stems)
    for version in PackVersion.objects.select_related("pack").prefetch_related("rules"):
        text = re.sub(r"(?m)^\s*#.*$", "", stems[version.pack.key].read_text())
        rules = re.findall(r"Type:\s*['\"]?AWS::Config::ConfigRule", text)
        assert version.rules.count() == len(rules), version.pack.key
        assert len(version.remediations) == len(re.findall(r"AWS::Config::RemediationConfiguration", text))
        held = [one.controls for one in version.rules.all() if one.controls]
        assert len(held) == len(re.findall(r"^ +Controls:", text, re.MULTILINE))
        assert version.rules.process_checks().count() == len(re.findall(r"AWS_CONFIG_PROCESS_CHECK", text))


def test_a_second_import_of_everything_changes_nothing() -> None:
    imported(NZISM, name="NZISM", version_label="3.9")
    packs = [PACKS / "Operational-Best-Practices-for-NZISM-Foundation.yaml"]
    imported(*packs)
    again = imported(NZISM, framework="nzism", version_label="3.9") + imported(*packs)
    assert again.count("nothing to change") == 2


def test_the_baselines_select_what_their_profiles_name() -> None:
    imported(NIST, make_current=True)
    imported(*BASELINES.values(), framework=Framework.objects.get().key)
    for key, path in BASELINES.items():
        (source,) = json.loads(path.read_bytes())["profile"]["imports"]
        named = {one for choice in source["include-controls"] for one in choice["with-ids"]}
        profile = Profile.objects.get(key=key)
        editions = Edition.objects.filter(requirement__selections__profile=profile)
        assert set(editions.values_list("native", flat=True)) == named
        assert len(named) == {"low": 149, "moderate": 287}[key]


def test_the_official_text_comes_in_over_the_library_and_changes_nothing_else() -> None:
    list(load.load())
    before = set(Requirement.objects.values_list("pk", flat=True))
    said = imported(NZISM)
    assert "NZISM 3.9: 0 are added, 1,422 changed, 0 withdrawn, 0 stay as they were" in said
    assert set(Requirement.objects.values_list("pk", flat=True)) == before
    list(load.load())
    version = FrameworkVersion.objects.get(framework__key="nzism")
    assert not version.editions.filter(text="").exists()


def test_the_shipped_library_is_what_its_sources_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "DATA", tmp_path / "data")
    build.build(PUBLISHED)
    made = {path.relative_to(tmp_path / "data"): path.read_bytes() for path in (tmp_path / "data").rglob("*.*")}
    shipped = {path.relative_to(load.DATA): path.read_bytes() for path in load.DATA.rglob("*.*")}
    by_hand = {path for path in shipped if path.parts[0] == "responsibility"}
    assert by_hand
    assert made == {path: body for path, body in shipped.items() if path not in by_hand}


def test_yaml_that_the_portal_reads_is_what_a_yaml_reader_reads() -> None:
    path = PACKS / "Operational-Best-Practices-for-NZISM-Foundation.yaml"
    imported(path)
    source = yaml.safe_load(path.read_text())["Resources"]
    named = {rule.logical_id: (rule.name, rule.identifier, rule.controls) for rule in PackRule.objects.all()}
    assert named == {
        key: (
            one["Properties"]["ConfigRuleName"],
            one["Properties"]["Source"]["SourceIdentifier"],
            one.get("Controls", []),
        )
        for key, one in source.items()
    }
