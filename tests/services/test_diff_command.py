"""`drifttui diff` on files: what it prints, what it exits with, and what it never shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from drifttui.cli import main
from tests.core.objects import corpus, custom, deployment
from tests.core.test_diff_corpora import cases


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


class Files:
    """Writes documents into files and runs the command on them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys

    def file(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return str(path)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["diff", *arguments])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.run(*arguments, "--json")
        return code, json.loads(out)

    def planes(self, desired: Any, actual: Any) -> list[str]:
        return ["--desired", self.file("desired.yaml", desired), "--actual", self.file("actual.yaml", actual)]


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Files:
    return Files(tmp_path, capsys)


def test_one_object_has_the_documented_shape(files: Files) -> None:
    code, answer = files.json(*files.planes(deployment(), deployment(replicas=5)))
    assert code == 2
    assert answer == {
        "schema": "drifttui.diff/1",
        "drifted": True,
        "changes": [{"path": "/spec/replicas", "desired": 3, "actual": 5, "owners": []}],
        "hidden": [],
        "missing": ["recorded"],
    }


def test_three_planes_and_absence_are_told_apart(files: Files) -> None:
    recorded = files.file("recorded.yaml", deployment(paused=True))
    code, answer = files.json(*files.planes(deployment(paused=True), deployment()), "--recorded", recorded)
    # `paused: false` is the default, so that only its removal from the live object is left to say.
    assert code == 2
    (change,) = answer["changes"]
    assert change["desired"] is True and change["recorded"] is True and change["actual"] == {"absent": True}
    assert "missing" not in answer


def test_clean_is_0_and_nothing_to_compare_is_3_and_not_clean(files: Files) -> None:
    assert files.json(*files.planes(deployment(), deployment()))[0] == 0
    code, answer = files.json("--actual", files.file("a.yaml", deployment()))
    assert code == 3 and answer["drifted"] is None and answer["missing"] == ["desired", "recorded"]


def test_what_was_applied_last_can_show_drift_and_cannot_clear_it(files: Files) -> None:
    recorded, same = files.file("r.yaml", deployment()), files.file("a.yaml", deployment())
    code, answer = files.json("--recorded", recorded, "--actual", same)
    assert code == 3 and answer["drifted"] is None and answer["missing"] == ["desired"]
    code, answer = files.json("--recorded", recorded, "--actual", files.file("b.yaml", deployment(replicas=7)))
    assert code == 2 and answer["changes"][0] == {"path": "/spec/replicas", "recorded": 3, "actual": 7, "owners": []}


def test_objects_are_matched_by_identity_and_missing_ones_are_changes(files: Files) -> None:
    other = {**deployment(), "metadata": {"name": "other"}}
    desired = yaml.safe_dump_all([other, deployment()])
    actual = json.dumps({"kind": "List", "apiVersion": "v1", "items": [deployment(replicas=4), custom()]})
    code, answer = files.json(*files.planes(desired, actual))
    assert code == 2 and answer["drifted"]
    told = {(change["resource"]["name"], change["path"]): change for change in answer["changes"]}
    assert set(told) == {("web", "/spec/replicas"), ("other", ""), ("w", "")}
    assert told["other", ""]["actual"] == {"absent": True}
    assert told["w", ""]["desired"] == {"absent": True}
    assert [one["resource"]["name"] for one in answer["objects"]] == ["other", "web", "w"]


def test_people_read_that_an_object_is_missing_rather_than_all_of_it(files: Files) -> None:
    desired = yaml.safe_dump_all([deployment(), custom(a=1)])
    _, out, _ = files.run(*files.planes(desired, deployment()))
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["Widget/w", "shop"],
        ["field", "desired", "actual", "held", "by"],
        ["whole", "object", "present", "absent", "nobody", "known"],
    ]
    assert "Nothing differs: Deployment/web." in out


def test_yaml_is_read_as_kubernetes_reads_it(files: Files) -> None:
    text = (
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\nspec:\n"
        "  date: 2026-01-01\n  clock: 12:30\n  on: yes\n  mode: 0644\n  big: 1e3\n  hex: 0x1F\n  tilde: ~\n"
        "  quoted: 'yes'\n  tagged: !!str 1\n  under: 1_000\n  1: one\n  ref: &a {x: 1}\n"
        "  again: *a\n  merged: {<<: *a, z: 2}\n"
    )
    value = {
        "date": "2026-01-01",
        "clock": "12:30",
        "true": True,
        "mode": 420,
        "big": 1000,
        "hex": 31,
        "quoted": "yes",
        "tagged": "1",
        "under": 1000,
        "1": "one",
        "ref": {"x": 1},
        "again": {"x": 1},
        "merged": {"x": 1, "z": 2},
    }
    code, answer = files.json(*files.planes(text, json.dumps(custom(**value))))
    assert answer["changes"] == [] and code == 0
    assert answer["hidden"] == [{"rule": "null-equals-absent", "path": "/spec/tilde"}]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", ":2: a key is there twice: a"),
        ('{"kind": "x", "kind": "y"}', ": a key is there twice: kind"),
        ("a: [1\nb: 2\n", ":2 is no YAML"),
        ("a: .nan\n", ":1: .nan is no JSON"),
        ('{"a": NaN}', ": NaN is no JSON"),
        (BOMB, "expands too far"),
        ("a: *b\n", ":1: unknown alias: *b"),
        ("[" * 10_000, "nested too deep"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deep"),
        ("".join(" " * i + "a:\n" for i in range(2_000)), "nested too deep"),
        ("just text\n", "holds no object: found a text"),
        ("", "holds no object"),
        ("? [1]\n: 2\n", "a key is no text"),
        ("a: !!python/object:os.system x\n", "an unknown tag"),
        ("a: !thing x\n", "an unknown tag"),
    ],
)
def test_bad_input_is_one_line_that_names_the_file(files: Files, text: str, told: str) -> None:
    code, out, err = files.run(*files.planes(text, deployment()), "--json")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1 and "desired.yaml" in err
    assert told in err


def test_a_missing_file_two_stdins_and_a_double_object_are_one_line_each(files: Files) -> None:
    code, _, err = files.run("--desired", "/nowhere/x.yaml", "--actual", files.file("a.yaml", deployment()))
    assert code == 1 and "No such file" in err and err.count("\n") == 1
    code, _, err = files.run("--desired", "-", "--actual", "-")
    assert code == 1 and "can be read once" in err
    twice = yaml.safe_dump_all([deployment(), deployment()])
    code, _, err = files.run(*files.planes(twice, deployment()))
    assert code == 1 and "is there twice" in err


def test_standard_input_is_one_of_the_planes(files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "stdin"
    source.write_text(yaml.safe_dump(deployment(replicas=8)))
    with source.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        code, answer = files.json("--desired", files.file("d.yaml", deployment()), "--actual", "-")
    assert code == 2 and answer["changes"][0]["actual"] == 8


def test_people_read_fields_values_owners_and_what_is_hidden(files: Files) -> None:
    actual = deployment(replicas=5, revisionHistoryLimit=10)
    actual["metadata"]["managedFields"] = [
        {
            "manager": "kubectl",
            "operation": "Update",
            "subresource": "scale",
            "time": "2026-05-01T10:00:00Z",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]
    actual["metadata"]["labels"] = {"note": "[red]\x1b[31mhostile"}
    code, out, err = files.run(*files.planes(deployment(), actual))
    assert code == 2 and err == ""
    for word in ("Deployment/web", "/spec/replicas", "kubectl/scale", "2026-05-01", "server-default 1"):
        assert word in out
    assert "\x1b" not in out and "[red][31mhostile" in out


@pytest.mark.parametrize("case", cases("gitops-engine-diff"))
def test_pairs_of_the_gitops_engine_exit_with_their_answer(files: Files, case: dict[str, Any]) -> None:
    folder = corpus("gitops-engine-diff")
    code, answer = files.json("--desired", str(folder / case["config"]), "--actual", str(folder / case["live"]))
    assert code == (2 if case["expect"]["modified"] else 0)
    if "paths" in case["expect"]:
        assert sorted(change["path"] for change in answer["changes"]) == sorted(case["expect"]["paths"])


@pytest.mark.parametrize("case", cases("flux-diff-golden"))
def test_pairs_of_flux_are_met_in_the_whole_file_and_no_secret_is_shown(files: Files, case: dict[str, Any]) -> None:
    folder = corpus("flux-diff-golden")
    arguments = ["--desired", str(folder / "desired.yaml"), "--actual", str(folder / case["live"])]
    code, answer = files.json(*arguments)
    assert code == 2  # Everything else in the desired file is missing in the cluster.
    kind, namespace, name = case["object"].split("/")
    one = next(
        entry
        for entry in answer["objects"]
        if (entry["resource"]["kind"], entry["resource"]["namespace"], entry["resource"]["name"])
        == (kind, namespace, name)
    )
    assert one["drifted"] is case["expect"]["modified"]
    assert sorted(c["path"] for c in one["changes"]) == sorted(c["path"] for c in case["expect"]["changes"])
    _, for_people, _ = files.run(*arguments)
    for leak in case.get("must_not_show", ()):
        assert leak not in json.dumps(answer) and leak not in for_people
