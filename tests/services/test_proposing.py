"""A request is opened once, over nothing that is there, and what nobody answered is read again and not sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.forge import Forge
from drifttui.clients.git_settings import GitSettings
from drifttui.clients.tracker_settings import TrackerSettings
from drifttui.core.errors import (
    DriftError,
    Forbidden,
    InputError,
    Missing,
    PreconditionFailed,
    ReadOnly,
    Unauthenticated,
)
from drifttui.core.proposal import Fate, Proposal, branch_name
from drifttui.services.proposing import Outcome, forge_for, look, open_request
from drifttui.store.settings import FileSettings

from .forges import MAIN, TOKEN, Fault, GitHub, GitLab, Host, hosted

BEFORE, AFTER = "replicas: 3\n", "replicas: 9\n"
BRANCH = "drifttui/INC-1-5a78"
PATH = "apps/pay/a ü.yaml"
PROPOSAL = Proposal("acme/deploy", BRANCH, "As it runs", "Why.", {PATH: AFTER}, {PATH: BEFORE})
BOTH = pytest.mark.parametrize("kind", [GitHub, GitLab])
PUSH = {GitHub: "/git/refs", GitLab: "/repository/commits"}
OPEN = {GitHub: "/pulls", GitLab: "/merge_requests"}


def forge_at(host: Host, access: Access = Access.FULL, token: str = TOKEN, timeout: float = 5.0) -> Forge:
    assert host.server is not None
    settings = GitSettings(host=host.server.url, kind=host.kind, token_env="TOKEN", timeout=timeout)  # type: ignore[arg-type]
    return forge_for(
        f"{host.server.url}/acme/deploy.git", FileSettings(git=(settings,)), b"k" * 32, access, {"TOKEN": token}
    )  # fmt: skip


@asynccontextmanager
async def forging(kind: type[Host], **more: Any) -> AsyncIterator[tuple[Host, Forge]]:
    async with hosted(kind({PATH: BEFORE, "other": "x"})) as host:
        forge = forge_at(host, **more)
        try:
            yield host, forge
        finally:
            await forge.close()


async def opened(forge: Forge, proposal: Proposal = PROPOSAL) -> Outcome:
    return await open_request(forge, proposal, await look(forge, proposal))


@BOTH
def test_one_commit_on_one_branch_and_one_request(kind: type[Host]) -> None:
    async def play() -> None:
        async with forging(kind) as (host, forge):
            made = await opened(forge)
            (request,) = host.repository.requests
            assert made == Outcome(Fate.OPENED, request.get("html_url") or request["web_url"])
            sha = host.repository.branches[BRANCH]
            assert host.repository.commits[sha] == {PATH: AFTER, "other": "x"}
            assert host.repository.messages[sha] == "As it runs\n"
            assert request.get("body") or request["description"] == "Why."
            assert host.repository.branches["main"] == MAIN
            again = await opened(forge)
            assert (again.fate, again.url) == (Fate.EXISTS, made.url)
            assert len(host.repository.requests) == 1

    asyncio.run(play())


@BOTH
def test_a_branch_without_request_is_taken_up_only_where_it_holds_the_same(kind: type[Host]) -> None:
    async def play() -> None:
        async with forging(kind) as (host, forge):
            held = host.repository
            held.branches[BRANCH] = held.commit(MAIN, {PATH: "replicas: 4\n"}, "mine")
            with pytest.raises(PreconditionFailed, match="is there with other content"):
                await look(forge, PROPOSAL)
            assert host.writes == []
            held.branches[BRANCH] = mine = held.commit(MAIN, {PATH: AFTER}, "mine")
            assert (await opened(forge)).fate is Fate.OPENED
            assert held.branches[BRANCH] == mine
            assert [path.rpartition("/")[2] for _, path in host.writes] == [OPEN[kind][1:]]

    asyncio.run(play())


@BOTH
def test_a_clone_that_is_behind_is_refused_before_anything_is_written(kind: type[Host]) -> None:
    async def play() -> None:
        async with forging(kind) as (host, forge):
            host.repository.commits[MAIN][PATH] = "replicas: 3\nmore: 1\n"
            with pytest.raises(PreconditionFailed, match="not the same in main as in the clone"):
                await look(forge, PROPOSAL)
            with pytest.raises(PreconditionFailed, match="There is no branch release"):
                await look(forge, PROPOSAL._replace(target="release"))
            assert host.writes == []

    asyncio.run(play())


@BOTH
@pytest.mark.parametrize("after", [True, False], ids=["written", "not written"])
@pytest.mark.parametrize("step", [PUSH, OPEN], ids=["branch", "request"])
def test_silence_is_read_again_and_never_sent_again(kind: type[Host], step: dict[type[Host], str], after: bool) -> None:
    async def play() -> None:
        async with forging(kind, timeout=0.3) as (host, forge):
            host.faults.append(Fault("POST", step[kind], after=after))
            made = await opened(forge)
            assert [path for _, path in host.writes if path.endswith(step[kind])] == [host.writes_at(step[kind])]
            if after:
                assert made.fate is Fate.OPENED
                assert len(host.repository.requests) == 1
            else:
                assert made.fate is Fate.UNKNOWN
                assert "It is read again, not sent again." in made.why
                assert host.repository.requests == []

    asyncio.run(play())


@BOTH
@pytest.mark.parametrize("status", [403, 404, 409, 422, 500])
@pytest.mark.parametrize("step", [PUSH, OPEN], ids=["branch", "request"])
def test_a_refused_write_is_told_in_one_line(kind: type[Host], step: dict[type[Host], str], status: int) -> None:
    async def play() -> None:
        async with forging(kind) as (host, forge):
            host.faults.append(Fault("POST", step[kind], status))
            made = await opened(forge)
            assert made.fate is (Fate.UNKNOWN if status == 500 else Fate.REFUSED)
            assert host.system_name in made.why
            assert TOKEN not in made.why
            assert "\n" not in made.why
            assert host.repository.requests == []

    asyncio.run(play())


@BOTH
def test_what_somebody_else_opened_meanwhile_is_what_there_is(kind: type[Host]) -> None:
    async def play() -> None:
        async with forging(kind) as (host, forge):
            ahead = await look(forge, PROPOSAL)
            first = await open_request(forge, PROPOSAL, ahead)
            second = await open_request(forge, PROPOSAL, ahead)
            assert (second.fate, second.url) == (Fate.OPENED, first.url)
            assert len(host.repository.requests) == 1

    asyncio.run(play())


@BOTH
@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthenticated), (403, Forbidden), (404, Missing)], ids=["401", "403", "404"]
)
def test_a_refused_look_writes_nothing(kind: type[Host], status: int, error: type[DriftError]) -> None:
    async def play() -> None:
        async with forging(kind, token="wr0ng" if status == 401 else TOKEN) as (host, forge):
            if status != 401:
                host.faults.append(Fault("GET", "acme/deploy", status, times=9))
            with pytest.raises(error) as told:
                await look(forge, PROPOSAL)
            assert TOKEN not in told.value.one_line()
            assert host.writes == []

    asyncio.run(play())


@BOTH
def test_read_only_is_refused_before_anything_leaves(kind: type[Host]) -> None:
    async def play() -> None:
        async with forging(kind, access=Access.READ_ONLY) as (host, forge):
            made = await opened(forge)
            assert made.fate is Fate.REFUSED
            assert "Refused by --read-only" in made.why
            assert host.writes == []

    asyncio.run(play())


@BOTH
def test_no_way_to_write_leaves_under_read_only(kind: type[Host]) -> None:
    """Every method of a forge that can send anything, tried at the client itself."""

    async def play() -> None:
        async with forging(kind, access=Access.STRICT) as (host, forge):
            for sending in (
                forge.push(BRANCH, MAIN, {PATH: AFTER}, "x"), forge.propose(BRANCH, "main", "x", "y"),
                forge.sent("/anything", {}, ""),
            ):  # fmt: skip
                with pytest.raises(ReadOnly, match="Nothing was sent"):
                    await sending
            assert host.writes == []

    asyncio.run(play())


def test_the_host_of_a_repository_decides_where_a_token_goes() -> None:
    def at(repo: str, **settings: Any) -> Forge:
        return forge_for(repo, FileSettings(**settings), b"k" * 32, Access.FULL, {"GITHUB_TOKEN": TOKEN})

    assert at("git@github.com:acme/deploy.git").http.base_url == "https://api.github.com"
    assert at("https://gitlab.com/a/b/c.git").repo == "a/b/c"
    own = GitSettings(host="https://git.example.com", kind="github")
    assert at("ssh://git@git.example.com/a/b", git=(own,)).http.base_url == "https://git.example.com/api/v3"
    tracker = TrackerSettings(server="https://lab.example.com/", token_env="X")
    assert (
        at("https://lab.example.com/a/b", trackers={"gitlab": tracker}).http.base_url
        == "https://lab.example.com/api/v4"
    )
    for repo, words in (
        ("https://git.example.com/a/b", "is not known"),
        ("https://github.com.evil.example/a/b", "is not known"),
        ("https://codeberg.org/a/b", "No requests are opened on gitea"),
        ("/srv/git/deploy.git", "No host to open a request at"),
        ("", "No host to open a request at"),
    ):
        with pytest.raises(InputError, match=words):
            at(repo)


def test_branch_names_are_the_same_again_and_good_for_git(tmp_path: Any) -> None:
    import subprocess

    for incident in (
        "INC-1",
        "https://acme.pagerduty.com/incidents/Q1?x=1",
        "../..",
        "a b~^:?*[\\",
        ".lock",
        "-x",
        "ü",
    ):
        name = branch_name(incident, "5a78c9d9aaaa")
        assert name == branch_name(incident, "5a78c9d9aaaa")
        assert subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True).returncode == 0, name
    assert branch_name("INC-1", "5a78") == BRANCH


def test_nothing_hidden_is_sent() -> None:
    """The body of a request is the draft's text and nothing more."""

    async def play() -> None:
        async with forging(GitHub) as (host, forge):
            await opened(forge)
            assert host.server is not None
            sent = [json.loads(one.body) for one in host.server.requests if one.path.endswith("/pulls") and one.body]
            assert sent == [{"title": "As it runs", "head": BRANCH, "base": "main", "body": "Why."}]

    asyncio.run(play())
