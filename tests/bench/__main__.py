"""Speed and memory beside named baselines: `python -m tests.bench [NAME…] [--runs 5] [--json]`.

Absolute figures belong to the machine and its other work; ratios are what counts. Exits 1 where a figure could not be
measured, 0 otherwise: a missed budget is news, not a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from tests.bench import audit_logs, bundles, keys, lists, sessions, starts
from tests.bench.bench import Bench, Measurement
from tests.bench.figures import Figure, table
from tests.bench.pty_harness import Failed
from tests.bench.subject import compile_bytecode

MEASUREMENTS: Mapping[str, Measurement] = {
    "first-frame": starts.first_frame,
    "cache": starts.cached,
    "live-small": starts.live_small,
    "live-large": starts.live_large,
    "cursor": keys.cursor,
    "under-load": keys.under_load,
    "filter": lists.filter_rows,
    "sort": lists.sort_rows,
    "diff-open": lists.open_diff,
    "diff-pairs": lists.pairs,
    "memory": sessions.memory,
    "memory-growth": sessions.growth,
    "cpu": sessions.cpu,
    "bytes": keys.bytes_written,
    "audit": audit_logs.audit_search,
    "verify": bundles.verified,
}


def machine() -> str:
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "httpx", "msgspec"))
    return f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {packages}"


def measure(bench: Bench, names: Sequence[str]) -> tuple[list[Figure], dict[str, str]]:
    """Figures, and for each measurement that could not be made why."""
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in names:
        print(f"… {name}", file=sys.stderr, flush=True)
        try:
            figures += MEASUREMENTS[name](bench)
        except Failed as error:
            failed[name] = str(error)
    return figures, failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)} (default: all)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--audit-mb", type=int, default=200, metavar="MB", help="size of the audit log that is searched (default: 200)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in MEASUREMENTS]:
        parser.error(f"no measurement {unknown[0]}")
    compiled, before = compile_bytecode(), machine()
    with Bench(runs=options.runs, audit_bytes=options.audit_mb * 1_000_000) as bench:
        figures, failed = measure(bench, options.names or list(MEASUREMENTS))
    if options.json:
        document = {
            "schema": "drifttui.bench/1",
            "machine": before,
            "bytecode": compiled,
            "runs": options.runs,
            "figures": [figure.as_json() for figure in figures],
            "failed": failed,
        }
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        print(f"{before}\n{compiled}\n{options.runs} runs, in a pty; medians, and p95 by nearest rank\n")
        print(table(figures))
    for name, why in failed.items():
        print(f"\nnot measured: {name}: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
