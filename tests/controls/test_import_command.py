"""What people import from the command line: whole, or not at all and with the place that is wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import TrailEntry
from controls.imports.content import MOST_BYTES
from controls.models import (
    Edition,
    Framework,
    FrameworkVersion,
    Mapping,
    PackRule,
    PackVersion,
    Profile,
    Requirement,
    SourceFile,
)
from tests.controls.files import BOMB, PACK, catalog, control, nzism, profile, workbook
from tests.factories.controls import EditionFactory, FrameworkFactory, FrameworkVersionFactory, MappingFactory

pytestmark = pytest.mark.django_db
Import = Callable[..., str]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """`imported("a.json", bytes, framework="x")`: what the command says of the file."""

    def _imported(file: str, content: bytes | str, /, **options: Any) -> str:
        path = tmp_path / file
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        out, err = StringIO(), StringIO()
        try:
            call_command("import_framework", str(path), stdout=out, stderr=err, **options)
        except CommandError:
            return err.getvalue().replace(f"{tmp_path}/", "").strip()
        return out.getvalue().replace(f"{tmp_path}/", "").strip()

    return _imported


def nothing_was_taken_in() -> bool:
    models = (Framework, FrameworkVersion, Requirement, PackVersion, SourceFile)
    return not any(model.objects.exists() for model in models)


def test_a_catalog_comes_in_whole_with_its_tree_and_texts(imported: Import) -> None:
    inner = control("ac-2.1", props=[{"name": "label", "value": "AC-2(1)"}])
    said = imported("c.json", catalog(control("ac-1"), control("ac-2", controls=[inner])), make_current=True)
    assert said == "c.json: Example Standard 1.0: 3 are added, 0 changed, 0 withdrawn, 0 stay as they were"
    version = FrameworkVersion.objects.get()
    assert (version.label, version.state, version.source_name) == ("1.0", "current", "c.json")
    rows = Edition.objects.order_by("position").values_list("label", "section__title", "parent__key", "text")
    assert list(rows) == [
        ("AC-1", "Access Control", None, "Do what ac-1 says [every day]."),
        ("AC-2", "Access Control", None, "Do what ac-2 says [every day]."),
        ("AC-2(1)", "Access Control", "AC-2", "Do what ac-2.1 says [ac-2.1_p].".replace("[ac-2.1_p]", "[every day]")),
    ]
    actions = TrailEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["framework.imported", "framework.made_current"]


def test_the_same_file_again_changes_nothing(imported: Import) -> None:
    file = catalog(control("ac-1"))
    imported("c.json", file, make_current=True)
    before = TrailEntry.objects.count()
    assert imported("again.json", file, make_current=True) == "again.json: Example Standard 1.0: nothing to change"
    assert TrailEntry.objects.count() == before
    assert FrameworkVersion.objects.get().source_name == "c.json"


def test_a_dry_run_tells_and_keeps_nothing(imported: Import) -> None:
    said = imported("c.json", catalog(control("ac-1")), dry_run=True)
    assert said.endswith("1 would be added, 0 changed, 0 withdrawn, 0 stay as they were")
    assert nothing_was_taken_in()


def test_an_update_keeps_what_hangs_on_a_requirement(imported: Import) -> None:
    imported("c.json", catalog(control("ac-1"), control("ac-2")), make_current=True)
    requirement = Requirement.objects.get(key="AC-1")
    mapping = MappingFactory(edition=requirement.editions.get(), approved=True)
    changed = control("ac-1") | {"title": "Another title"}
    said = imported("d.json", catalog(changed, control("ac-3"), version="2.0"), make_current=True)
    assert said == "d.json: Example Standard 2.0: 1 are added, 1 changed, 1 withdrawn, 0 stay as they were"
    mapping.refresh_from_db()
    assert (mapping.requirement_id, mapping.state) == (requirement.pk, Mapping.State.APPROVED)
    titles = requirement.editions.order_by("version__label").values_list("version__label", "title")
    assert list(titles) == [("1.0", "Title of ac-1"), ("2.0", "Another title")]
    first, second = FrameworkVersion.objects.order_by("label")
    assert (first.state, second.state) == ("withdrawn", "current")
    assert first.valid_to == second.valid_from


def test_a_requirement_that_a_version_loses_is_withdrawn_and_not_deleted(imported: Import) -> None:
    imported("c.json", catalog(control("ac-1"), control("ac-2")))
    said = imported("c.json", catalog(control("ac-1")))
    assert said == "c.json: Example Standard 1.0: 0 are added, 0 changed, 1 withdrawn, 1 stay as they were"
    assert Edition.objects.get(label="AC-2").withdrawn_at is not None
    assert imported("c.json", catalog(control("ac-1"))).endswith("nothing to change")
    imported("c.json", catalog(control("ac-1"), control("ac-2")))
    assert Edition.objects.get(label="AC-2").withdrawn_at is None


def test_a_profile_selects_from_the_current_version(imported: Import) -> None:
    imported("c.json", catalog(control("ac-1"), control("ac-2")), make_current=True)
    said = imported("p.json", profile("ac-2"), framework="example-standard")
    assert said.endswith("1 are added, 0 changed, 0 withdrawn, 0 stay as they were")
    low = Profile.objects.get(key="low")
    assert [one.requirement.key for one in low.selections.all()] == ["AC-2"]
    imported("p.json", profile("ac-1"), framework="example-standard")
    assert [one.requirement.key for one in low.selections.all()] == ["AC-1"]
    refusal = imported("p.json", profile("ac-1", "ac-9"), framework="example-standard")
    assert refusal == "p.json, /profile/imports: Example Standard 1.0 has no ac-9."


@pytest.mark.parametrize("name", ["House Rules", "house rules", "House-Rules"])
def test_a_name_that_is_taken_means_that_framework(imported: Import, name: str) -> None:
    framework = FrameworkFactory(key="house-rules", name="House Rules")
    said = imported("s.csv", "key,title\r\n1,First\r\n", name=name, version_label="2026")
    assert said == "s.csv: House Rules 2026: 1 are added, 0 changed, 0 withdrawn, 0 stay as they were"
    assert (Framework.objects.get(), framework.versions.get().label) == (framework, "2026")


def test_texts_come_in_over_a_version_that_has_only_titles(imported: Import) -> None:
    framework = FrameworkFactory(key="nzism", name="NZISM", recognised_by=["New Zealand Information Security Manual"])
    version = FrameworkVersionFactory(framework=framework, label="3.9")
    EditionFactory(version=version, key="1847", label="16.1.37.C.01", title="Passwords", obligation="must")
    said = imported("nzism.xml", nzism(("16.1.37.C.01.", "1847", "Must", "Agencies <b>MUST</b> protect it.")))
    assert said == "nzism.xml: NZISM 3.9: 0 are added, 1 changed, 0 withdrawn, 0 stay as they were"
    edition = Edition.objects.get()
    assert (edition.label, edition.text, edition.obligation) == ("16.1.37.C.01", "Agencies MUST protect it.", "must")
    assert str(edition.section) == "16.1 Identification"


def test_a_spreadsheet_comes_in_as_xlsx_and_as_csv(imported: Import) -> None:
    head = ["key", "title", "section", "section title", "parent", "obligation", "baselines"]
    rows = [["1", "First", "A/A.1", "Part one", "", "must", "low;high"], ["1.1", "Inner", "A/A.1", "", "1", "", ""]]
    book = workbook(head, *rows)
    said = imported("s.xlsx", book, name="House rules", version_label="2026")
    assert said == "s.xlsx: House rules 2026: 2 are added, 0 changed, 0 withdrawn, 0 stay as they were"
    assert sorted(Profile.objects.values_list("key", flat=True)) == ["high", "low"]
    lines = [",".join(row) for row in (head, *rows)]
    again = imported("s.csv", "\r\n".join(lines), framework="house-rules", version_label="2026")
    assert again == "s.csv: House rules 2026: nothing to change"


def test_a_pack_keeps_its_rules_parameters_conditions_and_remediations(imported: Import) -> None:
    FrameworkFactory(key="nzism", name="NZISM", key_word="CID")
    said = imported("Best-Practices.yaml", PACK)
    assert said == "Best-Practices.yaml: Best-Practices: 2 are added, 0 changed, 0 withdrawn, 0 stay as they were"
    version = PackVersion.objects.get()
    rule = PackRule.objects.get(logical_id="Https")
    assert (rule.controls, rule.condition) == (["1847", "2090"], "IsEdge")
    assert rule.inputs == {"days": "30", "strict": "true"}
    assert rule.states[0] == {"key": "1847", "label": "16.1.37.C.01", "obligation": "must"}
    assert version.conditions == {"IsEdge": {"Fn::Equals": [{"Ref": "DeployEdgeRules"}, "true"]}}
    assert (version.parameters[0]["default"], version.remediations[0]["rule"]) == ("false", "Https")
    assert PackRule.objects.process_checks().get().name == "security-awareness-program-exists"
    named = Mapping.objects.order_by("requirement__key").values_list("requirement__key", "stated_obligation", "state")
    assert list(named) == [("1847", "must", "proposed"), ("2090", "should", "proposed")]
    assert imported("Best-Practices.yaml", PACK).endswith("nothing to change")


def test_a_pack_that_no_longer_names_an_id_withdraws_that_mapping(imported: Import) -> None:
    FrameworkFactory(key="nzism", name="NZISM", key_word="CID")
    imported("Best-Practices.yaml", PACK)
    newer = PACK.replace("['1847', '2090']", "['1847']").replace(", SHOULD 17.1.55.C.02[CID:2090]", "")
    assert imported("Best-Practices.yaml", newer).endswith("0 are added, 1 changed, 0 withdrawn, 1 stay as they were")
    assert PackVersion.objects.filter(valid_to=None).count() == 1
    states = Mapping.objects.order_by("requirement__key").values_list("requirement__key", "state")
    assert list(states) == [("1847", "proposed"), ("2090", "withdrawn")]


def bomb_book() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    return held.getvalue()


ENTITIES = (
    '<?xml version="1.0"?>\n<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<xml><chapter title="&b;"/></xml>'
)
EXTERNAL = '<?xml version="1.0"?>\n<!DOCTYPE xml SYSTEM "file:///etc/passwd">\n<xml/>'
TWICE = nzism(("1.1.C.01.", "12", "Must", "a"), ("1.1.C.02.", "12", "Maybe", "b"), ("1.1.C.03.", "x", "Must", "c"))
SHEET = "key,title,obligation,colour\r\n1,First,must,red\r\n,Second,never,\r\n1,Third,,\r\n2,Fourth,,\r\n"
MALFORMED: dict[str, tuple[bytes | str, list[str]]] = {
    "too-large.json": (b"x" * (MOST_BYTES + 1), ["The file has 33,554,433 bytes"]),
    "empty.json": (b" \n", ["The file is empty."]),
    "binary.json": (b"abc\x00def", ["byte 3: The file is not text."]),
    "latin.csv": ("key\r\n1\r\né".encode("latin-1"), ["line 3: The text is not UTF-8; save it as UTF-8."]),
    "words.yaml": ("hello", ["This is none of what can be imported"]),
    "json.yaml": ('{"catalog":\n {,}}', ["line 2, column 3: Not JSON"]),
    "other.json": ('{"system-security-plan": {}}', ["/: The JSON holds neither a catalog, a profile nor Resources"]),
    "catalog.json": (
        catalog(control("ac-1"), {"id": "ac-2"}),
        ["/catalog/groups/0/controls/1/title: Field required."],
    ),
    "twice.json": (catalog(control("ac-1"), control("ac-1")), ["/catalog: The catalog has AC-1 twice."]),
    "entities.xml": (ENTITIES, ["line 2: A document type or an entity is declared; neither is accepted."]),
    "external.xml": (EXTERNAL, ["line 2: A document type or an entity is declared; neither is accepted."]),
    "broken.xml": ("<xml>\n<chapter></xml>", ["line 2, column 12: Not well-formed XML: mismatched tag"]),
    "other.xml": ("<html/>", ["line 1: The root element is <html>; NZISM's XML has <xml>."]),
    "cids.xml": (
        TWICE,
        ["line 3: CID 12 is there twice.", "line 4: The cid of 1.1.C.03 is no number: 'x'."],
    ),
    "bomb.yaml": (BOMB + "Resources: {}\n", ["line 6: With its aliases the template has more than 300,000 values."]),
    "itself.yaml": ("Resources: &a\n  b: *a\n", ["line 1: An alias contains itself."]),
    "deep.yaml": ("Resources: " + "[" * 100 + "]" * 100, ["line 1: Nested deeper than 60 levels."]),
    "tag.yaml": ("Resources: !!python/object:os.system {}\n", ["line 1: The tag tag:yaml.org,2002:python/object"]),
    "indent.yaml": ("Resources:\n  a: b\n c: d\n", ["line 3, column 2: Not YAML"]),
    "queue.yaml": (
        "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {}\n"
        "  Rule:\n    Type: AWS::Config::ConfigRule\n    Properties: {Source: {Owner: AWS}}\n",
        [
            "line 3, Resources/Queue: A resource of the type AWS::SQS::Queue does not belong into a conformance pack.",
            "line 6, Resources/Rule: A managed rule needs a SourceIdentifier.",
        ],
    ),
    "cells.csv": (
        SHEET,
        [
            "row 1, column D: There is no column 'colour' in the template.",
            "row 3, column A: The key is missing.",
            "row 3, column C: 'never' is none of must, must_not, should, should_not, may, required, addressable.",
            "row 4, column A: The key 1 is in row 2 already.",
        ],
    ),
    "cells.xlsx": (
        workbook(["key", "parent"], ["1", "9"]),
        ["sheet Requirements, row 2, column B: There is no row with the key 9."],
    ),
    "bomb.xlsx": (bomb_book(), ["Unpacked, the file would be 100,000,011 bytes in 2 parts"]),
    "damaged.xlsx": (b"PK\x03\x04 nothing", ["The workbook is damaged"]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_with_its_place_and_reason_and_nothing_of_it_is_taken_in(
    imported: Import, name: str
) -> None:
    content, expected = MALFORMED[name]
    said = imported(name, content, name="Example", version_label="1")
    for words in expected:
        assert f"{name}, {words}" in said or f"{name}: {words}" in said, said
    assert nothing_was_taken_in()


def test_of_several_files_the_good_ones_come_in(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(catalog(control("ac-1")))
    bad.write_text("{")
    with pytest.raises(CommandError, match="1 of 2 files refused"):
        call_command("import_framework", str(bad), str(good), stdout=StringIO(), stderr=StringIO())
    assert Framework.objects.get().name == "Example Standard"
