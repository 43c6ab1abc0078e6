"""One measured figure beside its baseline and its budget, and the table of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Of = Literal["median", "p95", "max"]

SCALE: Mapping[str, float] = {"ms": 1000.0, "MB": 1.0, "%": 100.0, "KB": 1 / 1024, "/s": 1.0}
"""Samples are in seconds, MB, parts of one, bytes; the table shows them in these units."""


def quantile(samples: Sequence[float], part: float) -> float:
    """Nearest rank: always a value that was measured."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(part * len(ranked)) - 1)]


class Figure(NamedTuple):
    name: str
    unit: str
    samples: tuple[float, ...]
    baseline_name: str = ""
    baseline: tuple[float, ...] = ()
    budget: float | None = None
    """Times the baseline; without a baseline in the samples' own unit."""
    of: Of = "median"
    """What the budget is about. The baseline is always taken at its median."""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def p95(self) -> float:
        return quantile(self.samples, 0.95)

    @property
    def judged(self) -> float:
        return {"median": self.median, "p95": self.p95, "max": max(self.samples)}[self.of]

    @property
    def ratio(self) -> float | None:
        return self.judged / statistics.median(self.baseline) if self.baseline else None

    @property
    def met(self) -> bool | None:
        """None where there is no budget: the figure is there to be read."""
        if self.budget is None:
            return None
        return (self.judged if self.ratio is None else self.ratio) <= self.budget

    def as_json(self) -> dict[str, Any]:
        scale = SCALE[self.unit]
        return {
            "name": self.name,
            "unit": self.unit,
            "median": round(self.median * scale, 3),
            "p95": round(self.p95 * scale, 3),
            "max": round(max(self.samples) * scale, 3),
            "samples": len(self.samples),
            "baseline": self.baseline_name,
            "baseline_median": round(statistics.median(self.baseline) * scale, 3) if self.baseline else None,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "budget": self.budget if self.baseline or self.budget is None else self.budget * scale,
            "of": self.of,
            "met": self.met,
            "note": self.note,
        }


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(figure: Figure) -> tuple[str, ...]:
    scale, budget = SCALE[figure.unit], ""
    if figure.budget is not None:
        shown = f"{figure.budget:g}×" if figure.baseline else f"{_number(figure.budget * scale)} {figure.unit}"
        budget = f"≤ {shown}" + ("" if figure.of == "median" else f" ({figure.of})")
    base = ""
    if figure.baseline:
        base = f"{figure.baseline_name} {_number(statistics.median(figure.baseline) * scale)}"
    return (
        figure.name,
        f"{_number(figure.median * scale)} {figure.unit}",
        _number(figure.p95 * scale),
        base,
        "" if figure.ratio is None else f"{figure.ratio:.2f}×",
        budget,
        {True: "met", False: "MISSED", None: ""}[figure.met],
        figure.note,
    )


HEAD = ("what", "median", "p95", "baseline", "ratio", "budget", "", "")


def table(figures: Iterable[Figure]) -> str:
    lines = [HEAD, *(_line(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
