"""Four engines on one real control plane in one answer: Argo CD, both of Flux, and OpenTofu."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import build, chain, flux, flux_scenarios, flux_seed, scenarios
from tests.cluster.build import GoMissing, is_built
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.test_drifttui import drifttui, flags
from tests.cluster.test_pauses import WHY, result, told
from tests.cluster.tofu import OpenTofu

pytestmark = pytest.mark.cluster

STACK = """
provider "kubernetes" {
  config_path    = "%s"
  config_context = "alice"
}
resource "kubernetes_config_map" "limits" {
  metadata {
    name      = "limits"
    namespace = "default"
  }
  data = { burst = "10" }
}
resource "kubernetes_config_map" "catalog" {
  metadata {
    name      = "catalog-settings"
    namespace = "shop"
  }
  data = { "page-size" = "96" }
  lifecycle { ignore_changes = [metadata] }
}
import {
  to = kubernetes_config_map.catalog
  id = "shop/catalog-settings"
}
"""


@pytest.fixture(scope="module")
def engines() -> Iterator[Cluster]:
    required = os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1"
    if os.environ.get("DRIFTTUI_CLUSTER") == "off" and not required:
        pytest.skip("switched off with DRIFTTUI_CLUSTER=off")
    try:
        if not required and not is_built((*build.ALL, *build.FLUX, *build.TOFU)):
            pytest.skip("not built: python -m tests.cluster build")
    except GoMissing as problem:
        pytest.skip(str(problem))
    with running_cluster(print) as running:
        flux.start(running, print)
        flux_seed.seed(running, print)
        yield running


@pytest.fixture(scope="module")
def session(engines: Cluster, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Real drift in each engine, and one ConfigMap of an application that a stack took over: the flags for it."""
    tofu = OpenTofu(tmp_path_factory.mktemp("tofu"))
    folder = tofu.stack("shop-limits", STACK % engines.state.kubeconfig)
    tofu.apply(folder)
    burst = '{"data":{"burst":"50"}}'
    engines.kubectl("-n", "default", "patch", "configmap", "limits", "-p", burst, context="alice")
    (folder / "main.tf").write_text((folder / "main.tf").read_text().replace('burst = "10"', 'burst = "20"'))
    scenarios.play(engines, scenarios.BY_NAME["replicas-by-hand"], confused=False)
    wanted = ("flux-image-changed", "helm-unwatched")
    for scenario in [each for each in flux_scenarios.ALL if each.name in wanted]:
        flux_scenarios.play(engines, scenario, confused=False)
    settings = tofu.folder / "settings.toml"
    settings.write_text(f'[[stack]]\nname = "shop-limits"\ndir = "{folder}"\nbinary = "{tofu.program}"\n')
    return [*flags(engines), "--config", str(settings), str(tofu.config)]


def ask(home: Path, session: list[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    *rest, config = session
    done = drifttui(home, *arguments, "--json", *rest, env={"TF_CLI_CONFIG_FILE": config})
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def scanned(session: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    return ask(tmp_path_factory.mktemp("home"), session, "scan", "--timeout", "120")


def unit(scanned: tuple[int, dict[str, Any]], name: str) -> Mapping[str, Any]:
    (found,) = [each for each in scanned[1]["units"] if each["name"] == name]
    return dict(found)


def changes(scanned: tuple[int, dict[str, Any]], name: str, resource: str) -> dict[str, Mapping[str, Any]]:
    (finding,) = [
        each
        for each in unit(scanned, name)["findings"]
        if resource in (each["resource"]["name"], each["resource"].get("address"))
    ]
    return {each["path"]: each for each in finding["changes"]}


def test_one_list_holds_drift_of_every_engine(scanned: tuple[int, dict[str, Any]]) -> None:
    code, answer = scanned
    assert code == 2
    drifting = {each["engine"] for each in answer["units"] if each["findings"]}
    assert drifting == {"argocd", "flux-kustomization", "flux-helmrelease", "opentofu"}
    assert changes(scanned, "cart", "cart")["/spec/replicas"]["actual"] == 5
    assert changes(scanned, "frontend", "frontend")
    assert unit(scanned, "mailer")["findings"]
    for each in answer["units"]:
        for finding in each["findings"]:
            paths, verdict = [one["path"] for one in finding["changes"]], finding["verdict"]
            print(each["engine"], each["name"], finding["resource"]["name"], paths, verdict["risk"], verdict["action"])


def test_three_planes_of_what_a_stack_manages_differ_as_they_do(
    scanned: tuple[int, dict[str, Any]], engines: Cluster
) -> None:
    burst = changes(scanned, "shop-limits", "kubernetes_config_map.limits")["/data/burst"]
    assert (burst["desired"], burst["recorded"], burst["actual"]) == ("20", "10", "50")
    live = engines.kube.object("/api/v1/namespaces/default/configmaps/limits") or {}
    assert live["data"] == {"burst": "50"}


def test_one_object_with_two_owners_is_told_at_both(scanned: tuple[int, dict[str, Any]]) -> None:
    _, answer = scanned
    told = {(each["unit"].split("/")[0], each["other"].split("/")[0]): each for each in answer["conflicts"]}
    print(json.dumps(answer["conflicts"], indent=1))
    assert set(told) == {("argocd", "opentofu"), ("opentofu", "argocd")}, told
    assert {each["what"] for each in told.values()} == {"ConfigMap shop/catalog-settings"}
    assert {each["how"] for each in told.values()} == {"by the same uid"}
    assert answer["summary"]["shared"] == 2
    (finding,) = unit(scanned, "catalog")["findings"]
    assert finding["verdict"]["action"] == "migrate"
    assert finding["verdict"]["auto_heal"] is False
    reason = finding["verdict"]["reasons"][-1]
    assert reason["rule"] == "owners.two"
    assert "opentofu shop-limits (kubernetes_config_map.catalog)" in reason["fact"]
    assert "OwnedTwice" in {each["type"] for each in unit(scanned, "shop-limits")["conditions"]}


@pytest.mark.parametrize(
    ("words", "engine"),
    [
        ("engine:opentofu", "opentofu"),
        ("engine:argocd is:shared", "argocd"),
        ("engine:flux-kustomization is:drift", "flux-kustomization"),
        ("engine:flux-helmrelease is:drift", "flux-helmrelease"),
    ],
)
def test_one_filter_over_all(session: list[str], tmp_path: Path, words: str, engine: str) -> None:
    code, answer = ask(tmp_path, session, "scan", "--timeout", "120", "--filter", words)
    assert code == 2
    assert {each["engine"] for each in answer["units"]} == {engine}


@pytest.mark.parametrize(("words", "code"), [("unit:calendar", 0), ("unit:sealed", 3), ("unit:shop-limits", 2)])
def test_the_exit_code_is_that_of_the_units_asked_for(
    session: list[str], tmp_path: Path, words: str, code: int
) -> None:
    """One that nothing differs in, one whose declaration is encrypted, and a stack."""
    done, answer = ask(tmp_path, session, "scan", "--timeout", "120", "--filter", words)
    assert [each["name"] for each in answer["units"]] == [words.partition(":")[2]]
    assert done == code, answer["summary"]


def test_doctor_names_every_engine_and_its_permissions(session: list[str], tmp_path: Path) -> None:
    _, answer = ask(tmp_path, session, "doctor")
    systems = {each["system"]: each["permissions"] for each in answer["sources"]}
    print({name: len(rights) for name, rights in systems.items()})
    assert {"Argo CD", "Flux", "OpenTofu and Terraform", "Kubernetes"} <= set(systems)
    assert all(rights for name, rights in systems.items() if name != "demo"), systems


@pytest.fixture(scope="module")
def chained(engines: Cluster) -> Iterator[Cluster]:
    """Last of all: other tests count what there is."""
    with chain.chained(engines):
        chain.drift(engines)
        yield engines


def test_drift_at_the_end_of_a_chain_shows_who_stands_above(chained: Cluster, tmp_path: Path) -> None:
    done = drifttui(tmp_path, "scan", "--json", "--filter", f"owner:{chain.ROOT}", *flags(chained))
    answer = json.loads(done.stdout)
    (unit,) = answer["units"]
    assert (unit["engine"], unit["name"], unit["owner"]) == ("argocd", chain.CHILD, f"Kustomization/{chain.ROOT}")
    (finding,) = unit["findings"]
    assert (finding["resource"]["kind"], finding["resource"]["name"]) == ("Deployment", chain.CHILD)
    assert [change["path"] for change in finding["changes"]] == ["/spec/template/spec/containers/0/image"]
    assert not [each for each in answer["conflicts"] if chain.CHILD in each["unit"]], (
        "one above the other is no conflict"
    )


def test_a_pause_names_the_owner_of_another_engine_that_would_undo_it(chained: Cluster, tmp_path: Path) -> None:
    asked = ("pause", chain.CHILD, *WHY, "--dry-run", "--json")
    plan = told(drifttui(tmp_path, *asked, *flags(chained)))["plans"][0]["plan"]
    (undoer,) = plan["undoers"]
    assert undoer["who"] == f"Kustomization/{chain.ROOT}"
    assert undoer["when"] == "at its next reconcile, every 10m"
    assert undoer["lever"].endswith(f"reconcile: disabled on Application/{chain.CHILD}")
    assert undoer["covered"] == 1
    alone = flags(chained)[6:]
    assert alone[0] == "--argocd-server"
    answer = told(drifttui(tmp_path, *asked, *alone))["plans"][0]
    (unread,) = answer["plan"]["undoers"]
    assert (unread["who"], unread["covered"]) == (f"Kustomization/{chain.ROOT}", 0), "0: by no write"
    assert answer["holds"] is False, "Argo CD's interface alone can neither read nor stop it"
    done = drifttui(tmp_path, "scan", "--json", "--filter", f"owner:{chain.ROOT}", *alone)
    (unit,) = json.loads(done.stdout)["units"]
    assert unit["owner"] == f"Kustomization/{chain.ROOT}", "the Application itself says so"


def test_such_a_pause_holds_and_a_pause_by_hand_does_not(chained: Cluster, tmp_path: Path) -> None:
    before = chain.automated(chained)
    by_hand = json.dumps({"spec": {"syncPolicy": {"automated": {"enabled": False}}}})
    chained.kubectl("-n", "argocd", "patch", "application", chain.CHILD, "--type=merge", "-p", by_hand, context="alice")
    chain.reconcile(chained)
    assert chain.automated(chained) == before, "Flux put it back"
    done = drifttui(tmp_path, "pause", chain.CHILD, *WHY, "--yes", "--no-wait", "--json", *flags(chained))
    assert result(done) == "written"
    chain.reconcile(chained)
    assert chain.automated(chained) == {**before, "enabled": False}
    done = drifttui(tmp_path, "resume", chain.CHILD, "--yes", "--json", *flags(chained))
    assert result(done) == "resumed"
    assert chain.automated(chained) == before
    assert "kustomize.toolkit.fluxcd.io/reconcile" not in chain.application(chained)["metadata"]["annotations"]
