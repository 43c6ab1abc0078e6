"""Only what is asked for changes; comments, order and quoting stay; what cannot be edited safely is refused."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import yaml

from drifttui.core.json_patch import same
from drifttui.core.planes import ABSENT
from drifttui.core.pointers import get
from drifttui.core.schema import shape_of
from drifttui.store.manifest_paths import in_document
from drifttui.store.yaml_edit import CannotEdit, Wanted, edited

MANIFEST = """\
# The API of team payments.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api   # do not rename
  labels: {app: api, tier: 'web'}
spec:
  replicas: 3  # see the autoscaler

  template:
    spec:
      containers:
      # the api itself
      - name: api
        image: "registry.example.com/api:1.41.8"
        env:
        - name: LEVEL
          value: info
        resources:
          limits:
            memory: 256Mi
      - name: proxy
        image: envoy:1.30
---
kind: Service
metadata:
  name: api
"""


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    one, other = before.splitlines(), after.splitlines()
    return [line for line in one if line not in other], [line for line in other if line not in one]


CASES: list[tuple[str, Any, list[str], list[str]]] = [
    ("/spec/replicas", 9, ["  replicas: 3  # see the autoscaler"], ["  replicas: 9  # see the autoscaler"]),
    (
        "/spec/template/spec/containers/0/image", "registry.example.com/api:1.41.9",
        ['        image: "registry.example.com/api:1.41.8"'], ['        image: "registry.example.com/api:1.41.9"'],
    ),
    ("/metadata/labels/tier", "api's", ["  labels: {app: api, tier: 'web'}"], ["  labels: {app: api, tier: 'api''s'}"]),
    (
        "/metadata/labels/team", "pay",
        ["  labels: {app: api, tier: 'web'}"], ["  labels: {app: api, tier: 'web', team: pay}"],
    ),
    ("/spec/paused", True, [], ["  paused: true"]),
    ("/metadata/annotations", {"a/b": "yes"}, [], ["  annotations:", "    a/b: 'yes'"]),
    (
        "/spec/template/spec/containers/0/resources/limits/memory", "1Gi",
        ["            memory: 256Mi"], ["            memory: 1Gi"],
    ),
    ("/spec/template/spec/containers/0/resources/limits/cpu", "500m", [], ["            cpu: 500m"]),
    (
        "/spec/template/spec/containers/0/env/1", {"name": "X", "value": "1"},
        [], ["        - name: X", "          value: '1'"],
    ),
    (
        "/spec/template/spec/containers/2", {"name": "shell", "image": "sh:1"},
        [], ["      - name: shell", "        image: sh:1"],
    ),
    ("/spec/replicas", ABSENT, ["  replicas: 3  # see the autoscaler"], []),
    ("/spec/template/spec/containers/1", ABSENT, ["      - name: proxy", "        image: envoy:1.30"], []),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "gone", "new"), CASES, ids=lambda value: str(value)[:40])
def test_only_what_is_asked_for_changes(path: str, value: Any, gone: list[str], new: list[str]) -> None:
    after = edited(MANIFEST, 0, [Wanted(tuple(path.split("/")[1:]), value)])
    assert lines_changed(MANIFEST, after) == (gone, new)
    assert list(yaml.safe_load_all(after))[1] == {"kind": "Service", "metadata": {"name": "api"}}


def test_a_value_that_stands_there_already_changes_nothing() -> None:
    assert edited(MANIFEST, 0, [Wanted(("spec", "replicas"), 3)]) == MANIFEST
    assert edited(MANIFEST, 0, [Wanted(("spec", "nothing"), ABSENT)]) == MANIFEST


def test_a_block_becomes_another_block() -> None:
    after = edited(
        MANIFEST, 0, [Wanted(("spec", "template", "spec", "containers", "0", "env"), [{"name": "A", "value": "b"}])]
    )
    env = next(yaml.safe_load_all(after))["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "A", "value": "b"}]
    assert "# the api itself" in after


@pytest.mark.parametrize("value", ["yes", "0777", "1e3", "null", "a: b", "# x", "two\nlines", " lead", "ü", "*x", "{"])
def test_texts_are_read_back_as_the_same_texts(value: str) -> None:
    for path in (("metadata", "name"), ("metadata", "labels", "app"), ("metadata", "extra")):
        after = edited(MANIFEST, 0, [Wanted(path, value)])
        found: Any = next(yaml.safe_load_all(after))
        for step in path:
            found = found[step]
        assert found == value


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        ("a: &x {b: 1}\nc: *x\n", "/c/b", 2, "anchors"),
        ("a: [1\n", "/a", 2, "no YAML"),
        ("a: 1\n", "/a/b", 2, "is no mapping"),
        ("a: 1\n", "/a", ABSENT, "only thing"),
        ("", "/a", 1, "empty"),
        ("[" * 100_000, "/a", 1, "nested too deep"),
        ("a: !!python/name:os.system x\n", "/a", 1, "no YAML"),
        ("a: 1\r\nb: 2\n", "/a", 2, "different ways"),
        ("- a: 1\n", "/1/b", 2, "the item that it belongs to"),
        ("a: 1\na: 2\n", "/a", 3, "read back"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, path: str, value: Any, words: str) -> None:
    with pytest.raises(CannotEdit, match=words):
        edited(text, 0, [Wanted(tuple(path.split("/")[1:]), value)])


KEPT: list[tuple[str, str, Any, str]] = [
    ("a: {b: 1, c: 'x', d: 2}\n", "/a/c", ABSENT, "a: {b: 1, d: 2}\n"),
    ("a: {b: 1, c: 2}\n", "/a/b", ABSENT, "a: {c: 2}\n"),
    ("a:\n  b: 1\nc: 2\n", "/a/b", ABSENT, "a: {}\nc: 2\n"),
    ("a: {}\nc: 2\n", "/a/b", 1, "a:\n  b: 1\nc: 2\n"),
    ("a:\nc: 2\n", "/a/b", 1, "a:\n  b: 1\nc: 2\n"),
    ("a:\nc: 2\n", "/a", 1, "a: 1\nc: 2\n"),
    ('{"a": {"b": 1}}\n', "/a/c", "x", '{"a": {"b": 1, "c": "x"}}\n'),
    ('{\n  "a": 1\n}\n', "/c", True, '{\n  "a": 1,\n  "c": true\n}\n'),
    ("a: 1\r\nb: 2\r\n", "/a", 3, "a: 3\r\nb: 2\r\n"),
    ("\ufeffa: 1\nb: 2\n", "/b", 3, "\ufeffa: 1\nb: 3\n"),
    ("# ü😀\na: é\nb: 3\n", "/b", 4, "# ü😀\na: é\nb: 4\n"),
    ("a: |\n  #!/bin/sh\n  # the end\n", "/b", 1, "a: |\n  #!/bin/sh\n  # the end\nb: 1\n"),
    ("a: 1\n# of what follows\n", "/b", 1, "a: 1\nb: 1\n# of what follows\n"),
    ("a: 1", "/b", 1, "a: 1\nb: 1"),
    ("a: 1\n", "/a", True, "a: true\n"),
    ("a: 2026-01-01\nb: 1\n", "/b", 2, "a: 2026-01-01\nb: 2\n"),
    ("- a: 1\n  # of b\n  b: 2\n", "/0/a", ABSENT, "- b: 2\n"),
    ("a: {b: c}\n", "/a/b", "x,y", 'a: {b: "x,y"}\n'),
    ("a: {b: c}\n", "/a/d", "x]", 'a: {b: c, d: "x]"}\n'),
    ("a: {b: c}\n", "/a/b", {"d": "e"}, "a: {b: {d: e}}\n"),
]


@pytest.mark.parametrize(("text", "path", "value", "after"), KEPT)
def test_the_rest_stays_byte_for_byte(text: str, path: str, value: Any, after: str) -> None:
    assert edited(text, 0, [Wanted(tuple(path.split("/")[1:]), value)]) == after


def test_what_anchors_expand_to_is_never_expanded() -> None:
    bomb = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert edited(f"b: 1\n---\n{bomb}", 0, [Wanted(("b",), 2)]) == f"b: 2\n---\n{bomb}"
    with pytest.raises(CannotEdit, match="anchors"):
        edited(bomb, 0, [Wanted(("b",), 2)])


def test_items_are_found_again_by_their_names() -> None:
    document = {"containers": [{"name": "proxy"}, {"name": "api", "image": "x"}]}
    actual = {"containers": [{"name": "api", "image": "y"}, {"name": "injected"}, {"name": "proxy"}]}
    assert in_document(document, actual, ("containers", "0", "image")) == ("containers", "1", "image")
    assert in_document(document, actual, ("containers", "1")) == ("containers", "2")
    with pytest.raises(CannotEdit, match="cannot be told"):
        in_document({"args": ["a"]}, {"args": ["a", "b"]}, ("args", "1"))


def test_a_list_knows_its_items_by_the_keys_of_its_kind() -> None:
    mounts = shape_of("", "Pod").below("spec").below("containers").below("0").below("volumeMounts")
    document = [{"name": "data", "mountPath": "/a"}, {"name": "data", "mountPath": "/b"}]
    actual = [{"name": "token", "mountPath": "/t"}, {"name": "data", "mountPath": "/b", "readOnly": True}]
    assert in_document(document, actual, ("1", "readOnly"), mounts) == ("1", "readOnly")
    twice = [{"name": "x"}, {"name": "x"}]
    with pytest.raises(CannotEdit):
        in_document(twice, [{"name": "x"}], ("0", "value"))


def test_an_item_that_only_git_has_is_not_taken_for_its_neighbour() -> None:
    document = {"containers": [{"name": "a"}, {"name": "b"}]}
    actual = {"containers": [{"name": "injected"}, {"name": "a"}]}
    assert in_document(document, actual, ("containers", "1"), gone={"name": "b"}) == ("containers", "1")
    with pytest.raises(CannotEdit, match="not in this file"):
        in_document(document, actual, ("containers", "1"), gone={"name": "c"})
    with pytest.raises(CannotEdit, match="not in this file"):
        in_document(document, actual, ("containers", "0", "image"))


WORDS = [
    1,
    2.5,
    True,
    None,
    "x",
    "yes",
    "a: b",
    "two\nlines\n",
    "",
    " lead",
    "ü😀",
    "'q'",
    '"d"',
    "|",
    "*a",
    "{}",
    "a,b",
]


def value(dice: Random, depth: int = 0) -> Any:
    kind = dice.random()
    if depth > 3 or kind < 0.5:
        return dice.choice(WORDS)
    if kind < 0.75:
        return {dice.choice("abcdxy"): value(dice, depth + 1) for _ in range(dice.randrange(4))}
    return [value(dice, depth + 1) for _ in range(dice.randrange(4))]


def places(data: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    more = [(*at, "new")] if isinstance(data, dict) else [(*at, str(len(data)))] if isinstance(data, list) else []
    return [at, *more, *(path for key, one in inner for path in places(one, (*at, str(key))))]


@pytest.mark.parametrize("seed", range(8))
def test_what_is_edited_anywhere_in_anything_reads_as_wanted_and_the_rest_as_before(seed: int) -> None:
    """The edit itself refuses what does not; here, that it hardly ever has to."""
    dice, refused = Random(seed), 0
    for _ in range(60):
        before = {"k": value(dice), "l": value(dice), "m": value(dice)}
        flow, indent = dice.choice([None, False, True]), dice.choice([2, 4])
        text = yaml.safe_dump(before, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True)
        path = dice.choice(places(before)[1:])
        wanted = ABSENT if dice.random() < 0.25 and get(before, path) is not ABSENT else value(dice)
        try:
            after = yaml.safe_load(edited("# head\n" + text, 0, [Wanted(path, wanted)]))
        except CannotEdit:
            refused += 1
            continue
        if wanted is not ABSENT:
            assert same(get(after, path), wanted)
        for key in before.keys() - {path[0]}:
            assert same(after[key], before[key])
    assert refused <= 2
