"""The build's promises that need neither Go nor a cluster to be checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cluster import build, conftest


def test_every_pinned_module_is_in_its_go_mod() -> None:
    versions = {server.folder: server.version for server in build.EVERYTHING}
    assert all(version.startswith("v") for version in versions.values())


def test_every_staging_module_is_the_release_of_its_kubernetes() -> None:
    server = next(each for each in build.ALL if each.folder == "kubernetes")
    expected = "v0." + server.version.removeprefix("v1.")
    replaced = [line.split() for line in server.go_mod.splitlines() if " => " in line]
    assert len(replaced) > 25
    assert {version for *_, version in replaced} == {expected}


def test_argocd_and_its_engine_are_one_commit() -> None:
    """gitops-engine is released with Argo CD but without a tag: the stamp must come from its pseudo-version."""
    server = next(each for each in build.ALL if each.folder == "argocd")
    stamps = server.stamps(server.version, server.go_mod)
    assert len(stamps["github.com/argoproj/argo-cd/v3/common.gitCommit"]) == 12


def test_the_controllers_of_flux_are_of_one_release() -> None:
    """2.9.5 but for notification-controller 1.9.4, which the module proxy does not have."""
    server = build.FLUX[0]
    assert server.version == "v1.9.5"
    for module, version in (("source", "v1.9.5"), ("helm", "v1.6.4"), ("notification", "v1.9.3")):
        assert f"github.com/fluxcd/{module}-controller {version}" in server.go_mod


def test_the_cache_is_outside_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DRIFTTUI_CLUSTER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.cache_folder() == tmp_path / "drifttui-cluster"
    monkeypatch.setenv("DRIFTTUI_CLUSTER_CACHE", str(tmp_path / "elsewhere"))
    assert build.cache_folder() == tmp_path / "elsewhere"


def test_a_failed_build_leaves_nothing_to_reuse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def half(_server: build.Server, _go: str, into: Path) -> None:
        (into / "etcd").write_text("the first half of a program")
        raise build.BuildFailed("no space left on device")

    monkeypatch.setenv("DRIFTTUI_CLUSTER_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "go_program", lambda: "go")
    monkeypatch.setattr(build, "_key", lambda server, go: "0")
    monkeypatch.setattr(build, "_compile", half)
    with pytest.raises(build.BuildFailed):
        build.build_all()
    assert [each.name for each in tmp_path.iterdir()] == ["etcd.lock"]


def test_without_go_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_program: str, **_: object) -> None:
        return None

    monkeypatch.delenv("DRIFTTUI_CLUSTER", raising=False)
    monkeypatch.setattr(shutil, "which", nothing)
    reason = conftest._missing()
    assert reason is not None
    assert "install Go" in reason
