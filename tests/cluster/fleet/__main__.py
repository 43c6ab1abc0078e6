"""`python -m tests.cluster.fleet FILE`: the incident of `drifttui demo`, as it happens on a real control plane.

Everything in the bundle was said by a real Argo CD, Flux, OpenTofu and API server, and done by drifttui itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .bundle import packed, settled
from .story import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.fleet", description=__doc__)
    parser.add_argument("file", type=Path, help="bundle to write")
    parser.add_argument("--again", action="store_true", help="only export FILE anew, by the rules of today")
    chosen = parser.parse_args()

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if chosen.again:
        settled(chosen.file)
    else:
        play(say, lambda: packed(chosen.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
