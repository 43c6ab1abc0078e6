"""`python -m tests.cluster build | up | down | status | seed | scenario | record`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.cluster import cluster as clusters
from tests.cluster import flux, flux_seed, recorder, scenarios
from tests.cluster.build import EVERYTHING, OPTIONAL, build_all
from tests.cluster.cluster import Cluster
from tests.cluster.seed import seed
from tests.cluster.state import default_data


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_data(), help="data folder (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build what is not in the cache yet")
    building.add_argument("--only", choices=sorted(OPTIONAL), help="one of those that are not always needed")
    up = commands.add_parser("up", help="start, or find it running, and seed it")
    up.add_argument("--no-seed", action="store_true", help="leave it without units")
    up.add_argument("--flux", action="store_true", help="with Flux and its units too, built when missing")
    commands.add_parser("down", help="stop it and remove its data")
    commands.add_parser("status", help="say what runs; exit 1 when it is not up")
    commands.add_parser("seed", help="commit the manifests and create the units")
    scenario = commands.add_parser("scenario", help="let one of these happen, or all: " + ", ".join(scenarios.BY_NAME))
    scenario.add_argument("name", choices=[*scenarios.BY_NAME, "all"], metavar="NAME")
    scenario.add_argument("--plain", action="store_true", help="without the calls that are there to mislead")
    scenario.add_argument("--undo", action="store_true", help="put it back instead, so that it can happen again")
    record = commands.add_parser("record", help="write what a cluster of its own answers, as fixtures")
    record.add_argument("--only", choices=("argocd", "flux"), help="one of the two")
    record.add_argument("--out", type=Path, default=recorder.DEFAULT_FOLDER, help="folder (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        return COMMANDS[chosen.command](chosen)
    except (RuntimeError, LookupError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _build(chosen: argparse.Namespace) -> int:
    servers = OPTIONAL[chosen.only] if chosen.only else EVERYTHING
    for name, path in build_all(_say, servers).files.items():
        print(f"{name:24} {path}")
    return 0


def _up(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    cluster = Cluster.attach(chosen.data)
    if cluster is None:
        clusters.stop(chosen.data)
        cluster = Cluster.start(chosen.data, owned=False, report=_say)
    if not chosen.no_seed and not cluster.state.seeded:
        seed(cluster, _say)
    if chosen.flux and not cluster.has_flux:
        flux.start(cluster, _say)
        if not chosen.no_seed:
            flux_seed.seed(cluster, _say)
    _say(f"up after {time.monotonic() - began:.1f} s")
    print(clusters.describe(cluster))
    print("\nTo look at it:\n")
    print(f"  {cluster.start_command()}")
    return 0


def _down(chosen: argparse.Namespace) -> int:
    left = clusters.stop(chosen.data)
    print(f"{left} processes are still there" if left else "stopped")
    return 1 if left else 0


def _status(chosen: argparse.Namespace) -> int:
    cluster = _running(chosen)
    print(clusters.describe(cluster))
    for process in cluster.processes.started:
        print(f"{process.name:36} pid {process.pid}")
    for each in cluster.argocd().applications() if cluster.state.seeded else []:
        status = each["status"]
        name = f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        print(f"{name:36} {status['sync']['status']:12} {status['health']['status']}")
    return 0


def _seed(chosen: argparse.Namespace) -> int:
    seed(_running(chosen), _say)
    return 0


def _scenario(chosen: argparse.Namespace) -> int:
    cluster = _running(chosen)
    for each in scenarios.ALL if chosen.name == "all" else [scenarios.BY_NAME[chosen.name]]:
        if chosen.undo:
            scenarios.undo(cluster, each)
            _say(f"{each.name:24} {each.unit:14} undone")
            continue
        trail = scenarios.play(cluster, each, confused=not chosen.plain)
        _say(f"{each.name:24} {each.unit:14} {trail.application['status']['sync']['status']:10} by {each.actor}")
    return 0


def _record(chosen: argparse.Namespace) -> int:
    """On a cluster of its own, so that a recording never holds what somebody tried out by hand."""
    size = 0
    if chosen.only != "flux":
        with clusters.running_cluster(_say) as cluster:
            size += recorder.record(cluster, chosen.out, _say)
    if chosen.only != "argocd":
        with clusters.running_cluster(_say, argocd=False) as cluster:
            flux.start(cluster, _say)
            flux_seed.seed(cluster, _say)
            size += recorder.flux.record(cluster, chosen.out, _say)
    print(f"{size / 1e6:.2f} MB in {chosen.out}")
    return 0


def _running(chosen: argparse.Namespace) -> Cluster:
    cluster = Cluster.attach(chosen.data)
    if cluster is None:
        raise LookupError(f"no cluster runs in {chosen.data}: python -m tests.cluster up")
    return cluster


COMMANDS = {
    "build": _build,
    "up": _up,
    "down": _down,
    "status": _status,
    "seed": _seed,
    "scenario": _scenario,
    "record": _record,
}

if __name__ == "__main__":
    sys.exit(main())
