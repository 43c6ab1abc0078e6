"""`closeout --open` against a host on a socket: shown, asked, opened once, and told in the checklist and the ledger."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.commands import closeout_open
from tests.conforms import departures
from tests.services.clones import clone, git
from tests.services.forges import TOKEN, Fault, GitHub, GitLab, Host, hosted

from .test_closeout_drafts import ROLE, recorded

BRANCH = "drifttui/INC-1-f-payments"
FILE = "apps/payments/role.yaml"


@contextmanager
def running(host: Host) -> Iterator[Host]:
    """The host on a loop of its own: the command has one, too."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def play() -> None:
        async with hosted(host):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(play()))
    thread.start()
    assert ready.wait(10)
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@pytest.fixture(params=[GitHub, GitLab])
def host(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for variable, name in (("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with running(request.param({FILE: ROLE})) as made:
        assert made.server is not None
        url = f"{made.server.url}/acme/deploy.git"
        recorded(tmp_path / "data" / "drifttui" / "sessions", repo=url)
        clone(tmp_path / "clone", {FILE: ROLE})
        git(tmp_path / "clone", "remote", "add", "fork", "https://git.example.com/me/deploy.git")
        git(tmp_path / "clone", "remote", "add", "origin", url)
        (tmp_path / "config" / "drifttui").mkdir(parents=True)
        (tmp_path / "config" / "drifttui" / "config.toml").write_text(
            f'[[git]]\nhost = "{made.server.url}"\nkind = "{made.kind}"\ntoken_env = "FORGE_TOKEN"\ntimeout = 1\n'
        )
        yield made


def closeout(*more: str) -> int:
    return main(["closeout", "--incident", "INC-1", "--draft", "out", "--clone", "clone", *more])


def answer(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    code = closeout("--open", "--yes", "--json", *more)
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    told = json.loads(said.out)
    assert departures(told, "closeout") == []
    return code, told


def test_a_request_is_opened_once_and_told_everywhere(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = answer(capsys)
    (request,) = told["requests"]
    assert (code, request["state"], request["branch"]) == (2, "opened", BRANCH)
    (held,) = host.repository.requests
    assert request["url"] == (held.get("html_url") or held["web_url"])
    assert "## Rollback" in (held.get("body") or held["description"])
    assert "verbs: [get, '*']  # nothing else" in host.repository.commits[host.repository.branches[BRANCH]][FILE]
    (item,) = [one for one in told["items"] if one["id"] == "f-payments"]
    assert item["request"] == f"opened {request['url']}"
    writes = len(host.writes)
    code, told = answer(capsys)
    assert (code, told["requests"][0]["state"], told["requests"][0]["url"]) == (2, "exists", request["url"])
    assert len(host.writes) == writes
    assert main(["ledger", "log"]) == 0
    log = capsys.readouterr().out
    assert f"note: request opened: {request['url']}" in log
    assert "note: request intended: acme/deploy" in log
    assert main(["export", "--incident", "INC-1", "-o", "b.tar.gz"]) == 0
    assert main(["ledger", "verify"]) == 0


def test_it_is_shown_and_asked_for(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert closeout("--open") == 1
    assert "Nobody is there to confirm" in capsys.readouterr().err
    asked: list[str] = []

    def no(words: str) -> str:
        asked.append(words)
        return "n"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(closeout_open.opened, "__kwdefaults__", {"ask": no})
    assert closeout("--open") == 1
    said = capsys.readouterr().out
    assert asked == [
        f"Open 1 {'pull' if host.kind == 'github' else 'merge'} request at {_name(host)}? Type yes to go on: "
    ]
    assert f"{_name(host)} acme/deploy: {BRANCH} into main" in said
    assert f"changes {FILE}" in said
    assert "request for f-payments: not opened: not confirmed" in said
    assert host.writes == []
    monkeypatch.setattr(closeout_open.opened, "__kwdefaults__", {"ask": lambda words: "yes"})
    assert closeout("--open") == 2
    assert "    request opened http" in capsys.readouterr().out


def _name(host: Host) -> str:
    assert host.server is not None
    return host.server.url.removeprefix("http://")


def test_read_only_refuses_before_anything_is_read(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert closeout("--open", "--yes", "--read-only") == 1
    assert "Refused by --read-only" in capsys.readouterr().err
    config = Path("config/drifttui/config.toml")
    config.write_text('read_only = "strict"\n' + config.read_text())
    assert closeout("--open", "--yes") == 1
    assert "Refused by --read-only" in capsys.readouterr().err
    assert host.server is not None
    assert host.server.requests == []
    assert main(["closeout", "--incident", "INC-1", "--open"]) == 1
    assert "--open needs a draft" in capsys.readouterr().err


def test_a_clone_that_is_behind_opens_nothing(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    main_sha = host.repository.branches["main"]
    host.repository.commits[main_sha][FILE] = ROLE + "# more\n"
    code, told = answer(capsys)
    assert (code, told["requests"][0]["state"]) == (1, "refused")
    assert "not the same in main as in the clone" in told["requests"][0]["why"]
    assert host.writes == []


def test_an_unknown_outcome_is_written_down_as_such(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.faults.append(Fault("POST", "/pulls" if host.kind == "github" else "/merge_requests"))
    code, told = answer(capsys)
    assert (code, told["requests"][0]["state"]) == (1, "unknown")
    (item,) = [one for one in told["items"] if one["id"] == "f-payments"]
    assert item["request"] == f"unknown {BRANCH}"
    code, told = answer(capsys)
    assert (code, told["requests"][0]["state"]) == (2, "opened")
    assert len(host.repository.requests) == 1


def test_another_host_and_a_wrong_token_are_one_line(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert closeout("--open", "--yes", "--repo", "https://git.example.com/a/b") == 1
    assert "What speaks at git.example.com is not known" in capsys.readouterr().err
    monkeypatch.setenv("FORGE_TOKEN", "wr0ng")
    code, told = answer(capsys)
    assert code == 1
    assert "does not accept the credentials" in told["requests"][0]["why"]
    assert host.writes == []
