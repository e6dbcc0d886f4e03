"""The figures as a table to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = tuple[str, ...]


def table(result: Mapping[str, Any]) -> str:
    """Markdown: a line per figure, a column per size."""
    runs = list(result["runs"])
    told = result["machine"]
    lines = [
        f"{told['cpu']}, {told['cores']} cores, {told['memory_gb']} GB, load {told['load']} at the beginning; "
        f"Python {told['python']}, commit {told['commit']}, {told['measured_at']}",
        "",
        *_table(("", *(f"{run['findings']:,} findings" for run in runs)), _figures(runs)),
        "",
        "Pages: counted anew (p50 / p95 ms) and, of homes, asked again without a change; queries; kB; "
        "largest content painted (p50 / slowest ms)",
        "",
        *_table(("", *(f"{run['findings']:,} findings" for run in runs)), _pages(runs)),
        *[line for run in runs[:1] if "risks" in run for line in _risks(run["risks"])],
        *[line for run in runs[:1] if "packs" in run for line in _packs(run["packs"])],
    ]
    return "\n".join(lines)


def _table(head: Row, rows: Iterable[Row]) -> list[str]:
    return [_line(head), _line(("---",) * len(head)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figures(runs: list[dict[str, Any]]) -> Iterable[Row]:
    def row(name: str, *path: str, unit: str = "") -> Row:
        return (name, *(f"{_at(run, path):,}{unit}" if _at(run, path) is not None else "–" for run in runs))

    yield row("first reading, findings/s", "built", "first_reading", "per_second")
    yield row("first reading, database part", "built", "first_reading", "database", unit=" s")
    yield row("unchanged sweep, findings/s", "built", "unchanged_sweep", "per_second")
    yield row("unchanged sweep, database part", "built", "unchanged_sweep", "database", unit=" s")
    yield row("days of history", "built", "history", "days")
    yield row("changes merged in them", "built", "history", "findings")
    yield row("the same, seconds", "built", "history", "seconds", unit=" s")
    yield row("peak memory of the worker", "built", "peak_mb", unit=" MB")
    yield row("database", "database_mb", unit=" MB")
    yield row("homes to eight clients, pages/s", "homes_per_second")
    yield row("the same while one change is committed a second", "homes_per_second_changing")
    yield row("two hundred sessions for a minute, pages", "crowd", "pages")
    yield row("the same, p95", "crowd", "p95", unit=" ms")
    yield row("the same, refused or failed", "crowd", "failed")
    yield row("the same, rows of others", "crowd", "rows_of_others")
    yield row("where every requirement stands, rolled up", "roll_up", "first_seconds", unit=" s")
    yield row("the same with nothing changed", "roll_up", "again_seconds", unit=" s")
    yield row("a mapping's approval on every page of frameworks", "mapping_changed", "all_seconds", unit=" s")
    yield row("export of all as CSV, rows/s", "export", "csv", "per_second")
    yield row("the same as JSON lines", "export", "jsonl", "per_second")
    yield row("export, peak memory", "export", "peak_mb", unit=" MB")
    yield row("bulk load, findings/s", "bulk", "per_second")
    yield row("the same, seconds of the client's processor", "bulk", "client_cpu", unit=" s")
    yield row("the same, of PostgreSQL's", "bulk", "database_cpu", unit=" s")
    yield row("bulk load, peak memory", "bulk", "peak_mb", unit=" MB")
    yield row("live sync through boto3, findings", "live", "findings")
    for source, name in (("security_hub", "Security Hub"), ("config", "AWS Config")):
        yield row(f"of {name}, the first time, a second", "live", "first", source, "per_second")
        yield row(f"of {name}, again", "live", "again", source, "per_second")
    for part in ("client", "database", "sandbox"):
        yield row(f"the first time, seconds of the {part}'s processor", "live", "first", f"{part}_cpu", unit=" s")
    yield row("at AWS's rates: of the permitted calls", "paced", "share", unit=" %")
    yield row("the same, calls refused", "paced", "throttles")
    yield row("from a change in AWS to the page, p50", "events", "p50_seconds", unit=" s")
    yield row("the same, p95", "events", "p95_seconds", unit=" s")
    yield row("the same, the slowest", "events", "worst_seconds", unit=" s")
    yield row("burst of events, changes/s", "events", "burst_changes_per_second")


def _risks(run: Mapping[str, Any]) -> Iterable[str]:
    head = ("", "p50 / p95 ms", "queries", "kB")
    rows = [
        (page["name"], f"{page['p50']} / {page['p95']}", str(page["queries"]), f"{page['bytes'] / 1000:.0f}")
        for page in run["pages"]
    ]
    brought = f"brought up to now in {run['refresh_s']} s, looked through again in {run['follow_dates_s']} s"
    return ["", f"A register of {run['risks']:,} risks, {brought}", "", *_table(head, rows)]


def _packs(run: Mapping[str, Any]) -> Iterable[str]:
    head = ("", "requirements", "s", "s of its processor", "of PostgreSQL's", "peak MB", "with what it starts", "MB")
    figures = ("seconds", "client_cpu", "database_cpu", "peak_mb", "together_mb", "mb")
    rows = [
        (f"{what}, {name}", str(run["requirements"][name]), *(str(told[one]) for one in figures))
        for name in run["requirements"]
        for what, told in run[name].items()
    ]
    size = f"{run['findings']:,} findings, {run['controls']:,} controls, {run['files']:,} files of evidence"
    return ["", f"Packs of {size}; the fastest run", "", *_table(head, rows)]


def _at(run: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = run
    for name in path:
        value = (value or {}).get(name)
    return value


def _pages(runs: list[dict[str, Any]]) -> Iterable[Row]:
    for number, page in enumerate(runs[0]["pages"]):
        yield (page["name"], *(_page(run["pages"][number]) for run in runs))


def _page(page: Mapping[str, Any]) -> str:
    """A dash for what was not measured."""
    timed = f"{page['p50']} / {page['p95']}" if "p50" in page else "–"
    if "again" in page and page["path"].partition("?")[0] == "/":
        timed += f" (again {page['again']['p50']} / {page['again']['p95']})"
    kilobytes = page["bytes"] // 1000 if "bytes" in page else "–"
    painted = f"{page['painted']['p50']} / {page['painted']['slowest']}" if "painted" in page else "–"
    return f"{timed}; {page['queries']}; {kilobytes}; {painted}"
