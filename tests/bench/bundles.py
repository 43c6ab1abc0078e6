"""Verifying a bundle beside `sha256sum` of the same bytes: what it holds, uncompressed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from time import perf_counter

from drifttui.services.verify import Outcome, verify
from drifttui.store.bundle_file import entries, open_bundle
from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.pty_harness import Failed
from tests.evidence import bundles

TIMES = 16
"""The observations of the demo so many times over: some 200 MB."""


def verified(bench: Bench) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="drifttui-bench-") as folder:
        body = _observations() * TIMES
        plain = Path(folder) / "observations.jsonl"
        plain.write_bytes(body)
        bundle = bundles.write(Path(folder) / "b.tar.gz", bundles.parts(bundles.files() | {"observations.jsonl": body}))
        ours, theirs = [], []
        for _ in range(bench.runs):
            begun = perf_counter()
            subprocess.run(["sha256sum", str(plain)], stdout=subprocess.DEVNULL, check=True)
            theirs.append(perf_counter() - begun)
            begun = perf_counter()
            found = verify(bundle)
            ours.append(perf_counter() - begun)
            if found.outcome is not Outcome.UNSIGNED:
                raise Failed(f"the bundle does not verify: {found.words}")
        name = f"verify a bundle of {len(body) / 1e6:.0f} MB"
        yield Figure(name, "ms", tuple(ours), "sha256sum of the same bytes", tuple(theirs), 1.5)


def _observations() -> bytes:
    with as_file(files("drifttui") / "assets" / "demo.tar.gz") as path, open_bundle(path) as file:
        for entry in entries(file):
            if entry.name == "observations.jsonl":
                return b"".join(entry.chunks)
    raise Failed("the demo holds no observations")
