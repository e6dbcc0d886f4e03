"""What the explorer shows, taken away as a file."""

from __future__ import annotations

import csv
import io
import json
import resource
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from xml.etree import ElementTree

import pytest
from pytest_django.fixtures import Settings

from audit import clock
from audit.models import TrailEntry
from desk.models import Job, Notice
from findings import exporting, tasks
from findings.listing import due_of
from findings.models import Export, FindingSpan, Severity, Status, Workflow
from organisation.models import Grant
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import AccountFactory, SolutionFactory, UserFactory
from tests.factories.findings import (
    CheckFactory,
    ExportFactory,
    FindingFactory,
    FindingSpanFactory,
    ResourceFactory,
)
from tests.findings_pages.reading_pages import ids, listed, title, words

pytestmark = pytest.mark.django_db
EXPORT = "/findings/export/"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(answer).decode(), newline="")))


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in body(answer).splitlines()]


def sheet(content: bytes, number: int) -> list[list[str]]:
    """The text cells of a sheet, row by row."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  (we wrote it)
        assert not list(root.iter(f"{SHEET}f")), "a formula"
        return [["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")] for row in root.iter(f"{SHEET}row")]


@pytest.mark.parametrize("query", ["", "status=fail", "severity=critical&suppressed=no", "q=invoices", "order=account"])
def test_the_table_has_the_rows_of_the_page_in_their_order(second_line: LoggedIn, query: str) -> None:
    FindingFactory(severity=Severity.CRITICAL)
    FindingFactory(status=Status.PASS, severity=Severity.INFORMATIONAL)
    FindingFactory(severity=Severity.LOW, resource__account="444455556666")
    shown = listed(second_line.get(f"/findings/?{query}"))
    assert [row["finding"] for row in table(second_line.post(f"{EXPORT}?form=csv&{query}"))] == shown
    assert [row["finding"] for row in lines(second_line.post(f"{EXPORT}?form=jsonl&{query}"))] == shown


def test_a_row_says_all_that_the_page_can_show(second_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments, old")
    AccountFactory(account_id="444455556666", name="payments-prod")
    check = CheckFactory(key="S3.8", title="Buckets should block public access")
    resource = ResourceFactory(
        key="arn:aws:s3:::ledger", type="AWS::S3::Bucket", name="ledger", account="444455556666", region="eu-west-1"
    )
    with at("2026-03-20"):
        finding = FindingFactory(
            check_ran=check, resource=resource, solutions=[solution], severity=Severity.HIGH,
            since=moment("2026-03-01"), native_id="arn:aws:finding/1", product="Security Hub",
        )  # fmt: skip
        (row,) = lines(second_line.post(f"{EXPORT}?form=jsonl"))
        (cells,) = table(second_line.post(f"{EXPORT}?form=csv"))
    said = {
        "finding": finding.public_id, "check": "S3.8", "title": "Buckets should block public access",
        "status": "fail", "aws_status": "FAILED", "severity": "High", "workflow": "NEW", "record": "ACTIVE",
        "resource": "arn:aws:s3:::ledger", "resource_name": "ledger", "resource_type": "AWS::S3::Bucket",
        "account": "444455556666", "account_name": "payments-prod", "region": "eu-west-1",
        "since": "2026-03-01T12:00:00Z", "due": "2026-03-31T12:00:00Z", "changed": "2026-03-01T12:00:00Z",
        "source": "security_hub", "product": "Security Hub", "aws_id": "arn:aws:finding/1",
    }  # fmt: skip
    assert {name: row[name] for name in said} == said
    assert row["solutions"] == ["Payments, old"]
    assert {name: cells[name] for name in said} == said
    assert cells["solutions"] == "Payments, old"


def test_each_row_is_due_when_the_page_says(second_line: LoggedIn) -> None:
    for severity in Severity:
        FindingFactory(severity=severity, since=moment("2026-03-01"))
    FindingFactory(workflow=Workflow.SUPPRESSED)
    FindingFactory(status=Status.PASS)
    said = {row["finding"]: row["due"] for row in lines(second_line.post(f"{EXPORT}?form=jsonl"))}
    for span in FindingSpan.objects.select_related("finding"):
        due = due_of(span)
        assert said[span.finding.public_id] == (f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else None)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_cell_of_a_table_is_a_formula(second_line: LoggedIn, begin: str) -> None:
    risky = f'{begin}HYPERLINK("x")'
    FindingFactory(
        check_ran=CheckFactory(key=risky, title=risky), resource=ResourceFactory(key=risky, name=risky),
        native_id=risky, product=risky, solutions=[SolutionFactory(name=risky)],
    )  # fmt: skip
    (cells,) = table(second_line.post(f"{EXPORT}?form=csv"))
    risky_ones = ("check", "title", "resource", "resource_name", "solutions", "product", "aws_id")
    assert {cells[name] for name in risky_ones} == {f"'{risky}"}
    (row,) = lines(second_line.post(f"{EXPORT}?form=jsonl"))
    assert {row[name] for name in risky_ones if name != "solutions"} == {risky}
    assert row["solutions"] == [risky]
    sheet(body(second_line.post(f"{EXPORT}?form=xlsx")), 2)


def test_difficult_text_survives(second_line: LoggedIn) -> None:
    title = 'Bücher, "quoted"\n個人情報 🔐 \\back\\slash\\n'
    FindingFactory(check_ran=CheckFactory(title=title))
    assert table(second_line.post(f"{EXPORT}?form=csv"))[0]["title"] == title
    assert lines(second_line.post(f"{EXPORT}?form=jsonl"))[0]["title"] == title


def test_a_workbook_says_what_it_is_before_its_rows(second_line: LoggedIn) -> None:
    finding = FindingFactory(severity=Severity.HIGH)
    FindingFactory(status=Status.PASS)
    content = body(second_line.post(f"{EXPORT}?form=xlsx&status=fail"))
    about = dict(sheet(content, 1))
    assert about["Filter"] == "Status: fail"
    assert (about["Rows"], about["Coverage"]) == ("1", "nothing observed")
    assert about["Exported by"] == f"{second_line.person.name} ({second_line.person.public_id})"
    head, *rows = sheet(content, 2)
    assert head[:3] == ["finding", "check", "title"]
    assert [row[0] for row in rows] == [finding.public_id]


def test_the_past_is_exported_as_it_was(second_line: LoggedIn) -> None:
    finding = FindingFactory(status=Status.FAIL, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    with at("2026-03-20"):
        answer = second_line.post(f"{EXPORT}?form=csv&as_of=2026-03-05")
        assert [row["status"] for row in table(answer)] == ["pass"]
        assert "as-of-20260305T2359Z" in answer["Content-Disposition"]


def test_an_evaluation_after_the_moment_is_not_told_of_it(second_line: LoggedIn) -> None:
    FindingFactory(since=moment("2026-03-01"), evaluated_at=moment("2026-03-15"))
    with at("2026-03-20"):
        told = [lines(second_line.post(f"{EXPORT}?form=jsonl{past}")) for past in ("", "&as_of=2026-03-10")]
    assert [row["evaluated"] for (row,) in told] == ["2026-03-15T12:00:00Z", None]


def test_a_day_in_the_filter_is_a_day_of_the_reader(log_in: LogIn) -> None:
    """20:00 UTC on 4 March is 5 March in Tokyo."""
    finding = FindingFactory(since=datetime.fromisoformat("2026-03-04T20:00+00:00"))
    FindingFactory(since=datetime.fromisoformat("2026-03-04T10:00+00:00"))
    browser = log_in(second_line=True, time_zone="Asia/Tokyo")
    assert listed(browser.get("/findings/?since=2026-03-05")) == [finding.public_id]
    told = table(browser.post(f"{EXPORT}?form=csv&since=2026-03-05"))
    assert [row["finding"] for row in told] == [finding.public_id]


def test_the_file_is_named_for_what_it_is(second_line: LoggedIn) -> None:
    FindingFactory(severity=Severity.CRITICAL)
    with at("2026-03-20"):
        answer = second_line.post(f"{EXPORT}?form=csv&severity=critical&q=../%22%0d%0aX")
        named = second_line.post(f"{EXPORT}?form=jsonl&severity=critical")["Content-Disposition"]
    person = second_line.person.public_id
    assert named == (
        f'attachment; filename="findings_as-of-20260320T1200Z_1-rows_nothing-observed_{person}_severity-critical.jsonl"'
    )
    assert answer.status_code == 200


def test_a_person_takes_away_only_what_they_see(log_in: LogIn) -> None:
    mine, theirs = SolutionFactory(name="Mine"), SolutionFactory(name="Theirs")
    shared = FindingFactory(solutions=[mine, theirs])
    FindingFactory(solutions=[theirs])
    browser = log_in(first_line=True, owns=[mine])
    (row,) = lines(browser.post(f"{EXPORT}?form=jsonl"))
    assert (row["finding"], row["solutions"]) == (shared.public_id, ["Mine"])


def test_a_person_of_two_lines_takes_away_what_they_see_through_one(log_in: LogIn) -> None:
    mine = SolutionFactory()
    finding = FindingFactory(solutions=[mine])
    FindingFactory(solutions=[SolutionFactory()])
    browser = log_in(first_line=True, second_line=True, owns=[mine])
    assert len(table(browser.post(f"{EXPORT}?form=csv"))) == 2
    assert [row["finding"] for row in table(browser.post(f"{EXPORT}?form=csv&line=first"))] == [finding.public_id]


def test_the_trail_keeps_who_took_what(second_line: LoggedIn) -> None:
    FindingFactory()
    second_line.post(f"{EXPORT}?form=csv&status=fail")
    entry = TrailEntry.objects.get(action="findings.exported")
    export = Export.objects.get()
    assert (entry.actor, entry.object_id) == (second_line.person.public_id, export.public_id)
    told = {name: entry.detail[name] for name in ("form", "filters", "query", "rows")}
    assert told == {"form": "csv", "filters": "Status: fail", "query": "status=fail", "rows": 1}


def test_asking_first_says_what_would_be_taken_and_takes_nothing(second_line: LoggedIn) -> None:
    FindingFactory.create_batch(2)
    answer = second_line.get(f"{EXPORT}?form=csv&status=fail")
    assert title(answer) == "Export 2 findings as CSV"
    assert "Status: fail" in words(answer)
    assert not Export.objects.exists()
    assert not TrailEntry.objects.filter(action="findings.exported").exists()


def test_the_explorer_offers_each_form_of_its_own_list(second_line: LoggedIn) -> None:
    FindingFactory()
    page = second_line.get("/findings/?status=fail&order=account").content.decode()
    for form in Export.Form.values:
        assert f'href="/findings/export/?status=fail&amp;order=account&amp;form={form}"' in page


def test_an_empty_list_is_no_file(second_line: LoggedIn) -> None:
    assert "/findings/export/" not in second_line.get("/findings/?status=fail").content.decode()
    answer = second_line.post(f"{EXPORT}?form=csv&status=fail")
    assert title(answer) == "There is nothing to export"
    assert not Export.objects.exists()


def test_what_cannot_be_exported_is_refused_in_words(second_line: LoggedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    FindingFactory.create_batch(3)
    monkeypatch.setattr(exporting, "MOST_IN_A_WORKBOOK", 2)
    for query, said in (
        ("form=xlsx", "A workbook holds 2 findings at most, and this list has 3. Narrow it, or take CSV instead."),
        ("form=pdf", "There is no such form"),
        ("form=csv&account=12", "This filter cannot be read"),
    ):
        for answer in (second_line.get(f"{EXPORT}?{query}"), second_line.post(f"{EXPORT}?{query}")):
            assert answer.status_code == 422
            assert said in words(answer)
    assert not Export.objects.exists()


def test_an_administrator_exports_no_findings(administrator: LoggedIn) -> None:
    assert administrator.post(f"{EXPORT}?form=csv").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_costs_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    FindingFactory.create_batch(count)
    second_line.get("/")
    with django_assert_num_queries(7):
        second_line.get(f"{EXPORT}?form=csv")
    with django_assert_num_queries(14):
        body(second_line.post(f"{EXPORT}?form=csv"))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# -- long lists ---------------------------------------------------------------------------------------------------


@pytest.fixture
def long(settings: Settings) -> None:
    """Two findings are a long list."""
    settings.EXPORT_AT_ONCE = 1


@pytest.fixture
def asked(long: None, second_line: LoggedIn) -> Export:
    FindingFactory.create_batch(3)
    second_line.post(f"{EXPORT}?form=csv")
    return Export.objects.get()


def test_a_long_list_is_a_job_with_a_page(asked: Export, second_line: LoggedIn) -> None:
    assert asked.job is not None
    assert (asked.job.kind, asked.job.subject, asked.job.requested_by) == (
        "export",
        asked.public_id,
        second_line.person,
    )
    page = second_line.get(f"/findings/exports/{asked.public_id}/")
    assert title(page) == "3 findings as CSV"
    assert "Waiting" in words(page)
    job_page = second_line.get(f"/desk/jobs/{asked.job.public_id}/").content.decode()
    assert f'href="/findings/exports/{asked.public_id}/"' in job_page
    assert "Download" not in words(page)


@pytest.mark.parametrize("form", Export.Form.values)
def test_a_worker_writes_the_file_for_its_owner(long: None, second_line: LoggedIn, log_in: LogIn, form: str) -> None:
    made = FindingFactory.create_batch(3)
    second_line.post(f"{EXPORT}?form={form}")
    export = Export.objects.get()
    tasks.make_export(export.pk)
    export.refresh_from_db()
    assert export.job is not None
    assert (export.job.state, export.rows) == (Job.State.DONE, 3)
    page = f"/findings/exports/{export.public_id}/"
    assert "Download" in words(second_line.get(page))
    content = body(second_line.get(f"{page}file/"))
    assert len(content) == export.size
    if form == Export.Form.XLSX:
        found = [row[0] for row in sheet(content, 2)[1:]]
    elif form == Export.Form.CSV:
        found = [row["finding"] for row in csv.DictReader(io.StringIO(content.decode()))]
    else:
        found = [json.loads(line)["finding"] for line in content.splitlines()]
    assert sorted(found) == sorted(ids(made))
    notice = Notice.objects.get(person=second_line.person)
    assert (notice.subject, notice.url) == (export.public_id, page)
    other = log_in(second_line=True)
    assert [other.get(address).status_code for address in (page, f"{page}file/")] == [404, 404]


def test_a_long_list_is_written_as_its_reader_sees_it(long: None, log_in: LogIn) -> None:
    mine, theirs = SolutionFactory(), SolutionFactory()
    shown = FindingFactory.create_batch(2, solutions=[mine])
    FindingFactory.create_batch(2, solutions=[theirs])
    browser = log_in(first_line=True, owns=[mine])
    browser.post(f"{EXPORT}?form=csv")
    tasks.make_export(Export.objects.get().pk)
    answer = browser.get(f"/findings/exports/{Export.objects.get().public_id}/file/")
    assert sorted(row["finding"] for row in table(answer)) == sorted(ids(shown))


def test_a_long_list_of_the_past_is_written_as_it_was(long: None, second_line: LoggedIn) -> None:
    made = FindingFactory.create_batch(2, status=Status.FAIL, since=moment("2026-03-01"))
    FindingFactory(status=Status.FAIL, since=moment("2026-03-10"))
    with at("2026-03-20"):
        second_line.post(f"{EXPORT}?form=csv&as_of=2026-03-05")
        export = Export.objects.get()
    tasks.make_export(export.pk)
    answer = second_line.get(f"/findings/exports/{export.public_id}/file/")
    assert sorted(row["finding"] for row in table(answer)) == sorted(ids(made))
    assert "as-of-20260305T2359Z_2-rows" in answer["Content-Disposition"]


def test_a_long_list_of_now_is_of_the_moment_when_it_was_read(long: None, second_line: LoggedIn) -> None:
    FindingFactory.create_batch(2)
    with at("2026-03-20"):
        second_line.post(f"{EXPORT}?form=csv")
    with at("2026-03-21"):
        FindingFactory()
        export = Export.objects.get()
        tasks.make_export(export.pk)
        answer = second_line.get(f"/findings/exports/{export.public_id}/file/")
    assert len(table(answer)) == 3
    assert "as-of-20260321T1200Z_3-rows" in answer["Content-Disposition"]


def test_a_file_is_closed_to_who_may_no_longer_see_all_of_it(long: None, log_in: LogIn) -> None:
    kept, lost = SolutionFactory(), SolutionFactory()
    FindingFactory(solutions=[kept])
    FindingFactory(solutions=[lost])
    browser = log_in(first_line=True, owns=[kept, lost])
    browser.post(f"{EXPORT}?form=csv")
    export = Export.objects.get()
    tasks.make_export(export.pk)
    file = f"/findings/exports/{export.public_id}/file/"
    assert len(table(browser.get(file))) == 2
    Grant.objects.get(person=browser.person, solution=lost).end(reason="moved", by="test")
    assert browser.get(file).status_code == 404


def test_a_file_is_made_once(asked: Export) -> None:
    tasks.make_export(asked.pk)
    before = Export.objects.values().get()
    FindingFactory()
    tasks.make_export(asked.pk)
    assert Export.objects.values().get() == before


def test_a_file_is_removed_when_its_time_is_over(asked: Export, second_line: LoggedIn) -> None:
    tasks.make_export(asked.pk)
    asked.refresh_from_db()
    name = asked.file
    tasks.look_after_exports()
    assert exporting.storage().exists(name)
    Export.objects.update(kept_until=clock.now() - timedelta(seconds=1))
    tasks.look_after_exports()
    asked.refresh_from_db()
    assert (asked.file, exporting.storage().exists(name)) == ("", False)
    page = f"/findings/exports/{asked.public_id}/"
    assert "The file is not kept any more" in words(second_line.get(page))
    assert second_line.get(f"{page}file/").status_code == 404


def test_an_export_that_nobody_makes_is_handed_out_again(asked: Export) -> None:
    assert exporting.forget_old() == []
    Export.objects.update(requested_at=clock.now() - timedelta(minutes=5))
    assert exporting.forget_old() == [asked.pk]
    tasks.make_export(asked.pk)
    assert exporting.forget_old() == []


def test_a_failed_export_says_so(asked: Export, second_line: LoggedIn, settings: Settings, tmp_path: Any) -> None:
    (tmp_path / "exports").write_text("no folder")
    tasks.make_export(asked.pk)
    job = Job.objects.get()
    assert job.state == Job.State.FAILED
    assert "Ask for it again." in job.step
    assert "Failed" in words(second_line.get(f"/findings/exports/{asked.public_id}/"))
    assert not Notice.objects.exists()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_nothing_is_left_of_a_file_that_found_no_room(
    long: None, second_line: LoggedIn, tmp_path: Path, form: str
) -> None:
    for _ in range(40):
        FindingFactory(native_id=token_hex(900), resource__name=token_hex(250), product=token_hex(100))
    second_line.post(f"{EXPORT}?form={form}")
    with room_for(32_000):
        tasks.make_export(Export.objects.get().pk)
    assert Job.objects.get().state == Job.State.FAILED
    assert list(tmp_path.glob("exports/*")) == []


# -- the API ------------------------------------------------------------------------------------------------------


def test_the_api_sends_a_short_list_and_answers_for_a_long_one(second_line: LoggedIn, settings: Settings) -> None:
    made = FindingFactory.create_batch(2)
    address = "/api/v1/findings/export/?form=jsonl&status=fail"
    assert sorted(row["finding"] for row in lines(second_line.post(address))) == sorted(ids(made))
    settings.EXPORT_AT_ONCE = 1
    answer = second_line.post(address)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["rows"], told["file"]) == ("waiting", 2, None)
    tasks.make_export(Export.key_of(told["id"]))
    told = second_line.get(f"/api/v1/exports/{told['id']}/").json()
    assert (told["state"], told["file"]) == ("done", f"/api/v1/exports/{told['id']}/file/")
    assert sorted(row["finding"] for row in lines(second_line.get(told["file"]))) == sorted(ids(made))
    assert second_line.get("/api/v1/exports/").json()["results"][0] == told


def test_the_api_refuses_by_name(second_line: LoggedIn, administrator: LoggedIn) -> None:
    answer = second_line.post("/api/v1/findings/export/?form=pdf")
    assert (answer.status_code, "There is no such form" in answer.content.decode()) == (400, True)
    assert administrator.post("/api/v1/findings/export/?form=csv").status_code == 403
    theirs = ExportFactory(requested_by=UserFactory(second_line=True))
    assert second_line.get(f"/api/v1/exports/{theirs.public_id}/").status_code == 404
