"""Levels of failing findings and of risks on the matrix in force: looked up, and carried from version to version."""

from __future__ import annotations

from datetime import datetime

from findings.models import Severity
from risks.models import Matrix, Risk


def reads_as(level: int, matrix: Matrix, later: Matrix) -> int | None:
    """What a level of one version reads as in the same or a later one; None where no chain of versions leads there."""
    chain = [later]
    while chain[-1].pk != matrix.pk:
        before = chain[-1].follows
        if before is None:
            return None
        chain.append(before)
    for step in reversed(chain[:-1]):
        level = step.carried[level]
    return level


def level_of_severity(matrix: Matrix, severity: int | None) -> int | None:
    """None where nothing fails."""
    return None if severity is None else int(matrix.by_severity[severity])


def level_now(matrix: Matrix, risk: Risk | None, severity: int | None) -> int | None:
    """The risk's current level where one is named, else that of the worst severity of what fails."""
    return risk.current if risk else level_of_severity(matrix, severity)


def in_words(matrix: Matrix, severity: int | None) -> str:
    """The worst severity, and the level that it stands for."""
    level = level_of_severity(matrix, severity)
    return "" if level is None or severity is None else f"{Severity(severity).label}: {matrix.label(level)}"


def matrix_at(at: datetime) -> Matrix | None:
    return Matrix.objects.in_force(at)
