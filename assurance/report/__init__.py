"""The report of a pack: a PDF in the auditor's language."""
