"""Addresses of repositories, requests in messages, values of manifests, and which version brought a value."""

from __future__ import annotations

from typing import Any

import pytest

from drifttui.core.git import (
    Commit,
    Field,
    GitAnswer,
    GitQuestion,
    Touch,
    merges_for,
    normal_folder,
    pull_request_of,
    repo_key,
)
from drifttui.core.git_blame import Walk, declares, same, value_at
from drifttui.core.identity import ResourceRef
from drifttui.core.planes import ABSENT

WEB = ResourceRef("in-cluster", "apps", "Deployment", "prod", "web")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://github.com/team/shop.git", "github.com/team/shop"),
        ("https://GitHub.com/team/Shop/", "github.com/team/Shop"),
        ("https://x-token:secret@github.com/team/shop", "github.com/team/shop"),
        ("git@github.com:team/shop.git", "github.com/team/shop"),
        ("github.com:team/shop", "github.com/team/shop"),
        ("ssh://git@git.example.com:22/team/shop.git", "git.example.com/team/shop"),
        ("ssh://git@git.example.com:7999/team/shop.git", "git.example.com:7999/team/shop"),
        ("http://127.0.0.1:3000/team/shop.git", "127.0.0.1:3000/team/shop"),
        ("file:///srv/git/shop.git", "file:/srv/git/shop"),
        ("/srv/git/shop.git", "file:/srv/git/shop"),
        ("oci://ghcr.io/team/charts", ""),
        ("GitRepository/apps", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_one_repository_has_one_key(url: str, key: str) -> None:
    assert repo_key(url) == key


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ("Merge pull request #812 from team/roles\n\nTighten", "#812"),
        ("tighten roles (#812)", "#812"),
        ("tighten roles (#812)\n\n* more (#3)", "#812"),
        ("Merge branch 'x' into 'main'\n\nTighten\n\nSee merge request team/shop!42", "!42"),
        ("tighten (!42)", "!42"),
        ("fix #812", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_the_request_that_a_message_names(message: str, request_: str) -> None:
    assert pull_request_of(message) == request_


def test_what_is_followed() -> None:
    assert GitQuestion("r", revision="main@sha1:0a1b2c3d").branch == "main"
    assert GitQuestion("r", revision="main@sha1:0a1b2c3d").revisions == ("0a1b2c3d",)
    assert GitQuestion("r", tracks="HEAD").branch == ""
    assert GitQuestion("r", tracks="release/7").branch == "release/7"
    assert GitQuestion("r", tracks="HEAD").guessed is False
    assert GitQuestion("r", revision="6.4.1").guessed
    assert GitQuestion("r", revision="6.4.1", applied="0a1b2c3d,1.2.3").revisions == ("0a1b2c3d",)


@pytest.mark.parametrize(
    ("path", "folder"), [("./apps//web/", "apps/web"), ("a/../b", "b"), ("../../x", "x"), (".", ""), ("", "")]
)
def test_folders_do_not_lead_out(path: str, folder: str) -> None:
    assert normal_folder(path) == folder


POD: dict[str, Any] = {
    "spec": {
        "replicas": 3,
        "containers": [
            {"name": "proxy", "image": "p"},
            {"name": "web", "image": "w", "ports": [{"containerPort": 80}]},
        ],
        "args": ["a", "b"],
    }
}


@pytest.mark.parametrize(
    ("path", "label", "value"),
    [
        ("/spec/replicas", "/spec/replicas", 3),
        ("/spec/containers/0/image", "/spec/containers[web]/image", "w"),
        ("/spec/containers/5/ports/3/containerPort", "/spec/containers[web]/ports[80]/containerPort", 80),
        ("/spec/containers/0/image", "", "p"),
        ("/spec/containers/0/image", "/spec/containers[gone]/image", ABSENT),
        ("/spec/args/1", "/spec/args[1]", "b"),
        ("/spec/paused", "/spec/paused", ABSENT),
        ("", "", POD),
    ],
)
def test_items_of_lists_are_found_by_their_name(path: str, label: str, value: Any) -> None:
    assert same(value_at(POD, Field(path, label)), value)


def test_a_manifest_without_namespace_is_of_the_units_one() -> None:
    found = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    assert declares(found, WEB, "prod")
    assert declares(found, WEB)
    assert not declares(found, WEB, "staging")
    assert not declares({**found, "apiVersion": "v1"}, WEB)
    assert declares({**found, "apiVersion": "apps/v1beta1"}, WEB), "the API version is not part of an object's name"
    assert not declares([found], WEB)


def of(replicas: Any) -> dict[str, Any]:
    return {"spec": {"replicas": replicas}}


REPLICAS = Field("/spec/replicas", "/spec/replicas")


@pytest.mark.parametrize(
    ("versions", "brought"),
    [
        ([of(3), of(3), of(2)], 1),
        ([of(3), of(2), of(3)], 0),
        ([of(3), of(3)], 1),
        ([of(1), of(True)], 0),
        ([of(3), {"spec": {}}], 0),
        ([{"spec": {}}, of(3)], 0),
        ([of(3), None], 0),
        ([{"spec": {}}, {"spec": {}}], None),
        ([], None),
    ],
)
def test_the_version_that_brought_the_value(versions: list[Any], brought: int | None) -> None:
    walk = Walk([REPLICAS])
    for version in versions:
        walk.version(version)
    walk.end()
    assert walk.found.get(REPLICAS.path) == brought


def test_a_history_that_is_cut_says_nothing_of_its_beginning() -> None:
    walk = Walk([REPLICAS])
    walk.version(of(3))
    walk.version(of(3))
    assert walk.found == {}
    assert list(walk.open) == [REPLICAS.path]


def test_revisions_are_told_to_the_rules_as_merges_that_touch_nothing() -> None:
    touch, head = Touch(Commit("a" * 40), ("/spec/replicas",)), Commit("b" * 40)
    answer = GitAnswer("git:x", "r", {WEB: (touch,)}, (head, touch.commit))
    told = merges_for(answer, WEB)
    assert told.merges is not None
    assert [(merge.sha[0], merge.touches) for merge in told.merges] == [("a", ("/spec/replicas",)), ("b", ())]
    assert told.touch_of("/spec/replicas") == touch
    assert told.touch_of("/spec/paused") is None
    unasked = merges_for(answer, WEB._replace(name="other"))
    assert unasked.merges is None, "what was not looked for is not untouched"
