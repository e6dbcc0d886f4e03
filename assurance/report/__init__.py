"""The report of a pack: a PDF in the auditor's language, and the same as tables."""

from assurance.report.printing import render

__all__ = ["render"]
