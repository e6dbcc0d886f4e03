"""When the largest content of a page is painted, in headless Chromium with nothing in its cache."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ASKED = 5
SCREEN = {"width": 1440, "height": 900}
LARGEST = """() => new Promise(done => {
    const told = [];
    new PerformanceObserver(list => told.push(...list.getEntries())).observe(
        {type: 'largest-contentful-paint', buffered: true});
    const ask = () => told.length ? done(told.at(-1).startTime) : requestAnimationFrame(ask);
    setTimeout(ask, 100);
})"""
"""Milliseconds from the request. Waits for paintings that come after the page has loaded."""


def painted(port: int, pages: Sequence[Mapping[str, Any]], cookies: Mapping[str, str]) -> list[dict[str, Any]]:
    """Per page the median and the slowest of its first paintings in ms, each counted anew by the portal.

    Raises RuntimeError where there is no Chromium.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise RuntimeError("A browser is missing: install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = {line: _page(browser, port, cookie) for line, cookie in cookies.items()}
        found = [_measured(opened[page["line"]], port, page["path"]) for page in pages]
        browser.close()
    return found


def _page(browser: Browser, port: int, cookie: str) -> Page:
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    context.add_cookies([{"name": "sessionid", "value": cookie, "domain": "127.0.0.1", "path": "/"}])
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return page


def _measured(page: Page, port: int, path: str) -> dict[str, float]:
    times = sorted(_times(page, f"http://127.0.0.1:{port}{path}{'&' if '?' in path else '?'}fresh="))
    return {"p50": round(statistics.median(times), 1), "slowest": round(times[-1], 1)}


def _times(page: Page, address: str) -> Iterator[float]:
    for number in range(ASKED):
        answer = page.goto(f"{address}p{number}")
        if answer is None or not answer.ok:
            raise RuntimeError(f"{address} answers {answer and answer.status}")
        yield page.evaluate(LARGEST)
