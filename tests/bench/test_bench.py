"""The measurements themselves keep working: at a tiny size, once, asserting only that numbers come out."""

from __future__ import annotations

import json
import math
import shutil
import sys

import pytest

from tests.bench.__main__ import MEASUREMENTS, measure
from tests.bench.bench import Bench
from tests.bench.figures import Figure, table
from tests.bench.screen_model import Screen

TINY = {"runs": 1, "small": 40, "large": 100, "keys": 6, "presses": 40, "pairs": 5, "updates": 20.0, "seconds": 0.5,
        "audit_bytes": 2_000_000}  # fmt: skip


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and processor are read from /proc")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is a baseline")
@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_gives_numbers(name: str) -> None:
    with Bench(**TINY) as bench:  # type: ignore[arg-type]
        figures, failed = measure(bench, [name])
    assert not failed
    for figure in figures:
        found = figure.as_json()
        assert all(math.isfinite(found[key]) and found[key] > 0 for key in ("median", "p95", "max"))
        json.dumps(found)
    assert len(table(figures).splitlines()) == len(figures) + 1


def test_a_ratio_is_of_what_the_budget_is_about_to_the_median_of_the_baseline() -> None:
    figure = Figure("keys", "ms", (0.001, 0.002, 0.009), "frame", (0.010, 0.020, 0.010), 0.5, "p95")
    assert figure.ratio == pytest.approx(0.9)
    assert figure.met is False
    assert figure._replace(of="median").met is True
    assert figure._replace(baseline=(), budget=0.01).met is True


def test_the_screen_model_shows_what_a_terminal_would() -> None:
    screen = Screen(12, 3)
    painted = "\x1b[?1049h\x1b[2;3H\x1b[1;38;2;1;2;3mname\x1b[0m│x\x1b[1;1Htop\x1b]0;title\x07\r\nnext\x1b[K".encode()
    for byte in painted:
        screen.feed(bytes([byte]))
    assert screen.text() == "top\nnext\n"
    screen.feed(b"\x1b[3;11Hlonger than the line")
    assert screen.line(2) == " " * 10 + "lo"
