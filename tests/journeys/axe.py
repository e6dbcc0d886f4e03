"""What axe finds against WCAG 2.2 AA on the page that is open, as it is laid out and coloured at this moment."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Theme = Literal["light", "dark"]
AGREED = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The tags of axe's rules that together are WCAG 2.2 A and AA."""
REDRAWN = ("color-contrast", "link-in-text-block", "target-size")
"""The rules among them that a theme or a width can break."""
ALIKE = "tbody tr:nth-child(n+11), ol > li:nth-child(n+11), ul > li:nth-child(n+16)"
"""Rows and items that the same template made as those before them: axe takes time for each."""
RUN = """async ([include, exclude, rules]) => {
  scrollTo(0, 0);  // so that no bar that stays lies over what is read
  const found = await axe.run({include, exclude}, {runOnly: rules, resultTypes: ["violations"], preload: false});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} ${node.failureSummary}`));
}"""


def found_by_axe(page: Page, *themes: Theme, within: str = "html") -> list[str]:
    """A line for each mistake: every rule in light, what is drawn otherwise in dark. The page stays in the last theme.

    The script comes in through the developer tools, so the page's own policy, which forbids it, stays as it is.
    """
    found = []
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        rules = {"type": "tag", "values": AGREED} if theme == "light" else {"type": "rule", "values": REDRAWN}
        found += [f"{theme}: {mistake}" for mistake in page.evaluate(RUN, [within, ALIKE, rules])]
    return found
