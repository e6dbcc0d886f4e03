"""What an answer may not hold, whatever was sent."""

from __future__ import annotations

from typing import Any

RAW = ("<script>alert('hostile')", '"><img src=x onerror=')
"""What was sent, as it was sent: not escaped."""


def html_of(answer: Any) -> str:
    """Read to its end, as a file that is sent is open until then; "" of what is no page."""
    content = b"".join(answer)
    return content.decode() if answer["Content-Type"].startswith("text/html") else ""
