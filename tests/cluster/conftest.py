"""One cluster for the whole session, or a clear reason why there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence

import pytest

from tests.cluster import build, flux, flux_scenarios, flux_seed
from tests.cluster.build import GoMissing, go_program, is_built
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.flux_scenarios import FluxTrail
from tests.cluster.registry import Registry
from tests.cluster.scenarios import ALL, Trail, play


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Seeded and settled. Where it cannot run or is not built, skips; with DRIFTTUI_REQUIRE_CLUSTER=1 it is built, and
    what stands against it is a failure."""
    if missing := _missing():
        if os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with running_cluster(print) as running:
        yield running


@pytest.fixture(scope="session")
def flux_cluster() -> Iterator[Cluster]:
    """One of its own with Flux instead of Argo CD, seeded: sources are found by their cluster, and other tests count
    what they find."""
    if missing := _missing(build.FLUX):
        if os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with running_cluster(print, argocd=False) as running:
        flux.start(running, print)
        flux_seed.seed(running, print)
        yield running


@pytest.fixture(scope="session")
def registry(flux_cluster: Cluster) -> Registry:
    """An OCI registry beside `flux_cluster`, which ends it. A test that stops it starts it again."""
    if missing := _missing(build.REGISTRY):
        if os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    found = Registry(flux_cluster, print)
    found.start()
    return found


@pytest.fixture(scope="session")
def flux_trails(flux_cluster: Cluster) -> dict[str, FluxTrail]:
    """All scenarios of Flux played, each once."""
    return {scenario.name: flux_scenarios.play(flux_cluster, scenario) for scenario in flux_scenarios.ALL}


@pytest.fixture(scope="session")
def trails(cluster: Cluster) -> dict[str, Trail]:
    """All played, each once. Playing waits for Argo CD's verdict and for the audit event, and fails without them."""
    return {scenario.name: play(cluster, scenario) for scenario in ALL}


def _missing(more: Sequence[build.Server] = ()) -> str | None:
    required = os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1"
    if os.environ.get("DRIFTTUI_CLUSTER") == "off" and not required:
        return "switched off with DRIFTTUI_CLUSTER=off"
    try:
        go_program()
        if not required and not is_built((*build.ALL, *more)):
            return "the real control plane is not built yet: python -m tests.cluster build"
    except GoMissing as problem:
        return str(problem)
    for program in ("git", "redis-server"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None
