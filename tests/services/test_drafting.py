"""What runs becomes a patch of a real clone: it applies, it changes that field alone, what cannot be told is said."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from drifttui.core.errors import InputError
from drifttui.core.json_patch import applied
from drifttui.services.drafting import Draft, draft

from .clones import Drift, clone, git

DEPLOYMENT = """\
# The API of team payments.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  labels: {app: api}
spec:
  replicas: 3  # see the autoscaler
  selector:
    matchLabels: {app: api}
  template:
    metadata:
      labels: {app: api}
    spec:
      containers:
      - name: proxy
        image: envoy:1.30
      # the api itself
      - name: api
        image: "registry.example.com/api:1.41.8"
        args: [serve, --fast]
        env:
        - {name: LEVEL, value: info}
        volumeMounts:
        - {name: data, mountPath: /a}
        - {name: data, mountPath: /b}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  type: ClusterIP\n"
IMAGE = "/spec/template/spec/containers/1/image"


def document(text: str = DEPLOYMENT, namespace: str = "pay") -> dict[str, Any]:
    found: dict[str, Any] = next(yaml.safe_load_all(text))
    found["metadata"]["namespace"] = namespace
    return found


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def drift(*operations: dict[str, Any], text: str = DEPLOYMENT) -> Drift:
    desired = document(text)
    return Drift(desired, applied(copy.deepcopy(desired), operations))


def drafted(folder: Path, made: Drift, path: str = "apps/pay") -> Draft:
    """The draft, after Git itself took its patch."""
    found = draft(made.finding, made.planes, folder, path)
    assert git(folder, "status", "--porcelain") == ""
    if found.diff:
        git(folder, "apply", "--check", "-", stdin=found.diff)
        git(folder, "apply", "-", stdin=found.diff)
        for name, text in found.files.items():
            assert (folder / name).read_bytes().decode() == text
            assert git(folder, "show", f"HEAD:{name}") == found.before[name]
        assert sorted(git(folder, "diff", "--name-only", "-z").split("\0")[:-1]) == sorted(found.files)
    return found


def changed(found: Draft) -> list[str]:
    return [line for line in found.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_plain_manifests_change_by_the_one_line(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/all.yaml": f"{SERVICE}---\n{DEPLOYMENT}", "apps/pay/README.md": "x"})
    found = drafted(folder, drift(replace("/spec/replicas", 9)))
    assert changed(found) == ["-  replicas: 3  # see the autoscaler", "+  replicas: 9  # see the autoscaler"]
    assert (found.done, found.problems) == (("apps/pay/all.yaml: /spec/replicas = 9",), ())


def test_several_fields_of_several_kinds_come_into_one_patch(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/api.yaml": DEPLOYMENT})
    containers = "/spec/template/spec/containers"
    made = drift(
        replace(f"{containers}/1/image", "registry.example.com/api:1.41.9"),
        {"op": "add", "path": f"{containers}/1/env/-", "value": {"name": "DEBUG", "value": "true"}},
        {"op": "add", "path": f"{containers}/1/volumeMounts/1/readOnly", "value": True},
        replace(f"{containers}/1/args", ["serve", "--slow", "--log"]),
        {"op": "add", "path": "/metadata/annotations", "value": {"team": "pay"}},
        {"op": "remove", "path": f"{containers}/0"},
    )
    found = drafted(folder, made)
    assert found.problems == ()
    after = yaml.safe_load(found.files["apps/pay/api.yaml"])
    assert made.actual is not None
    del made.actual["metadata"]["namespace"]
    assert after == made.actual
    assert "# the api itself" in found.files["apps/pay/api.yaml"]


def test_an_injected_container_does_not_shift_what_is_edited(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/api.yaml": DEPLOYMENT})
    containers = "/spec/template/spec/containers"
    made = drift(
        {"op": "add", "path": f"{containers}/0", "value": {"name": "mesh", "image": "mesh:1"}},
        replace(f"{containers}/2/image", "registry.example.com/api:1.41.9"),
        {"op": "remove", "path": f"{containers}/1"},
    )
    found = drafted(folder, made)
    names = {
        one["name"]: one["image"]
        for one in yaml.safe_load(found.files["apps/pay/api.yaml"])["spec"]["template"]["spec"]["containers"]
    }
    assert names == {"api": "registry.example.com/api:1.41.9", "mesh": "mesh:1"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"apps/pay/other.yaml": SERVICE}, "no manifest under apps/pay declares it"),
        ({"apps/pay/a.yaml": DEPLOYMENT, "apps/pay/b.yaml": DEPLOYMENT}, "several manifests declare it: apps"),
        ({"apps/pay/a.yaml": DEPLOYMENT.replace("kind:", "kind: &k"), "apps/pay/b.yaml": SERVICE + "x: *y\n"}, ""),
        ({"apps/pay/a.yaml": DEPLOYMENT + "x: &x 1\ny: *x\n"}, "it uses anchors"),
        ({"apps/pay/a.yaml": DEPLOYMENT.replace("replicas: 3", "replicas: ${COUNT}")}, "a variable stands there"),
        ({"apps/pay/a.yaml": DEPLOYMENT.replace("replicas: 3", "replicas: 9")}, "says so already"),
        ({"apps/pay/a.yaml": DEPLOYMENT + "x: [1\n"}, "not readable: apps/pay/a.yaml: it is no YAML"),
        ({"apps/pay/a.yaml": "# Deployment api\n" + "[" * 100_000}, "nested too deep"),
        ({"apps/pay/a.yaml": DEPLOYMENT.replace("apps/v1", "extensions/v1")}, "no manifest"),
        ({"apps/pay/a.yaml": DEPLOYMENT.replace("name: api", "name: api\n  namespace: else", 1)}, "no manifest"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said(tmp_path: Path, files: dict[str, str], words: str) -> None:
    found = drafted(clone(tmp_path / "c", files), drift(replace("/spec/replicas", 9)))
    if words:
        assert (found.diff, found.files) == ("", {})
        assert words in found.problems[0]
        assert found.problems[0].startswith("/spec/replicas: ")
    else:
        assert changed(found)[1] == "+  replicas: 9  # see the autoscaler"


def test_a_clone_that_is_not_what_was_compared_is_told(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/a.yaml": DEPLOYMENT.replace("replicas: 3", "replicas: 5")})
    found = drafted(folder, drift(replace("/spec/replicas", 9)))
    assert "the clone said 5, though 3 was compared: is it up to date?" in found.done[0]


def test_digests_are_never_written(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\ndata:\n  token: {digest: 'hmac:0011223344556677'}\n"
    folder = clone(tmp_path / "c", {"apps/pay/a.yaml": text.replace("{digest: 'hmac:0011223344556677'}", "YQ==")})
    made = drift(replace("/data/token", {"digest": "hmac:8899aabbccddeeff"}), text=text)
    found = drafted(folder, made)
    assert found.diff == ""
    assert "secret" in found.problems[0]


def test_objects_that_came_or_went_are_left_to_people(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/a.yaml": DEPLOYMENT})
    made = drift()
    gone = draft(Drift(made.desired, None).finding, Drift(made.desired, None).planes, folder, "apps/pay")
    assert (gone.diff, gone.problems) == ("", ("the object is not there any more: take it out of Git by hand",))
    unread = made.planes._replace(actual=None)
    assert draft(made.finding, unread, folder, "apps/pay").problems[0].startswith("nobody could read")
    added = made.planes
    assert added.desired is not None
    added = added._replace(desired=added.desired._replace(document=None))
    from drifttui.core.diff import compare

    whole = made.finding._replace(changes=compare(added).changes)
    assert "add the manifest by hand" in draft(whole, added, folder, "apps/pay").problems[0]


def test_line_ends_and_odd_names_apply(tmp_path: Path) -> None:
    name = 'apps/pay/a "ü" {x}.yaml'
    folder = clone(tmp_path / "c", {name: DEPLOYMENT.replace("\n", "\r\n"), "apps/pay/b c.yaml": SERVICE})
    assert drafted(folder, drift(replace("/spec/replicas", 9))).files[name].count("\r\n") == DEPLOYMENT.count("\n")
    service = drift(replace("/spec/type", "LoadBalancer"), text=SERVICE)
    git(folder, "commit", "-qam", "second")
    assert "apps/pay/b c.yaml" in drafted(folder, service).files


def test_a_file_without_a_last_newline_keeps_it_so(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", {"apps/pay/a.yaml": DEPLOYMENT.rstrip("\n")})
    found = drafted(folder, drift({"op": "add", "path": "/spec/paused", "value": True}))
    assert found.diff.count("\\ No newline at end of file") == 2
    assert found.files["apps/pay/a.yaml"].endswith("mountPath: /b}\n  paused: true")


def test_nothing_outside_the_clone_is_read(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_text(DEPLOYMENT)
    folder = clone(
        tmp_path / "c", {"apps/pay/x.yaml": SERVICE, "k/kustomization.yaml": "resources: [../../outside/a.yaml]\n"}
    )
    (folder / "apps/pay/link.yaml").symlink_to(tmp_path / "outside" / "a.yaml")
    (folder / "apps/pay/links").symlink_to(tmp_path / "outside")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "links")
    made = drift(replace("/spec/replicas", 9))
    assert "no manifest" in drafted(folder, made).problems[0]
    assert "no manifest" in drafted(folder, made, "k").problems[0]
    for path in ("../outside", "/etc", "apps/pay/links"):
        with pytest.raises(InputError, match="is not in the clone"):
            draft(made.finding, made.planes, folder, path)
    with pytest.raises(InputError, match="No clone"):
        draft(made.finding, made.planes, tmp_path / "none", "")


CHART = {
    "apps/pay/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "apps/pay/templates/deploy.yaml": (
        "spec:\n  replicas: {{ .Values.replicas }}\n  image: {{ .Values.image.name }}:{{ .Values.image.tag }}\n"
    ),
    "apps/pay/values.yaml": "# how many\nreplicas: 3\nimage:\n  name: registry.example.com/api\n  tag: 1.41.8\n",
}


def test_a_chart_changes_by_the_value_that_makes_the_field(tmp_path: Path) -> None:
    folder = clone(tmp_path / "c", CHART)
    found = drafted(folder, drift(replace("/spec/replicas", 9), replace(IMAGE, "registry.example.com/api:1.41.9")))
    assert changed(found) == ["-replicas: 3", "+replicas: 9", "-  tag: 1.41.8", "+  tag: 1.41.9"]
    assert "value image.tag = 1.41.9, which makes" in " ".join(found.done)
    assert "render the chart before merging" in found.done[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"apps/pay/values-prod.yaml": "replicas: 3\n"}, "values-prod.yaml /replicas, apps/pay/values.yaml /replicas"),
        ({"apps/pay/values.yaml": "count: 3\n"}, "cannot be told"),
        ({"apps/pay/values.yaml": "replicas: '3'\n"}, "cannot be told"),
        ({"apps/pay/values.yaml": "a: &a 1\nreplicas: 3\nb: *a\n"}, "uses anchors"),
        ({"apps/pay/templates/deploy.yaml": "x: {{ .Values.count }}\n"}, "no template asks for replicas"),
    ],
)
def test_an_ambiguous_chart_is_said_plainly(tmp_path: Path, more: dict[str, str], words: str) -> None:
    found = drafted(clone(tmp_path / "c", CHART | more), drift(replace("/spec/replicas", 9)))
    assert found.diff == ""
    assert words in found.problems[0]
