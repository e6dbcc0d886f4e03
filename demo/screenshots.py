"""`make screenshots`: pictures of the running demo, as each line sees it, into docs/screenshots/."""

import os
import shutil
import sys

from playwright.sync_api import Browser, sync_playwright

from demo.environment import ROOT, Choices
from demo.progress import Progress
from embedded import CannotStart

PAGES = {"home": "/", "findings": "/findings/"}


def take(browser: Browser, address: str, person: dict[str, str]) -> None:
    """The pages one person sees after logging in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/account/login/")
    page.fill("input[name=login]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")
    for name, path in PAGES.items():
        page.goto(f"{address}{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ROOT / "docs" / "screenshots" / f"{person['line']}-{name}.png")
    context.close()


def main() -> int:
    choices = Choices.of(os.environ)
    file = choices.folder / "progress.json"
    if not file.exists():
        raise CannotStart("Start the demo first: make demo")
    people = Progress.read(file).people
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise CannotStart("A browser is missing: install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for person in people:
            take(browser, f"http://127.0.0.1:{choices.port or 8000}", person)
        browser.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotStart as problem:
        sys.exit(str(problem))
