"""Waits until its standard input closes, then ends the cluster of the data folder that it was given."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.cluster.processes import Processes
from tests.cluster.state import State


def main() -> None:
    data = Path(sys.argv[1])
    sys.stdin.read()
    state = State.read(data)
    if state is not None:
        Processes(data, state.processes).stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
