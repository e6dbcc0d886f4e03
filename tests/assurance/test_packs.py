"""A pack from asking for it to verifying it, as anybody can without the portal."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assurance.models import AuditFindingStep, Pack
from assurance.pack import making, verify_pack
from assurance.pack.steps import STEPS, Making
from audit import clock
from audit.models import TrailEntry
from controls.models import FrameworkVersion
from evidence import signing
from evidence.capturing import storage
from findings.models import Check, Finding, FindingSpan
from organisation.models import Solution
from tests.assurance.pack_worlds import a_framework
from tests.conftest import LoggedIn, LogIn
from tests.controls.standings import find, promised_by
from tests.factories import GrantFactory, SolutionFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory, PackFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory
from tests.workers import PATIENCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments() -> Solution:
    solution: Solution = SolutionFactory(name="Payments")
    return solution


@pytest.fixture
def framework(payments: Solution) -> FrameworkVersion:
    return a_framework(payments)


def asked(browser: LoggedIn, framework: FrameworkVersion, *solutions: Solution, **more: str) -> Pack:
    answer = browser.post(
        "/assurance/packs/ask/", {"framework": framework.pk, "solutions": [one.pk for one in solutions], **more}
    )
    pack = Pack.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, f"/assurance/packs/{pack.public_id}/")
    return pack


def sealed(pack: Pack) -> Pack:
    making.run(pack.pk)
    pack.refresh_from_db()
    assert pack.job
    assert (pack.job.state, pack.job.step) == ("done", "Sealed")
    return pack


def taken(browser: LoggedIn, pack: Pack, what: str) -> bytes:
    answer = browser.get(f"/assurance/packs/{pack.public_id}/take/{what}/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    content: Any = answer
    return b"".join(content.streaming_content)


def verified(folder: Path, archive: bytes, signature: bytes = b"", **more: Any) -> tuple[int, str]:
    """What verify_pack.py says, as a program of its own."""
    (folder / "pack.zip").write_bytes(archive)
    (folder / "pack.zip.sig").write_bytes(signature)
    command = [sys.executable, "-I", verify_pack.__file__, "pack.zip", "--fingerprint", signing.fingerprint()]
    if signature:
        command += ["--signature", "pack.zip.sig"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE, **more)
    return done.returncode, done.stdout + done.stderr


def test_an_auditor_seals_a_pack_and_anybody_verifies_it(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution, tmp_path: Path
) -> None:
    pack = sealed(asked(third_line, framework, payments))
    archive, signature = taken(third_line, pack, "archive"), taken(third_line, pack, "signature")
    code, said = verified(tmp_path, archive, signature)
    assert (code, "unchanged since sealed by key" in said) == (0, True), said
    with zipfile.ZipFile(tmp_path / "pack.zip") as file:
        names = file.namelist()
        manifest = json.loads(file.read("manifest.json"))
        requirements = file.read("csv/requirements.csv").decode()
        failures = file.read("csv/failures.csv").decode()
    assert names[:2] == ["manifest.json", "manifest.json.sig"]
    assert {"report.pdf", "workbook.xlsx", "contents.json", "oscal/assessment-results.json"} <= set(names)
    assert [one["path"] for one in manifest["files"]] == names[2:]
    assert manifest["key"] == signing.fingerprint()
    assert "'=Accounts" in requirements
    assert failures.count("\n") == 2
    assert any(name.startswith("evidence/E-") for name in names)


def test_each_download_is_on_the_trail(third_line: LoggedIn, framework: FrameworkVersion, payments: Solution) -> None:
    pack = sealed(asked(third_line, framework, payments))
    for what in ("archive", "report", "workbook", "oscal", "key"):
        taken(third_line, pack, what)
    acts = TrailEntry.objects.about("pack", pack.public_id).order_by("pk")
    assert [one.action for one in acts] == ["pack.asked", "pack.sealed", *["pack.downloaded"] * 5]
    page = third_line.get(f"/assurance/packs/{pack.public_id}/").content.decode()
    assert page.count('<td class="door">') == 5


def test_the_same_pack_made_again_after_changes_has_the_same_bytes(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    first = sealed(asked(third_line, framework, payments))
    control = ControlFactory(name="Added later", solution=payments, added_at=clock.now())
    promised_by(framework.editions.get(label="AC-2"), control, approved_at=clock.now(), proposed_at=clock.now())
    find(Check.objects.get(key="IAM.3"), payments, failed=1)
    FindingSpan.objects.filter(finding=Finding.objects.latest("pk")).update(recorded_at=clock.now())
    EvidenceFactory(solution=payments, shows=[control])
    again = Pack.objects.get(pk=first.pk)
    before = {one.name: one.sha256 for one in first.files.all()}
    steps = {one.name: one.sha256 for one in made_again(again)}
    assert steps == before


def made_again(pack: Pack) -> list[Any]:
    """Every file of the pack, made from nothing."""

    class Afresh(Making):
        """Reads what this making kept, not what the first one did."""

        def blocks(self, name: str) -> Any:
            with storage().open(kept[name].stored_as) as file:
                yield file.read()

        def lines(self, name: str) -> Any:
            yield from b"".join(self.blocks(name)).decode().splitlines(keepends=True)

    kept: dict[str, Any] = {}
    making_again = Afresh(pack)
    for step in STEPS:
        kept |= {one.name: one for one in step.make(making_again)}
    return list(kept.values())


def test_a_pack_of_an_engagement_is_made_by_its_team_and_has_no_drafts(
    third_line: LoggedIn, log_in: LogIn, framework: FrameworkVersion, payments: Solution
) -> None:
    engagement = EngagementFactory(framework=framework, of=[payments], with_team=[third_line.person])
    AuditFindingFactory(engagement=engagement, draft=True, title="Half a thought", solution=payments)
    AuditFindingFactory(engagement=engagement, title="Leavers stay", solution=payments)
    ControlTestFactory(engagement=engagement, control=ControlFactory(solution=payments), concluded=True)
    other = log_in(third_line=True)
    refused = other.post(f"/assurance/packs/ask/?engagement={engagement.public_id}")
    assert refused.status_code == 422
    assert "made by its team" in refused.content.decode()
    assert third_line.post(f"/assurance/packs/ask/?engagement={engagement.public_id}").status_code == 302
    pack = sealed(Pack.objects.latest("pk"))
    told = json.loads(b"".join(_contents(pack)))
    assert [one["title"] for one in told["audit_findings"]] == ["Leavers stay"]
    assert [test for control in told["controls"] for test in control["tests"]] == []
    assert other.get(f"/assurance/packs/{pack.public_id}/").status_code == 404


def test_a_pack_of_an_engagement_tells_what_became_of_the_findings_before(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    before = EngagementFactory(framework=framework, of=[payments])
    shut, found_again, left = (
        AuditFindingFactory(engagement=before, solution=payments, title=title, **more)
        for title, more in (
            ("Keys", {"state": "closed", "closed_at": clock.now()}),
            ("Leavers", {}),
            ("Logs", {}),
        )
    )
    AuditFindingStep.objects.create(finding=shut, state="closed", by=third_line.person, at=clock.now())
    engagement = EngagementFactory(framework=framework, of=[payments], with_team=[third_line.person], previous=before)
    AuditFindingFactory(engagement=engagement, solution=payments, title="Leavers, once more", repeats=found_again)
    AuditFindingFactory(engagement=engagement, solution=payments, title="Backups")
    third_line.post(f"/assurance/packs/ask/?engagement={engagement.public_id}")
    told = json.loads(b"".join(_contents(sealed(Pack.objects.latest("pk")))))
    assert [(one["title"], one["compared"]) for one in told["audit_findings"]] == [
        ("Keys", "closed"), ("Logs", "still open"), ("Leavers, once more", "repeated"), ("Backups", "new"),
    ]  # fmt: skip
    assert left.public_id in {one["id"] for one in told["audit_findings"]}


def _contents(pack: Pack) -> Any:
    with storage().open(pack.files.get(name="contents.json").stored_as) as file:
        yield file.read()


def test_what_cannot_be_asked_is_said_at_its_field(
    third_line: LoggedIn, external: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    answer = third_line.post("/assurance/packs/ask/", {"framework": framework.pk})
    assert answer.context["form"].errors.keys() == {"solutions"}
    said = {"framework": framework.pk, "solutions": [payments.pk], "since": "2026-03-01"}
    assert third_line.post("/assurance/packs/ask/", said).context["form"].errors.keys() == {"until"}
    backwards = {**said, "until": "2026-02-01"}
    assert third_line.post("/assurance/packs/ask/", backwards).context["form"].errors.keys() == {"until"}
    assert external.post("/assurance/packs/ask/", said).context["form"].errors.keys() == {"solutions"}
    assert not Pack.objects.exists()


def test_somebody_from_outside_asks_within_the_period_that_they_audit(
    external: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    grant = GrantFactory(person=external.person, solution=payments, kind="assurance")
    grant.about_from, grant.about_to = grant.valid_from, grant.valid_from + timedelta(days=90)
    grant.save()
    said = {"framework": framework.pk, "solutions": [payments.pk], "since": "2026-01-01", "until": "2026-03-31"}
    answer = external.post("/assurance/packs/ask/", said)
    assert "You audit the period" in str(answer.context["form"].errors)


def test_an_altered_file_is_not_handed_out(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution
) -> None:
    pack = sealed(asked(third_line, framework, payments))
    path = Path(storage().path(pack.stored_as))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    answer = third_line.get(f"/assurance/packs/{pack.public_id}/take/archive/", follow=True)
    assert "not what was sealed" in answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_packs(
    third_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    PackFactory.create_batch(count)
    with django_assert_num_queries(9):
        assert len(third_line.get("/assurance/packs/").context["page"].rows) == count


def test_the_program_that_verifies_is_published_with_its_hash(third_line: LoggedIn) -> None:
    program = third_line.get("/assurance/packs/verify_pack.py").content
    page = third_line.get("/assurance/packs/verify/").content.decode()
    assert program == Path(verify_pack.__file__).read_bytes()
    assert hashlib.sha256(program).hexdigest() in page
    assert signing.fingerprint() in page


@pytest.mark.parametrize("done", range(6))
def test_a_worker_that_dies_leaves_its_finished_steps_to_the_next_one(
    third_line: LoggedIn, framework: FrameworkVersion, payments: Solution, tmp_path: Path, done: int
) -> None:
    """The dead one had kept the files of the next step, and not yet said so."""
    pack = asked(third_line, framework, payments)
    assert pack.job
    dead = Making(pack)
    for step in STEPS[:done]:
        making.carry_out(step, dead, pack.job, "")
    STEPS[done].make(dead)
    finished = {one.name: (one.sha256, one.stored_as) for one in pack.files.all()}
    assert pack.pk in making.forgotten(at=clock.now() + timedelta(minutes=2))
    sealed(pack)
    after = {one.name: (one.sha256, one.stored_as) for one in pack.files.all()}
    assert {name: after[name] for name in finished} == finished
    assert {name: sha256 for name, (sha256, _name) in after.items()} == {
        one.name: one.sha256 for one in made_again(pack)
    }
    assert verified(tmp_path, taken(third_line, pack, "archive"))[0] == 0


def test_two_workers_make_a_pack_once(third_line: LoggedIn, framework: FrameworkVersion, payments: Solution) -> None:
    pack = sealed(asked(third_line, framework, payments))
    making.run(pack.pk)
    assert TrailEntry.objects.about("pack", pack.public_id).filter(action="pack.sealed").count() == 1
