"""Security Hub CSPM: what is written back to findings, and nothing else: their workflow, with a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from findings.aws import Service

AT_ONCE = 100
LONGEST_NOTE = 512
"""Characters. Source: the API's own reference of NoteUpdate."""
SIGNED = "compliance-portal"
PASSING = {"ConcurrentUpdateError", "InternalFailure", "InternalException", "LimitExceededException", "Throttling"}
"""Codes that say nothing against asking again."""

Identifier = tuple[str, str]
"""ProductArn and Id."""


@dataclass(frozen=True)
class Unprocessed:
    """A finding that AWS did not update, in its words. passes: it may take it at another time."""

    identifier: Identifier
    code: str
    words: str

    @property
    def passes(self) -> bool:
        return self.code in PASSING


def update_workflow(hub: Service, findings: Sequence[Identifier], workflow: str, note: str) -> Iterator[Unprocessed]:
    """Give findings a workflow status and a note; yields those that AWS did not process. The same again is harmless.

    Source: securityhub:BatchUpdateFindings, 100 at a time. UpdatedAt stays as it is. Raises ClientError.
    """
    for begin in range(0, len(findings), AT_ONCE):
        answer = hub.call(
            "batch_update_findings",
            FindingIdentifiers=[{"ProductArn": arn, "Id": one} for arn, one in findings[begin : begin + AT_ONCE]],
            Workflow={"Status": workflow},
            Note={"Text": note[:LONGEST_NOTE], "UpdatedBy": SIGNED},
        )
        for row in answer.get("UnprocessedFindings") or ():
            identifier = row["FindingIdentifier"]
            code = str(row.get("ErrorCode", ""))
            told = str(row.get("ErrorMessage") or code)
            yield Unprocessed((identifier["ProductArn"], identifier["Id"]), code, told)
