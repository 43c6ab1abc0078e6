"""A clone on this machine: real repositories, read by the real git."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients import git as client
from drifttui.clients.git_settings import GitSettings
from drifttui.core.errors import Missing, SourceError
from drifttui.core.git import Field, GitAnswer, GitQuestion, repo_key
from drifttui.core.health import Standing
from drifttui.core.identity import ResourceRef
from drifttui.sources.git.local import LocalGit
from tests.cluster.gitserver import Repositories
from tests.sources.git_repository import FILE, Repository, repository

WEB = ResourceRef("in-cluster", "apps", "Deployment", "prod", "web")
REPLICAS = Field("/spec/replicas", "/spec/replicas")
IMAGE = Field("/spec/template/spec/containers/0/image", "/spec/template/spec/containers[web]/image")
LABEL = Field("/metadata/labels/a", "/metadata/labels/a")
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KEY = b"k" * 32


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    return repository(tmp_path_factory.mktemp("git") / "shop")


def reader(folder: Path, timeout: float = 15.0) -> LocalGit:
    return LocalGit(GitSettings(clone=folder, timeout=timeout), lambda: NOW, KEY)


def question(*fields: Field, path: str = "apps/web/prod", ref: ResourceRef = WEB, **more: Any) -> GitQuestion:
    return GitQuestion("git.example.com/team/shop", path, objects=((ref, fields),), **{"tracks": "main", **more})


async def ask(folder: Path, *fields: Field, **more: Any) -> GitAnswer:
    return await reader(folder).merges(question(*fields, **more))


async def test_each_field_has_the_commit_that_last_changed_it(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    answer = await ask(made.folder, REPLICAS, IMAGE, LABEL)
    found = {path: touch for touch in answer.touches[WEB] for path in touch.paths or ()}
    assert found[REPLICAS.path].commit.sha == shas["scaled"]
    assert found[REPLICAS.path].commit.pull_request == "#813"
    assert found[IMAGE.path].commit.sha == shas["merged"], "the merge is when it came to be on the branch"
    assert found[IMAGE.path].commit.author == "Carol", "and not whoever pressed the button"
    assert found[IMAGE.path].commit.pull_request == "#812"
    assert found[IMAGE.path].commit.files == (FILE,)
    assert found[IMAGE.path].commit.time == datetime(2026, 11, 21, 8, 4, tzinfo=UTC)
    assert found[LABEL.path].file == "apps/web/prod/patch.yaml", "a patch speaks before the base"
    assert found[LABEL.path].commit.sha == shas["first"]
    assert answer.unseen == ()


async def test_a_merge_that_is_the_newest_commit_has_its_author_too(
    shop: tuple[Repository, dict[str, str]], tmp_path: Path
) -> None:
    made, shas = shop
    made.git("clone", "-q", f"file://{made.folder}", str(tmp_path / "clone"))
    made.git("-C", str(tmp_path / "clone"), "update-ref", "refs/remotes/origin/main", shas["merged"])
    answer = await reader(tmp_path / "clone").merges(
        question(IMAGE)._replace(repo=repo_key(f"file://{made.folder}"), revision=shas["merged"])
    )
    assert [touch.commit.author for touch in answer.touches[WEB]] == ["Carol"]
    assert [commit.author for commit in answer.revisions] == ["Carol"]


async def test_the_revision_itself_is_told_though_it_touches_nothing(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    answer = await ask(made.folder, REPLICAS, revision=f"main@sha1:{shas['readme']}", tracks="")
    assert [commit.sha for commit in answer.revisions] == [shas["scaled"], shas["readme"]]
    assert answer.unseen == ()


async def test_a_field_that_no_version_ever_held_was_touched_by_nobody(shop: tuple[Repository, dict[str, str]]) -> None:
    answer = await ask(shop[0].folder, Field("/spec/paused", "/spec/paused"))
    assert answer.touches[WEB] == ()


async def test_an_object_that_no_file_declares_has_the_commits_of_its_folder(
    shop: tuple[Repository, dict[str, str]],
) -> None:
    made, shas = shop
    other = WEB._replace(name="rendered-by-a-chart")
    answer = await ask(made.folder, REPLICAS, ref=other, path="apps/web/base")
    assert [touch.commit.sha for touch in answer.touches[other]] == [shas["scaled"], shas["merged"], shas["first"]]
    assert all(touch.paths is None for touch in answer.touches[other])
    assert answer.unseen == (
        "no file of apps/web/base declares Deployment/rendered-by-a-chart as it runs: commits of the whole folder "
        "stand in",
    )


async def test_a_revision_that_the_clone_lacks_is_said(shop: tuple[Repository, dict[str, str]]) -> None:
    answer = await ask(shop[0].folder, REPLICAS, revision="0123456789abcdef")
    assert answer.unseen == ("git:shop does not have revision 0123456789ab: it may be behind",)


async def test_another_branch_is_not_taken_for_the_one_that_is_followed(
    shop: tuple[Repository, dict[str, str]],
) -> None:
    made, shas = shop
    answer = await ask(made.folder, IMAGE, tracks="roles")
    assert [touch.commit.sha for touch in answer.touches[WEB]] == [shas["image"]]
    with pytest.raises(Missing, match="release-7"):
        await ask(made.folder, IMAGE, tracks="release-7")


async def test_an_engine_that_does_not_say_what_it_follows(shop: tuple[Repository, dict[str, str]]) -> None:
    answer = await ask(shop[0].folder, REPLICAS, tracks="")
    assert answer.unseen == ("which branch the unit follows is not known: the default one was looked at",)


async def test_a_shallow_clone_does_not_know_who_began_it(
    shop: tuple[Repository, dict[str, str]], tmp_path: Path
) -> None:
    made, _ = shop
    made.git("clone", "-q", "--depth", "1", f"file://{made.folder}", str(tmp_path / "shallow"))
    answer = await ask(tmp_path / "shallow", IMAGE)
    assert answer.touches[WEB] == (), "its only commit is not the one that changed the image"
    assert answer.unseen == (f"the history of {FILE} is cut after 1 commits",)
    health = await reader(tmp_path / "shallow").check()
    assert health.standing is Standing.DEGRADED
    assert "shallow" in health.error


@pytest.mark.parametrize(
    "url",
    [
        "git@git.example.com:team/shop.git",
        "ssh://git@git.example.com:22/team/shop",
        "https://GIT.example.com/team/shop.git",
        "https://user:token@git.example.com/team/shop/",
    ],
)
def test_a_clone_holds_its_remote_however_it_is_written(url: str, shop: tuple[Repository, dict[str, str]]) -> None:
    assert reader(shop[0].folder).holds(repo_key(url))


@pytest.mark.parametrize(
    "url", ["", "oci://git.example.com/team/shop", "https://git.example.com/team/other", "ht!tp:/"]
)
def test_and_no_other(url: str, shop: tuple[Repository, dict[str, str]]) -> None:
    assert not reader(shop[0].folder).holds(repo_key(url))


async def test_a_clone_that_was_made_over_http_is_read_like_any_other(
    shop: tuple[Repository, dict[str, str]], tmp_path: Path
) -> None:
    made, shas = shop
    handler = type("Served", (Repositories,), {"root": made.folder.parent})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/shop"
    try:
        made.git("clone", "-q", url, str(tmp_path / "clone"))
    finally:
        server.shutdown()
        server.server_close()
    source = reader(tmp_path / "clone")
    assert source.holds(repo_key(url + ".git"))
    made.git("-C", str(tmp_path / "clone"), "checkout", "-q", shas["first"])
    answer = await source.merges(question(REPLICAS))
    assert answer.touches[WEB][0].commit.sha == shas["scaled"], "the branch of the remote, not what is checked out"


async def test_hostile_names_messages_and_files_are_only_text(tmp_path: Path) -> None:
    made, _ = repository(tmp_path / "shop")
    made.write("apps/web/base/--output=x\n\x1b[31m.yaml", BASE_BOMB)
    made.write("apps/web/base/-e web.yaml", "{{ not yaml: web")
    made.write(FILE, (made.folder / FILE).read_text().replace("replicas: 3", "replicas: 9"))
    made.commit("\x1b]0;owned\x07 scale\u202e \x01 token ghp_0123456789abcdefghijABCDEFGHIJ012345", "\x1b[31mMallory")
    answer = await ask(made.folder, REPLICAS)
    newest = answer.touches[WEB][0].commit
    told = newest.title + newest.author + "".join(newest.files)
    assert told.isprintable()
    assert "Mallory" in newest.author
    assert "ghp_" not in newest.title
    assert answer.touches[WEB][0].paths == (REPLICAS.path,)


BASE_BOMB = "a: &a [web,web,web,web,web,web,web,web,web]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)


async def test_without_git_it_says_so(
    shop: tuple[Repository, dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="git is not installed"):
        await ask(shop[0].folder, REPLICAS)
    assert (await reader(shop[0].folder).check()).standing is Standing.BLIND


async def test_a_git_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(SourceError, match=r"gave no answer in 0\.2 s"):
        await reader(tmp_path, timeout=0.2).merges(question(REPLICAS))


async def test_a_git_that_talks_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec /usr/bin/yes\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr(client, "OUTPUT_LIMIT", 1_000_000)
    with pytest.raises(SourceError, match="wrote more than 1 MB"):
        await reader(tmp_path).merges(question(REPLICAS))


async def test_what_is_no_clone_says_so(tmp_path: Path) -> None:
    health = await reader(tmp_path / "nowhere").check()
    assert health.standing is Standing.BLIND
    assert "cannot be read" in health.error


async def test_reading_writes_nothing_and_runs_nothing_of_the_clone(tmp_path: Path) -> None:
    """Its configuration names a monitor, a signature check, a textconv and a pager; each would leave a mark."""
    made, _ = repository(tmp_path / "shop")
    mark = tmp_path / "mark"
    for key in ("core.fsmonitor", "gpg.program", "diff.x.textconv", "core.pager", "diff.external", "core.sshCommand"):
        made.git("config", key, f"touch {mark}")
    made.git("config", "log.showSignature", "true")
    made.write(".git/info/attributes", "*.yaml diff=x\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in made.folder.rglob("*"))
    answer = await ask(made.folder, REPLICAS, IMAGE)
    assert len(answer.touches[WEB]) == 2
    assert (await reader(made.folder).check()).standing is Standing.OK
    assert not mark.exists()
    assert sorted((path, path.stat().st_mtime_ns) for path in made.folder.rglob("*")) == before
