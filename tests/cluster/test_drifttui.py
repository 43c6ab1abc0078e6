"""The whole program on a real control plane: every scenario is found, with its field, its holder and its verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.scenarios import ALL, BY_NAME, Trail
from tests.test_docs import LINES

pytestmark = pytest.mark.cluster

DRIFTING = [each.name for each in ALL if each.paths]


def flags(cluster: Cluster, token: str = "operator") -> list[str]:
    """`alice` may read everything, Secrets as well."""
    state = cluster.state
    return [
        "--kubeconfig", str(state.kubeconfig), "--context", "alice", "--argocd-cluster", "alice",
        "--argocd-server", state.argocd_url, "--argocd-token-file", str(state.token_file(token)),
        "--argocd-ca-file", str(state.ca),
    ]  # fmt: skip


def drifttui(home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """As an operator with an empty home runs it."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "COLUMNS": "160", **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "drifttui", *arguments], env=surroundings, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def scanned(cluster: Cluster, trails: dict[str, Trail], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("home")
    done = drifttui(home, "scan", "--all", "--json", *flags(cluster))
    assert done.returncode == 2, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def entry(scanned: dict[str, Any], name: str) -> dict[str, Any]:
    scenario = BY_NAME[name]
    (found,) = [
        unit
        for unit in scanned["units"]
        if (unit["namespace"], unit["name"]) == (scenario.unit_namespace, scenario.unit)
    ]
    return dict(found)


def finding(scanned: dict[str, Any], name: str) -> dict[str, Any]:
    resource = BY_NAME[name].resource
    (found,) = [
        each
        for each in entry(scanned, name)["findings"]
        if (each["resource"]["kind"], each["resource"]["name"]) == (resource.kind, resource.name)
    ]
    return dict(found)


@pytest.mark.parametrize("name", DRIFTING)
def test_a_scan_finds_the_fields_that_differ_and_no_others(scanned: dict[str, Any], name: str) -> None:
    paths = {change["path"] for change in finding(scanned, name)["changes"]}
    wanted = set(BY_NAME[name].paths)
    if name == "binding-widened":
        # The list of subjects has no keys in the API; drifttui names the one that was added.
        assert paths
        assert all(path.startswith("/subjects") for path in paths)
    else:
        assert paths == wanted


@pytest.mark.parametrize("name", [name for name in DRIFTING if BY_NAME[name].manager])
def test_it_names_the_manager_that_holds_the_field(scanned: dict[str, Any], name: str) -> None:
    changes = finding(scanned, name)["changes"]
    managers = {owner["manager"] for change in changes for owner in change["owners"]}
    assert BY_NAME[name].manager in managers


@pytest.mark.parametrize("name", [each.name for each in ALL if each.hidden])
def test_what_a_rule_explains_is_hidden_and_listed(
    cluster: Cluster, trails: dict[str, Trail], name: str, tmp_path: Path
) -> None:
    scenario = BY_NAME[name]
    done = drifttui(tmp_path, "diff", scenario.unit, "--json", *flags(cluster))
    answer = json.loads(done.stdout)
    hidden = {each["path"] for each in answer["hidden"]}
    for pointer in scenario.hidden:
        assert any(path == pointer or path.startswith(f"{pointer}/") for path in hidden), pointer
    assert not set(scenario.hidden) & {each["path"] for each in answer["changes"]}


def test_a_unit_that_cannot_be_rendered_is_unknown_and_not_clean(scanned: dict[str, Any]) -> None:
    found = entry(scanned, "render-failed")
    assert found["sync"] == "Unknown"
    assert found["risk"] == "unknown"
    assert found["findings"] == []
    assert [condition["type"] for condition in found["conditions"]] == ["ComparisonError"]


def test_drift_that_argocd_calls_synced_is_found(scanned: dict[str, Any]) -> None:
    for name in ("label-applied", "sidecar-injected"):
        assert entry(scanned, name)["sync"] == "Synced"
        assert finding(scanned, name)["changes"]


def test_an_autoscaler_is_no_alarm_and_an_unknown_hand_is_no_culprit(scanned: dict[str, Any]) -> None:
    assert finding(scanned, "replicas-by-autoscaler")["verdict"]["drift_class"] == "controller-owned"
    by_hand = finding(scanned, "image-changed")["verdict"]
    assert by_hand["drift_class"] == "unknown"
    assert by_hand["risk"] in ("medium", "high", "critical")
    assert by_hand["auto_heal"] is False


def test_no_secret_value_leaves_the_sources(cluster: Cluster, scanned: dict[str, Any]) -> None:
    text = json.dumps(scanned)
    assert "example-key" not in text
    assert "ZXhhbXBsZS1rZX" not in text, "nor in base64"


def test_owners_above_a_unit_are_named(scanned: dict[str, Any]) -> None:
    assert entry(scanned, "generated-child")["owner"].startswith("ApplicationSet/")
    assert entry(scanned, "nested-child")["owner"].startswith("Application/")
    assert entry(scanned, "healed")["reverts_after_seconds"] == 5.0


def test_findings_keep_their_ids_across_restarts(cluster: Cluster, trails: dict[str, Trail], tmp_path: Path) -> None:
    first, second = (json.loads(drifttui(tmp_path, "scan", "--json", *flags(cluster)).stdout) for _ in range(2))
    ids = [{each["id"] for unit in answer["units"] for each in unit["findings"]} for answer in (first, second)]
    assert ids[0]
    assert ids[0] == ids[1]


def test_without_a_token_the_same_units_are_there_and_git_is_unknown(
    cluster: Cluster, trails: dict[str, Trail], tmp_path: Path
) -> None:
    state = cluster.state
    done = drifttui(
        tmp_path,
        *("scan", "checkout", "--json", "--argocd-crd"),
        *("--kubeconfig", str(state.kubeconfig), "--context", "alice"),
    )
    (unit,) = json.loads(done.stdout)["units"]
    (found,) = unit["findings"]
    assert [change["path"] for change in found["changes"]] == list(BY_NAME["image-changed"].paths)
    assert "desired" not in found["changes"][0]
    assert any("token" in gap for gap in unit["gaps"])


def test_a_dead_cluster_is_one_line_and_the_rest_is_there(
    cluster: Cluster, trails: dict[str, Trail], tmp_path: Path
) -> None:
    done = drifttui(tmp_path, "doctor", *flags(cluster), "--context", "unreachable")
    assert done.returncode == 3
    assert "kubernetes:unreachable" in done.stdout
    assert "connection refused" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line", sorted({line for _, line in LINES if line.startswith(("drifttui doctor", "drifttui scan"))})
)
def test_documented_commands_on_live_systems_run(
    cluster: Cluster, trails: dict[str, Trail], tmp_path: Path, line: str
) -> None:
    """With the control plane given by the environment, as an operator's shell would."""
    import shlex

    words = shlex.split(line)[1:]
    if any(word.isupper() and len(word) > 2 for word in words) or "--plan" in words or "--state" in words:
        pytest.skip("a pattern, or a command on files")
    token = cluster.state.token_file("operator").read_text().strip()
    env = {
        "ARGOCD_SERVER": cluster.state.argocd_url,
        "ARGOCD_AUTH_TOKEN": token,
        "KUBECONFIG": str(cluster.state.kubeconfig),
        "SSL_CERT_FILE": str(cluster.state.ca),
    }
    done = drifttui(tmp_path, *words, "--context", "alice", env=env)
    assert done.returncode in (0, 2, 3), done.stderr
    assert done.stdout
    assert token not in done.stdout + done.stderr
