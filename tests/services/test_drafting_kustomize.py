"""An overlay is changed where it decides, and what it builds afterwards is what runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from drifttui.core.json_patch import applied
from drifttui.services.drafting import Draft

from .clones import Drift, clone, git
from .test_drafting import DEPLOYMENT, SERVICE, changed, drafted, replace

KUBECTL = shutil.which("kubectl") or next(
    map(str, Path.home().glob(".cache/drifttui-cluster/kubernetes-*/kubectl")), ""
)  # fmt: skip
pytestmark = pytest.mark.skipif(not KUBECTL, reason="no kubectl to build an overlay with")

OVERLAY = "# production\nnamespace: pay\nresources:\n- ../../base\n"
BASE = {
    "base/kustomization.yaml": "resources:\n- api.yaml\n- svc.yaml\n",
    "base/api.yaml": DEPLOYMENT,
    "base/svc.yaml": SERVICE,
}
CONTAINERS = "/spec/template/spec/containers"


def built(folder: Path, kind: str = "Deployment") -> dict[str, Any]:
    done = subprocess.run([KUBECTL, "kustomize", str(folder / "apps/pay")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (found,) = [one for one in yaml.safe_load_all(done.stdout) if one["kind"] == kind]
    return dict(found)


def codified(tmp_path: Path, files: dict[str, str], *operations: dict[str, Any]) -> Draft:
    """What Kustomize builds is what is declared; what runs is that after `operations`, and must be built afterwards."""
    folder = clone(tmp_path / "c", files)
    desired = built(folder)
    actual = applied(desired, operations)
    found = drafted(folder, Drift(desired, actual))
    if not found.problems:
        assert built(folder) == actual
    return found


def overlay(text: str = OVERLAY, **more: str) -> dict[str, str]:
    return (
        BASE
        | {"apps/pay/kustomization.yaml": text}
        | {name.replace("__", "/") + ".yaml": body for name, body in more.items()}
    )


def test_what_is_declared_here_is_edited_here(tmp_path: Path) -> None:
    files = {"apps/pay/kustomization.yaml": "resources: [api.yaml]\n", "apps/pay/api.yaml": DEPLOYMENT}
    found = codified(tmp_path, files, replace("/spec/replicas", 9))
    assert list(found.files) == ["apps/pay/api.yaml"]
    assert changed(found) == ["-  replicas: 3  # see the autoscaler", "+  replicas: 9  # see the autoscaler"]


def test_a_base_stays_and_the_overlay_gets_one_patch(tmp_path: Path) -> None:
    found = codified(
        tmp_path,
        overlay(),
        replace("/spec/replicas", 9),
        {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "x", "c": "yes"}},
        {"op": "add", "path": f"{CONTAINERS}/1/env/-", "value": {"name": "DEBUG", "value": "ü: 1"}},
        {"op": "remove", "path": f"{CONTAINERS}/0"},
    )
    assert found.problems == ()
    assert list(found.files) == ["apps/pay/kustomization.yaml"]
    text = found.files["apps/pay/kustomization.yaml"]
    assert text.startswith(OVERLAY)
    assert len(yaml.safe_load(text)["patches"]) == 1
    assert "  patch: |\n" in text


def test_a_second_patch_stands_behind_the_first(tmp_path: Path) -> None:
    text = OVERLAY + "patches:\n- path: mine.yaml  # kept\n"
    files = overlay(text, apps__pay__mine=SERVICE.replace("ClusterIP", "NodePort"))
    found = codified(tmp_path, files, replace("/spec/replicas", 9))
    assert len(yaml.safe_load(found.files["apps/pay/kustomization.yaml"])["patches"]) == 2
    assert "- path: mine.yaml  # kept\n" in found.files["apps/pay/kustomization.yaml"]


MERGE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 4  # more than elsewhere
  template:
    spec:
      containers:
      - name: api
        args: [serve]
"""


@pytest.mark.parametrize("key", ["patches:\n- path: more.yaml\n", "patchesStrategicMerge:\n- more.yaml\n"])
def test_a_patch_file_that_sets_the_field_is_edited(tmp_path: Path, key: str) -> None:
    found = codified(
        tmp_path, overlay(OVERLAY + key, apps__pay__more=MERGE),
        replace("/spec/replicas", 9), replace(f"{CONTAINERS}/0/args", ["serve", "--slow"]),
    )  # fmt: skip
    assert found.problems == ()
    assert list(found.files) == ["apps/pay/more.yaml"]
    assert "+  replicas: 9  # more than elsewhere" in changed(found)


def test_inline_patches_that_set_the_field_are_edited(tmp_path: Path) -> None:
    inline = (
        "patches:\n- patch: |-\n    # why\n    - op: replace\n      path: /spec/replicas\n      value: 4\n"
        "  target: {kind: Deployment, name: api}\n"
        "- target: {kind: Deployment}\n  patch: |-\n    - {op: add, path: /spec/paused, value: true}\n"
    )
    found = codified(tmp_path, overlay(OVERLAY + inline), replace("/spec/replicas", 9))
    assert changed(found) == ["-      value: 4", "+      value: 9"]
    found = codified(tmp_path / "b", overlay(OVERLAY + inline), replace("/spec/paused", False))
    assert found.problems == ()
    assert len(yaml.safe_load(found.files["apps/pay/kustomization.yaml"])["patches"]) == 3


def test_a_field_that_a_patch_sets_is_taken_out_behind_it(tmp_path: Path) -> None:
    files = overlay(OVERLAY + "patches:\n- path: more.yaml\n", apps__pay__more=MERGE)
    found = codified(tmp_path, files, {"op": "remove", "path": f"{CONTAINERS}/0/args"})
    assert found.problems == ()
    assert list(found.files) == ["apps/pay/kustomization.yaml"]


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("newTag: 1.41.8", "registry.example.com/api:1.41.9"),
        ("newTag: 1.41.8", "mirror.example.com/api:1.41.9"),
        ("newTag: '1.0'", "registry.example.com/api@sha256:" + "a" * 64),
        ("digest: sha256:" + "b" * 64, "registry.example.com/api:2"),
        ("newName: mirror.example.com/x", "registry.example.com/api:3"),
    ],
)
def test_images_of_the_overlay_are_edited(tmp_path: Path, entry: str, image: str) -> None:
    text = OVERLAY + f"images:\n- name: envoy\n  newTag: '1.31'\n- name: registry.example.com/api\n  {entry}\n"
    found = codified(tmp_path, overlay(text), replace(f"{CONTAINERS}/1/image", image))
    assert found.problems == ()
    assert "for everything here that runs" in found.done[0]
    assert "patches" not in found.files["apps/pay/kustomization.yaml"]


def test_replicas_of_the_overlay_are_edited(tmp_path: Path) -> None:
    text = OVERLAY + "replicas:\n- {name: api, count: 5}\n"
    found = codified(tmp_path, overlay(text), replace("/spec/replicas", 9))
    assert changed(found) == ["-- {name: api, count: 5}", "+- {name: api, count: 9}"]


def test_prefixes_namespaces_and_bases_of_bases_are_seen_through(tmp_path: Path) -> None:
    files = overlay("namePrefix: prod-\nnamespace: pay\nresources:\n- ../mid\n")
    files["apps/mid/kustomization.yaml"] = "nameSuffix: -v1\nresources:\n- ../../base\n"
    files["base/api.yaml"] = DEPLOYMENT.replace("name: api", "name: api\n  namespace: default", 1)
    found = codified(tmp_path, files, replace("/spec/replicas", 9))
    assert found.problems == ()
    assert list(found.files) == ["apps/pay/kustomization.yaml"]


def test_what_a_component_sets_is_patched_in_the_overlay(tmp_path: Path) -> None:
    files = overlay(OVERLAY + "components:\n- ../../parts/big\n")
    files["parts/big/kustomization.yaml"] = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: more.yaml\n"
        "images:\n- {name: envoy, newTag: '1.32'}\n"
    )
    files["parts/big/more.yaml"] = MERGE
    found = codified(tmp_path, files, replace("/spec/replicas", 9), replace(f"{CONTAINERS}/0/image", "envoy:1.33"))
    assert found.problems == ()
    assert list(found.files) == ["apps/pay/kustomization.yaml"]


@pytest.mark.parametrize(
    ("more", "operation", "words"),
    [
        ("commonAnnotations: {team: pay}\n", replace("/metadata/annotations/team", "x"), "for everything in it"),
        ("labels:\n- pairs: {tier: a}\n", replace("/metadata/labels/tier", "b"), "for everything in it"),
        ("replicas:\n- {name: api, count: 5}\n", {"op": "remove", "path": "/spec/replicas"}, "by hand"),
    ],
)
def test_what_the_overlay_sets_for_everything_is_left_to_people(
    tmp_path: Path, more: str, operation: dict[str, Any], words: str
) -> None:
    found = codified(tmp_path, overlay(OVERLAY + more), operation)
    assert found.diff == ""
    assert words in found.problems[0]


def test_what_a_generator_makes_is_left_to_people(tmp_path: Path) -> None:
    text = "namespace: pay\nconfigMapGenerator:\n- name: conf\n  literals: [a=1]\n"
    folder = clone(tmp_path / "c", {"apps/pay/kustomization.yaml": text})
    desired = built(folder, "ConfigMap")
    found = drafted(folder, Drift(desired, applied(desired, [replace("/data/a", "2")])))
    assert "a generator of the Kustomization makes the object" in found.problems[0]
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("patches", ["patches: []\n", "patches:\n", "patches: [{path: mine.yaml}]\n"])
def test_patches_that_are_empty_or_in_braces_take_one_more(tmp_path: Path, patches: str) -> None:
    files = overlay(OVERLAY + patches, apps__pay__mine=SERVICE.replace("ClusterIP", "NodePort"))
    found = codified(tmp_path, files, replace("/spec/replicas", 9))
    assert found.problems == ()


def test_what_comes_behind_patches_is_told(tmp_path: Path) -> None:
    more = (
        "replacements:\n- source: {kind: Service, name: api, fieldPath: spec.type}\n"
        "  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.app]\n"
    )
    found = codified(tmp_path, overlay(OVERLAY + more), replace("/spec/replicas", 9))
    assert "replacements come later: build the overlay before merging" in found.done[0]


HERE = "resources: [api.yaml]\n"
HOSTILE = [
    "resources: [.]\n", "resources: {a: b}\n", "resources: [1, null, [x], {a: b}]\n", "- a\n", "x\n", "",
    "[" * 100_000,
    "resources: ['../..', '../../..', '/etc', 'https://x.example.com/y', \"a\\0b\"]\n",
    f"namePrefix: [1]\n{HERE}",
    f"{HERE}patches: [1, x, {{path: 5}}, {{patch: '{{{{'}}, {{patch: 3}}, {{target: 1}}, {{path: /etc/passwd}}]\n",
    f"{HERE}images: [1, {{name: 5}}]\nreplicas: [x, {{name: api, count: {{a: b}}}}]\nlabels: [1, {{pairs: 2}}]\n",
    f"{HERE}patches:\n- target: {{name: 5}}\n  patch: |-\n    - 5\n    - {{path: 5}}\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_kustomization_is_an_answer_and_no_crash(tmp_path: Path, text: str) -> None:
    """Not built: much of it is none."""
    folder = clone(tmp_path / "c", {"apps/pay/kustomization.yaml": text, "apps/pay/api.yaml": DEPLOYMENT})
    desired = yaml.safe_load(DEPLOYMENT)
    image = "registry.example.com/api:2"
    changes = [replace("/spec/replicas", 9), replace(f"{CONTAINERS}/1/image", image)]
    found = drafted(folder, Drift(desired, applied(desired, changes)))
    assert found.files or found.problems
    for body in found.files.values():
        assert "9" in body or image in body
