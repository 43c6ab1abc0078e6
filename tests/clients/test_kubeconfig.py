"""What an operator's kubeconfig files come to, and what one broken entry costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drifttui.clients.kubeconfig import (
    BrokenContext,
    KubeContext,
    in_cluster,
    kubeconfig_files,
    load,
)


def kubeconfig(*names: str, **extra: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": f"{n}-cluster", "cluster": {"server": f"https://{n}.example:6443/"}} for n in names],
        "users": [{"name": f"{n}-user", "user": {"token": f"{n}-token"}} for n in names],
        "contexts": [{"name": n, "context": {"cluster": f"{n}-cluster", "user": f"{n}-user"}} for n in names],
        **extra,
    }


def written(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def good(contexts: tuple[KubeContext | BrokenContext, ...]) -> dict[str, KubeContext]:
    return {c.name: c for c in contexts if isinstance(c, KubeContext)}


def broken(contexts: tuple[KubeContext | BrokenContext, ...]) -> dict[str, str]:
    return {c.name: c.error.one_line() for c in contexts if isinstance(c, BrokenContext)}


def test_several_files_are_merged_and_the_first_one_wins(tmp_path: Path) -> None:
    first = written(tmp_path / "a", kubeconfig("prod", "stage", **{"current-context": "stage"}))
    other = kubeconfig("prod", "dev", **{"current-context": "dev"})
    other["clusters"][0]["cluster"]["server"] = "https://elsewhere.example"
    second = written(tmp_path / "b", other)
    found = load([first, second])
    assert list(good(found.contexts)) == ["prod", "stage", "dev"]
    assert good(found.contexts)["prod"].server == "https://prod.example:6443"
    assert found.current == "stage"


def test_a_context_may_take_its_user_from_another_file(tmp_path: Path) -> None:
    users = kubeconfig("prod")
    contexts = {**users, "users": []}
    first = written(tmp_path / "contexts", contexts)
    (tmp_path / "sub").mkdir()
    users = {"users": [{"name": "prod-user", "user": {"tokenFile": "tokens/prod"}}]}
    second = written(tmp_path / "sub" / "users", users)
    context = good(load([first, second]).contexts)["prod"]
    assert context.user["tokenFile"] == str(tmp_path / "sub" / "tokens" / "prod")
    assert context.folder == tmp_path / "sub"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: d["contexts"][0]["context"].update(cluster="gone"), "its cluster gone is not defined"),
        (lambda d: d["contexts"][0]["context"].update(user="gone"), "its user gone is not defined"),
        (lambda d: d["contexts"][0]["context"].pop("cluster"), "it names no cluster"),
        (lambda d: d["contexts"][0].update(context=None), "the entry is empty"),
        (lambda d: d["clusters"][0]["cluster"].pop("server"), "no server address"),
        (lambda d: d["clusters"][0]["cluster"].update(server="prod.example"), "no server address"),
        (lambda d: d["clusters"][0].update(cluster="text"), "its cluster is no mapping"),
        (lambda d: d["users"][0].update(user=["token"]), "its user is no mapping"),
    ],
)
def test_one_broken_context_costs_only_itself(tmp_path: Path, spoil: Any, says: str) -> None:
    document = kubeconfig("prod", "stage")
    spoil(document)
    file = written(tmp_path / "config", document)
    found = load([file])
    assert list(good(found.contexts)) == ["stage"]
    line = broken(found.contexts)["prod"]
    assert says in line
    assert str(file) in line
    assert "delete-context" in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clusters: [\ntoken: s3cret", "not valid YAML in line "),
        ("- a\n- b\n", "the top level is no mapping"),
        ("a: \x00", "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_read_costs_only_its_own_contexts(tmp_path: Path, text: str, says: str) -> None:
    bad = written(tmp_path / "bad", text)
    fine = written(tmp_path / "fine", kubeconfig("prod"))
    found = load([bad, fine])
    assert list(good(found.contexts)) == ["prod"]
    line = broken(found.contexts)[str(bad)]
    assert says in line
    assert "s3cret" not in line


def test_entries_of_the_wrong_shape_are_passed_over(tmp_path: Path) -> None:
    document = kubeconfig("prod")
    document["contexts"] += [None, "text", {"name": 7}, {"context": {}}]
    document["users"] = {"a": "mapping"}
    document["contexts"][0]["context"].pop("user")
    assert list(good(load([written(tmp_path / "config", document)]).contexts)) == ["prod"]


def test_a_missing_file_is_an_error_only_when_it_was_asked_for(tmp_path: Path) -> None:
    assert load([tmp_path / "none"]).contexts == ()
    assert "there is no such file" in broken(load([tmp_path / "none"], required=True).contexts)[str(tmp_path / "none")]


def test_an_empty_file_has_no_contexts(tmp_path: Path) -> None:
    assert load([written(tmp_path / "config", "")]).contexts == ()


def test_a_name_with_escapes_is_told_without_them(tmp_path: Path) -> None:
    document = kubeconfig("prod")
    document["contexts"] = [{"name": "\x1b[31mred\x1b]0;x\x07", "context": {}}]
    found = load([written(tmp_path / "config", document)])
    (line,) = broken(found.contexts).values()
    assert "\x1b" not in line
    assert "\x07" not in line


def test_a_context_never_prints_its_token(tmp_path: Path) -> None:
    context = good(load([written(tmp_path / "config", kubeconfig("prod"))]).contexts)["prod"]
    assert "prod-token" not in repr(context)


def test_which_files_are_read(tmp_path: Path) -> None:
    home = {"HOME": "/home/op"}
    assert kubeconfig_files(None, home) == [Path("/home/op/.kube/config")]
    assert kubeconfig_files(None, {**home, "KUBECONFIG": "/a::/b:/a"}) == [Path("/a"), Path("/b")]
    assert kubeconfig_files(tmp_path, {"KUBECONFIG": "/a"}) == [tmp_path]


def test_a_pod_finds_its_own_cluster(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert in_cluster(environment, tmp_path) is None
    (tmp_path / "token").write_text("t")
    context = in_cluster(environment, tmp_path)
    assert context is not None
    assert context.server == "https://[fd00::1]:443"
    assert in_cluster({}, tmp_path) is None
