"""Where the lines and bars of a chart go. Pure: numbers in, numbers out, no markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Value = float | None
"""A measurement, or None where nothing was observed."""


@dataclass(frozen=True)
class Slice:
    """A piece of a stacked bar, in per cent of its width."""

    x: float
    width: float


def slices(amounts: Sequence[float], *, least: float = 1.0) -> list[Slice]:
    """The pieces of a stacked bar, left to right.

    least: per cent given to any amount above zero, so that one failure among thousands is seen;
    the other pieces make room for it.
    """
    total = sum(amounts)
    if total <= 0:
        return [Slice(0, 0) for _ in amounts]
    wanted = [max(amount / total * 100, least) if amount > 0 else 0.0 for amount in amounts]
    scale = 100 / sum(wanted)
    placed, x = [], 0.0
    for width in wanted:
        placed.append(Slice(round(x, 2), round(width * scale, 2)))
        x += width * scale
    return placed


def places(values: Sequence[Value], *, high: float, height: float) -> list[tuple[float, float] | None]:
    """Each value's place: x in per cent of the width, y downwards from 0 to `height`.

    high: the value at the top; zero is at the bottom.
    """
    last = max(len(values) - 1, 1)
    top = high or 1
    return [
        None if value is None else (round(index / last * 100, 2), round(height - value / top * height, 2))
        for index, value in enumerate(values)
    ]


def path(points: Sequence[tuple[float, float] | None], *, x_scale: float = 1.0) -> str:
    """The `d` of an SVG path through the points; it breaks where nothing was observed.

    A point alone between two gaps becomes a dot (a line of no length, with round ends).
    """
    commands: list[str] = []
    for run in _runs(points):
        pairs = [f"{x * x_scale:g} {y:g}" for x, y in run]
        commands.append(f"M{pairs[0]}L{' '.join(pairs[1:] or pairs)}")
    return "".join(commands)


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for point in points:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def gaps(values: Sequence[Value]) -> list[Slice]:
    """The stretches without an observation, in per cent of the width."""
    last = max(len(values) - 1, 1)
    found: list[Slice] = []
    start: int | None = None
    for index, value in enumerate([*values, 0.0]):
        if value is None and start is None:
            start = index
        elif value is not None and start is not None:
            left, right = max(start - 1, 0) / last * 100, min(index, last) / last * 100
            found.append(Slice(round(left, 2), round(right - left, 2)))
            start = None
    return found


def round_top(highest: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below `highest`: the top of an axis."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if step * factor >= highest:
                return step * factor
        step *= 10
