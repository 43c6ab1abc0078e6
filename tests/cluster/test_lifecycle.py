"""What a person can count on: it is up, it is real, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster import cluster as clusters
from tests.cluster.cluster import Cluster
from tests.cluster.processes import Processes, marked
from tests.cluster.seed import UNITS
from tests.cluster.state import State

pytestmark = pytest.mark.cluster


def test_every_unit_is_there(cluster: Cluster) -> None:
    assert len(cluster.argocd().applications()) == UNITS


def test_both_servers_report_the_pinned_versions(cluster: Cluster) -> None:
    versions = cluster.state.versions
    assert cluster.kube.get("/version").json()["gitVersion"] == versions["kubernetes"]
    assert cluster.argocd().get("/api/version").json()["Version"].partition("+")[0] == versions["argocd"]


def test_the_broken_context_is_broken(cluster: Cluster) -> None:
    done = cluster.kubectl("--context", "unreachable", "get", "pods", context="unreachable", check=False)
    assert done.returncode != 0
    assert "refused" in done.stderr


def test_a_readonly_token_may_not_sync_and_a_newcomer_may_not_write(cluster: Cluster) -> None:
    answer = cluster.argocd("drifttui-readonly").client.post("/api/v1/applications/cart/sync", json={"name": "cart"})
    assert answer.status_code == 403
    refused = cluster.kubectl(
        "-n", "shop", "scale", "deployment/checkout", "--replicas=1", context="newcomer-dave", check=False
    )
    assert "forbidden" in refused.stderr


def test_servers_listen_on_loopback_only(cluster: Cluster) -> None:
    """All but the metrics page of Argo CD's application controller, whose address is compiled in."""
    ours = {port: name for name, port in cluster.state.ports.items()}
    exposed = {ours[port] for address, port in _listening() if port in ours and address not in {"0100007F", "::1"}}
    assert exposed <= {"controller-metrics"}


@pytest.mark.slow
def test_a_killed_owner_takes_its_cluster_with_it(cluster: Cluster, tmp_path: Path) -> None:
    """Not even SIGKILL leaves a server behind: the watchdog sees its pipe close."""
    data = tmp_path / "owned"
    program = (
        "import sys, time; from pathlib import Path; from tests.cluster.cluster import Cluster;"
        "Cluster.start(Path(sys.argv[1]), owned=True); print('up', flush=True); time.sleep(600)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(data)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as owner:
        try:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "up\n"
            state = State.read(data)
            assert state is not None
            assert len(state.processes) == 11
            assert all(Processes(data, state.processes).alive(each) for each in state.processes)
        finally:
            os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while (marked(data) or data.exists()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert marked(data) == []
    assert not data.exists()


@pytest.mark.slow
def test_up_is_found_again_and_down_leaves_no_process(cluster: Cluster, tmp_path: Path) -> None:
    """The fixture's cluster runs all the while: two clusters share neither ports nor folders."""
    data = tmp_path / "kept"
    first = Cluster.start(data, owned=False)
    again = Cluster.attach(data)
    assert again is not None
    assert again.state.processes == first.state.processes
    again.stop()
    first.stop()
    assert marked(data) == []
    assert Cluster.attach(data) is None
    assert clusters.stop(data) == 0
    cluster.processes.check()


def test_a_folder_with_something_else_in_it_is_left_alone(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError):
        Cluster.start(tmp_path, owned=False)
    assert clusters.stop(tmp_path) == 0
    assert (tmp_path / "thesis.tex").exists()


def _listening() -> set[tuple[str, int]]:
    """Hexadecimal address and port of every listening socket."""
    found = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == "0A":
                address, port = fields[1].split(":")
                found.add((address, int(port, 16)))
    return found
