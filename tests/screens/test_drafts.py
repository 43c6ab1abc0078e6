"""`d` on a close-out: what would bring Git up to what runs is read before anything is written or opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.clients.access import Access
from drifttui.clients.git_settings import GitSettings
from drifttui.core.asks import Answer
from drifttui.core.draft_asks import Ahead, Drafts, DraftShown, OpenedAll, RequestShown
from drifttui.screens.commands import run
from drifttui.screens.drafts import DraftsScreen
from drifttui.screens.feed import Options
from drifttui.screens.request import RequestScreen
from drifttui.widgets.draft_lines import draft_lines, patch_lines
from tests.evidence import recorded as recorded_home
from tests.evidence.test_closeout_drafts import REPO, ROLE, recorded
from tests.evidence.test_closeout_open import BRANCH, FILE, running
from tests.services.clones import clone, git
from tests.services.forges import TOKEN, GitHub, GitLab, Host

from .acts import NASTY, PAYMENTS, acted
from .conftest import Session
from .fakes import FakeFeed
from .test_export import WHOLE, Compare, Told, session, until


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, name in (("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def drifted(home: Path) -> Path:
    """A recorded incident and a clone of the repository that declares one of its two units."""
    recorded(home / "data" / "drifttui" / "sessions")
    clone(home / "clone", {FILE: ROLE})
    git(home / "clone", "remote", "add", "origin", REPO)
    return home


def known(home: Path) -> Sequence[GitSettings]:
    return (GitSettings(clone=home / "clone"),)


async def drafts(found: Session) -> None:
    await found.type(":drafts")
    await found.press("enter")
    await until(found, "with a patch")


async def put(found: Session, name: str, text: str) -> None:
    screen = found.app.screen
    assert isinstance(screen, RequestScreen)
    screen.entry(name).put(text)
    await found.settle()


def on(found: Session, screen: type) -> bool:
    return isinstance(found.app.screen, screen)


def detail(found: Session) -> str:
    screen = found.app.screen
    assert isinstance(screen, DraftsScreen)
    return screen.detail.text


async def test_a_close_out_leads_to_the_patch_and_nothing_is_written(drifted: Path) -> None:
    async with session(git=known(drifted)) as found:
        await found.type(":closeout")
        await found.press("enter")
        await until(found, "`d` drafts")
        await found.press("d")
        await until(found, "1 of 2 with a patch")
        said = detail(found)
        assert "-- verbs: [get]  # nothing else" in said.splitlines()
        assert "+- verbs: [get, '*']  # nothing else" in said.splitlines()
        assert "git.example.com/acme/deploy, branch drifttui/INC-1-f-payments" in " ".join(said.split())
        assert "## Rollback" in said
        assert "patch" in found.line("▌")
        await found.press("j")
        assert "none" in found.line("▌")
        assert "the record does not say where in Git its unit is declared" in " ".join(detail(found).split())
        assert git(drifted / "clone", "status", "--porcelain") == ""
        assert sorted(path.name for path in drifted.iterdir()) == ["clone", "data"]
        await found.press("escape", "escape")
        assert not on(found, DraftsScreen)


async def test_w_writes_the_files_that_the_command_writes(drifted: Path) -> None:
    async with session(git=known(drifted)) as found:
        await drafts(found)
        await found.press("space", "space", "W")
        await found.type("out")
        assert not (drifted / "out").exists()
        await found.press("enter")
        await until(found, "3 files in out: f-payments.patch, f-payments.md, f-checkout.md")
    patch = (drifted / "out" / "f-payments.patch").read_text()
    git(drifted / "clone", "apply", "--check", "-", stdin=patch)
    assert "## Rollback" in (drifted / "out" / "f-payments.md").read_text()


async def test_a_folder_that_cannot_be_written_is_said(drifted: Path) -> None:
    async with session(git=known(drifted)) as found:
        await drafts(found)
        await found.press("W")
        await found.type("/proc/nothing")
        await found.press("enter")
        await until(found, "Cannot write to /proc/nothing")
        await found.press("W", "escape")
        assert on(found, DraftsScreen)


async def test_without_a_clone_it_says_so_and_c_names_one(drifted: Path) -> None:
    async with session() as found:
        await found.type(":drafts")
        await found.press("enter")
        await until(found, "0 of 2 with a patch")
        await found.press("j")
        assert f"no clone of {REPO} is known: name one" in " ".join(detail(found).split())
        await found.press("C")
        await found.type("nowhere")
        await found.press("enter")
        await until(found, "cannot be read")
        await found.press("C")
        for _ in "nowhere":
            await found.press("backspace")
        await found.type("clone")
        await found.press("enter")
        await until(found, "1 of 2 with a patch")
        assert "verbs: [get, '*']" in detail(found)


async def test_a_secret_in_git_around_the_edit_stays_off_the_screen(drifted: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    clone(drifted / "other", {FILE: ROLE.replace("# nothing else", f"# {secret}")})
    git(drifted / "other", "remote", "add", "origin", REPO)
    async with session(git=(GitSettings(clone=drifted / "other"),)) as found:
        await drafts(found)
        assert secret not in detail(found)
        assert "values like secrets around the edit" in " ".join(detail(found).split())
        await found.press("W")
        await found.type("out")
        await found.press("enter")
        await until(found, "2 files in out")
        assert secret in (drifted / "out" / "f-payments.patch").read_text()


async def test_nothing_that_differs_is_nothing_to_draft(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with session(recorded_home.board(incident="")) as found:
        await found.type(":drafts")
        await found.press("enter")
        assert "No incident is set" in found.screen
    async with session(recorded_home.board(incident="INC-404")) as found:
        await found.type(":drafts")
        await found.press("enter")
        await until(found, "No incident INC-404 here")


# Requests.


@pytest.fixture
def host(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    with running(getattr(request, "param", GitHub)({FILE: ROLE})) as made:
        assert made.server is not None
        url = f"{made.server.url}/acme/deploy.git"
        recorded(home / "data" / "drifttui" / "sessions", repo=url)
        clone(home / "clone", {FILE: ROLE})
        git(home / "clone", "remote", "add", "origin", url)
        yield made


def settings(host: Host, home: Path) -> dict[str, Any]:
    assert host.server is not None
    there = GitSettings(host=host.server.url, kind=host.kind, token_env="FORGE_TOKEN", timeout=20)  # type: ignore[arg-type]
    return {"git": (*known(home), there)}


@pytest.mark.parametrize("host", [GitHub, GitLab], indirect=True)
async def test_a_request_is_shown_then_opened_then_told_by_the_checklist(host: Host, home: Path) -> None:
    async with session(**settings(host, home)) as found:
        await found.type(":closeout")
        await found.press("enter")
        await until(found, "`d` drafts")
        await found.press("d")
        await until(found, "with a patch")
        await found.press("j", "O")
        assert "there is nothing to open a request for" in found.screen
        await found.press("k", "O")
        await until(found, f"{BRANCH} into main")
        word = "pull request" if host.kind == "github" else "merge request"
        assert f"Open a {word}" in found.screen
        assert FILE in found.screen
        await found.press("enter")
        assert f"enter once more to open 1 {word} at" in found.screen
        await asyncio.sleep(0.1)
        assert host.writes == []
        await found.press("escape", "enter", "enter")
        await until(found, "Became")
        assert BRANCH in host.repository.branches
        (request,) = host.repository.requests
        url = str(request.get("html_url") or request["web_url"])
        assert f"opened {url}" in " ".join(found.screen.split())
        assert TOKEN not in found.screen
        await found.press("escape")
        await until(found, "opened")
        await found.press("escape", "ctrl+r")
        await until(found, "request opened")
        row = found.line("payments")
        assert "open, request opened" in row


async def test_what_was_not_looked_at_is_not_opened(host: Host, home: Path) -> None:
    async with session(**settings(host, home)) as found:
        await drafts(found)
        await found.press("O")
        await until(found, f"{BRANCH} into main")
        await put(found, "target", "release")
        assert "enter looks there first" in found.screen
        await found.press("enter")
        await until(found, "There is no branch release")
        await found.press("enter", "enter")
        assert "Nothing can be opened" in found.screen
        await put(found, "target", "main")
        await found.press("enter")
        await until(found, f"{BRANCH} into main")
        assert host.writes == []
        await found.press("enter", "enter")
        await until(found, "Became")


async def test_a_clone_that_is_behind_opens_nothing(host: Host, home: Path) -> None:
    host.repository.commits[host.repository.branches["main"]][FILE] = ROLE + "# more\n"
    async with session(**settings(host, home)) as found:
        await drafts(found)
        await found.press("O")
        await until(found, "Nothing can be opened")
        assert "not the same in main as in the clone" in " ".join(found.screen.split())
        await found.press("enter", "enter")
    assert host.writes == []


async def test_read_only_opens_nothing_and_asks_nobody(host: Host, home: Path) -> None:
    board = recorded_home.board(read_only=True)
    async with session(board, access=Access.READ_ONLY, **settings(host, home)) as found:
        await drafts(found)
        await found.press("O")
        assert "Refused by --read-only" in found.screen
        assert on(found, DraftsScreen)
    assert host.server is not None
    assert host.server.requests == []


# What it looks like.

DIFF = """\
--- a/apps/payments/role.yaml
+++ b/apps/payments/role.yaml
@@ -4,7 +4,7 @@
   name: pay-admin
   namespace: payments
 rules:
-- verbs: [get, list]  # reviewed by the payments team, see the handbook before you widen this any further
+- verbs: [get, list, '*']  # reviewed by the payments team, see the handbook before you widen this any further
   resources: [secrets]
"""
PATCH = DraftShown(
    "5a78c9d9",
    str(PAYMENTS),
    "Role/pay-admin /rules/0/verbs as it runs (INC-9127)",
    "## What differs\n\n| field | Git | runs |\n|---|---|---|\n| `/rules/0/verbs` | get, list | get, list, * |\n",
    diff=DIFF,
    files=("apps/payments/role.yaml",),
    done=("apps/payments/role.yaml: /rules/0/verbs becomes [get, list, '*']",),
    problems=("/metadata/annotations/token: its value is secret and was never read: set it by hand",),
    clone="/home/op/deploy",
    repo="git.example.com/acme/deploy",
    branch="drifttui/INC-9127-5a78c9d9",
)
STATE = DraftShown(
    "77aa",
    "opentofu/tofu:eu//network",
    "aws_security_group.api /description as it runs (INC-9127)",
    "## What differs\n",
    commands=("tofu -chdir=stacks/network workspace show", "tofu -chdir=stacks/network apply -refresh-only"),
    preconditions=("Nobody holds the lock, and no pipeline applies this stack meanwhile.",),
    request="",
)
NONE = DraftShown("9e1b", str(PAYMENTS), NASTY, NASTY, problems=(NASTY,), request=f"opened {NASTY}")


class Drafted(Told):
    """Drafts of every kind, at once."""

    def drafts(self, incident: str, clone: str, then: Callable[[Drafts], None]) -> None:
        then(Drafts((PATCH, STATE, NONE), clone))

    def write_drafts(self, findings: Sequence[str], folder: str, then: Callable[[Answer], None]) -> None:
        then(Answer(f"{len(findings)} files in {folder}"))

    def look_ahead(
        self, incident: str, findings: Sequence[str], repo: str, target: str, then: Callable[[Ahead], None]
    ) -> None:
        item = RequestShown(PATCH.finding, PATCH.title, PATCH.branch, "main", PATCH.files, PATCH.problems)
        then(Ahead((item,), "pull request", "git.example.com", "acme/deploy"))

    def open_requests(self, incident: str, then: Callable[[OpenedAll], None]) -> None:
        then(OpenedAll())


def picture(compare: Compare, size: tuple[int, int], keys: Sequence[str] = (), theme: str = "drift-dark") -> bool:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        app = pilot.app
        assert isinstance(app, DriftApp)
        run(app.screen, "drafts")  # type: ignore[arg-type]
        await pilot.pause(0.3)
        await pilot.press(*keys)
        await pilot.pause(0.3)

    app = DriftApp(FakeFeed(acted()), Options(theme=theme), None, lambda: Drafted(WHOLE))
    return compare(app, terminal_size=size, run_before=before)


def test_drafts(snap_compare: Compare) -> None:
    """A patch in its colours, where it would go, and what is not in it."""
    assert picture(snap_compare, (120, 40))


def test_drafts_on_a_small_terminal(snap_compare: Compare) -> None:
    """Long lines are folded, not cut."""
    assert picture(snap_compare, (80, 24), ("enter", "pagedown"), "drift-light")


def test_commands_for_a_state(snap_compare: Compare) -> None:
    """What has to hold first stands in front of the commands."""
    assert picture(snap_compare, (100, 30), ("j",))


def test_a_request(snap_compare: Compare) -> None:
    """What opening would do, before anything is written."""
    assert picture(snap_compare, (120, 40), ("O",))


def test_outside_text_in_a_draft_is_inert_and_whole() -> None:
    hostile = "+  name: \x1b[31mred\x07 \u202egnp\u200b\tx" + "é漢" * 80 + "end"
    for width in (40, 80):
        lines = ["".join(text for text, _ in line) for line in patch_lines(hostile + "\n", width)]
        assert not set("\x1b\x07\u202e\u200b\t") & set("".join(lines))
        assert lines[0].startswith("+  name: \ufffd[31mred\ufffd \ufffdgnp\ufffd    x")
        whole = lines[0] + "".join(line.removeprefix("  … ") for line in lines[1:])
        assert whole.endswith("é漢" * 80 + "end")
    told = "".join(text for line in draft_lines(NONE, 60) for text, _ in line)
    assert not set("\x1b\x07\u202e\u200b") & set(told)


def test_lines_of_a_patch_keep_their_blanks_and_signs() -> None:
    roles = {line[0][0]: line[0][1] for line in patch_lines(DIFF, 200)}
    assert roles["   resources: [secrets]"] == "text"
    assert roles["--- a/apps/payments/role.yaml"] == "strong"
    assert next(role for text, role in roles.items() if text.startswith("-- verbs")) == "bad"
