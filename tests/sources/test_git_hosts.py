"""GitHub, GitLab and Gitea over HTTP, from what a real repository holds; and what goes wrong with them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.git_settings import GitSettings
from drifttui.core.errors import BadAnswer, Forbidden, InputError, Missing, SourceError, Throttled, Unauthenticated
from drifttui.core.git import Field, GitQuestion
from drifttui.core.health import Standing
from drifttui.core.identity import ResourceRef
from drifttui.sources.git import SOURCE
from drifttui.sources.git.hosts import HostGit
from drifttui.store.settings import load_settings
from tests.sources.git_hosts import TOKEN, Host, serving
from tests.sources.git_repository import FILE, repository

KINDS = ("github", "gitlab", "gitea")
WEB = ResourceRef("in-cluster", "apps", "Deployment", "prod", "web")
REPLICAS = Field("/spec/replicas", "/spec/replicas")
IMAGE = Field("/spec/template/spec/containers/0/image", "/spec/template/spec/containers[web]/image")
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Now:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return repository(tmp_path_factory.mktemp("git") / "shop")


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, shop: Any) -> Iterator[Host]:
    with serving(Host(request.param, *shop)) as served:
        yield served


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
async def source(host: Host, clock: Now, tmp_path: Path) -> AsyncIterator[HostGit]:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    made = build(host, clock, token_file=token, timeout=5)
    yield made
    await made.close()


def build(host: Host, clock: Now, environment: dict[str, str] | None = None, **settings: Any) -> HostGit:
    entry = GitSettings(host=f"http://127.0.0.1:{host.port}", kind=host.kind, **settings)  # type: ignore[arg-type]
    given = SimpleNamespace(git=(entry,), redaction_key=b"k" * 32, access=Access.STRICT)
    (made,) = SOURCE(given, clock, environment or {})
    assert isinstance(made, HostGit)
    return made


def question(host: Host, *fields: Field, **more: Any) -> GitQuestion:
    asked = {"tracks": "main", "path": "apps/web/prod", **more}
    return GitQuestion(f"127.0.0.1:{host.port}/team/shop", objects=((WEB, fields or (REPLICAS, IMAGE)),), **asked)


async def test_each_field_has_its_merge(source: HostGit, host: Host) -> None:
    answer = await source.merges(question(host, revision=host.shas["readme"]))
    found = {path: touch for touch in answer.touches[WEB] for path in touch.paths or ()}
    sign = "!" if host.kind == "gitlab" else "#"
    assert found[IMAGE.path].commit.author == "Carol"
    assert found[IMAGE.path].commit.pull_request == f"{sign}812"
    assert found[IMAGE.path].commit.time == datetime(2026, 11, 21, 8, 4, 30, tzinfo=UTC), "when it was merged"
    assert found[IMAGE.path].commit.title == "tighten image"
    assert found[IMAGE.path].commit.files == (FILE,)
    assert found[IMAGE.path].commit.url.endswith("/812")
    assert found[REPLICAS.path].commit.pull_request == f"{sign}813"
    assert found[REPLICAS.path].commit.sha == host.shas["scaled"]
    assert [commit.sha for commit in answer.revisions] == [host.shas["scaled"], host.shas["readme"]]
    assert answer.unseen == ()


async def test_asking_again_costs_one_question_while_the_branch_stays(source: HostGit, host: Host) -> None:
    first = await source.merges(question(host))
    before = len(host.asked)
    assert (await source.merges(question(host))).touches == first.touches
    assert len(host.asked) == before + 1


async def test_a_revision_that_is_not_there_is_said(source: HostGit, host: Host) -> None:
    answer = await source.merges(question(host, REPLICAS, revision="0123456789abcdef"))
    assert answer.unseen == (f"{source.name} does not have revision 0123456789ab: it may be behind",)


async def test_the_check_says_that_it_answers(source: HostGit, host: Host) -> None:
    health = await source.check()
    assert health.standing is Standing.OK
    assert health.identity == ("" if host.kind == "github" else "robot")


async def test_a_wrong_token_is_refused_in_one_line(host: Host, clock: Now) -> None:
    source = build(host, clock, {"WRONG": "wrong-token"}, token_env="WRONG")
    with pytest.raises(Unauthenticated):
        await source.merges(question(host))
    health = await source.check()
    assert health.standing is Standing.BLIND
    assert "wrong-token" not in health.error + health.hint
    await source.close()


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Forbidden), (404, Missing), (500, BadAnswer), (302, BadAnswer)]
)  # fmt: skip
async def test_what_is_refused_is_an_error_of_its_kind(
    status: int, kind: type[SourceError], source: HostGit, host: Host
) -> None:
    host.faults["/api"] = (status, {"location": "http://127.0.0.1:9/steal"}, b'{"message": "no\\u001b[31m"}')
    with pytest.raises(kind) as caught:
        await source.merges(question(host))
    assert caught.value.one_line().isprintable()


async def test_a_spent_budget_is_respected_until_it_is_filled(source: HostGit, host: Host, clock: Now) -> None:
    reset = str(int((NOW + timedelta(minutes=20)).timestamp()))
    prefix = "RateLimit" if host.kind == "gitlab" else "X-RateLimit"
    status = 403 if host.kind == "github" else 429
    host.faults["/api"] = (status, {f"{prefix}-Remaining": "0", f"{prefix}-Reset": reset}, b'{"message": "limit"}')
    with pytest.raises(Throttled) as caught:
        await source.merges(question(host))
    assert caught.value.retry_after == 1200
    asked = len(host.asked)
    host.faults.clear()
    with pytest.raises(Throttled):
        await source.merges(question(host))
    assert len(host.asked) == asked, "nothing is asked before that"
    clock.at += timedelta(minutes=21)
    assert (await source.merges(question(host))).touches[WEB]


async def test_the_last_questions_of_a_budget_are_left_to_others(source: HostGit, host: Host, clock: Now) -> None:
    reset = str(int((NOW + timedelta(minutes=20)).timestamp()))
    host.headers = {"x-ratelimit-remaining": "10", "x-ratelimit-reset": reset}
    with pytest.raises(Throttled):
        await source.merges(question(host))
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"<html>log in</html>", b"{", b"[" * 100_000, b'"text"', b"null", b'[{"sha": "../../x", "id": 7}]'],
)
async def test_what_is_no_answer_is_none(body: bytes, source: HostGit, host: Host) -> None:
    host.faults["/api"] = (200, {"content-type": "application/json"}, body)
    with pytest.raises(SourceError) as caught:
        await source.merges(question(host))
    assert "\n" not in caught.value.one_line()


async def test_megabytes_are_not_taken_in(source: HostGit, host: Host) -> None:
    host.faults["/api"] = (200, {"content-type": "application/json"}, b" " * (17 * 1024 * 1024))
    with pytest.raises(BadAnswer, match="too large"):
        await source.merges(question(host))


async def test_hostile_texts_are_only_texts(source: HostGit, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = host.log

    def log(revision: str, path: str) -> list[dict[str, Any]]:
        evil = "\x1b]0;x\x07 ghp_0123456789abcdefghijABCDEFGHIJ012345 \u202e" + TOKEN + "x" * 100_000
        return [{**one, "message": evil, "author": "\x1b[31mMallory"} for one in plain(revision, path)]

    monkeypatch.setattr(host, "log", log)
    answer = await source.merges(question(host))
    commit = answer.touches[WEB][0].commit
    assert (commit.title + commit.author).isprintable()
    assert len(commit.title) <= 200
    assert "ghp_" not in commit.title
    assert TOKEN not in commit.title


async def test_the_token_goes_to_its_host_only(host: Host, clock: Now) -> None:
    """A token of the public host is not sent to another one."""
    names = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}
    given = SimpleNamespace(
        git=(GitSettings(host=f"http://127.0.0.1:{host.port}", kind=host.kind),),  # type: ignore[arg-type]
        redaction_key=b"k" * 32, access=Access.FULL,
    )  # fmt: skip
    source = SOURCE(given, clock, {names[host.kind]: TOKEN})[0]
    assert isinstance(source, HostGit)
    await source.check()
    sent = {headers.get("authorization", "") for _, _, headers in host.asked}
    assert sent == ({f"token {TOKEN}"} if host.kind == "gitea" else {""})
    await source.close()


def test_tokens_in_the_environment_are_used_and_asked_only_when_needed() -> None:
    given = SimpleNamespace(git=(), redaction_key=b"k" * 32, access=Access.FULL)
    made: list[Any] = list(SOURCE(given, Now(), {"GH_TOKEN": "a", "GITLAB_TOKEN": "b"}))
    assert [source.name for source in made] == ["git:github.com", "git:gitlab.com"]
    assert [source.api for source in made] == ["https://api.github.com", "https://gitlab.com/api/v4"]
    assert all(source.lazy for source in made)
    assert made[0].holds("github.com/team/shop")
    assert not made[0].holds("github.com.evil.example/team/shop")
    assert SOURCE(given, Now(), {}) == ()


async def test_a_host_that_nobody_configured_is_not_contacted_for_a_check() -> None:
    given = SimpleNamespace(git=(), redaction_key=b"k" * 32, access=Access.FULL)
    (source,) = SOURCE(given, Now(), {"GITHUB_TOKEN": "a"})
    assert isinstance(source, HostGit)
    assert (await source.check()).standing is Standing.OFF
    assert source.http.counters.answers == 0


@pytest.mark.parametrize(
    "table",
    [
        {"clone": "/x", "host": "y", "kind": "github"},
        {"host": "http://git.example.com", "kind": "gitea"},
        {"host": "git.example.com"},
        {"host": "https://me:secret@git.example.com", "kind": "gitlab"},
        {},
    ],
)
def test_settings_that_cannot_be_used_are_refused(table: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[[git]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items()))
    with pytest.raises(InputError, match=r"git\.0"):
        load_settings(str(path))
