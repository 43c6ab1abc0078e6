"""A clone on this machine, through `git` itself. It is read as it stands: nothing is fetched, and that is said.

What came to the branch is its first-parent history: a merge stands for everything that it brought, and its author is
that of the newest commit that it brought to the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from ...clients.git import GitClone
from ...clients.git_settings import GitSettings
from ...core.audit import moment
from ...core.errors import Missing, SourceError, inert
from ...core.git import Commit, pull_request_of, repo_key
from ...core.health import SourceHealth, Standing
from ...core.ports import Clock
from .base import GitReader

_FORMAT: Final = "--format=%H%x00%cI%x00%an%x00%cn%x00%P%x00%B%x00"
_PARTS: Final = 6
_LONE: Final = re.compile(r"[0-9a-f]{7,64}")
FILES_NAMED: Final = 100
_BLOB: Final = 2 * 1024 * 1024


class LocalGit(GitReader):
    system: ClassVar[str] = "Git"

    def __init__(self, settings: GitSettings, clock: Clock, key: bytes) -> None:
        super().__init__(clock, key)
        assert settings.clone is not None
        self._folder = settings.clone.expanduser()
        self.name = f"git:{inert(self._folder.name.removesuffix('.git') or str(self._folder), 80)}"
        self._git = GitClone(self._folder, timeout=settings.timeout)
        self._named = repo_key(settings.repo) if settings.repo else ""
        self._keys: frozenset[str] | None = None
        self._asked: datetime | None = None

    def holds(self, repo: str) -> bool:
        """By the addresses of its remotes, which stand in its configuration file: no git is run for that."""
        return repo in self.repos

    @property
    def repos(self) -> frozenset[str]:
        if self._keys is None:
            named = {self._named, repo_key(str(self._folder.resolve()))}
            self._keys = frozenset(named | {repo_key(url) for url in _remotes(self._folder)}) - {""}
        return self._keys

    async def head(self, repo: str, branch: str) -> Commit:
        named = [f"refs/remotes/origin/{branch}", f"refs/heads/{branch}", f"refs/tags/{branch}"]
        if _LONE.fullmatch(branch):
            named.append(branch)
        for name in named if branch else ("refs/remotes/origin/HEAD", "HEAD"):
            if (found := await self._resolved(name)) is not None:
                return found
        raise Missing(f"{self.name} does not have {inert(branch, 80) or 'any commit'}", str(self._folder), "Fetch it.")

    async def commit(self, repo: str, revision: str) -> Commit | None:
        return await self._resolved(revision) if _LONE.fullmatch(revision) else None

    async def _resolved(self, name: str) -> Commit | None:
        sha = await self._git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}", fails=False
        )
        if not sha.strip():
            return None
        listed = await self._log(sha.decode().strip(), "-1", "--first-parent")
        return await self._authored(*listed[0], "") if listed else None

    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        where = ["--", path] if path else []
        listed = await self._log(revision, f"-{most + 1}", "--first-parent", *where)
        commits = [await self._authored(commit, parents, path) for commit, parents in listed[:most]]
        shallow = (await self._git.run("rev-parse", "--is-shallow-repository")).strip() == b"true"
        return commits, len(listed) <= most and not shallow

    async def _authored(self, commit: Commit, parents: Sequence[str], path: str) -> Commit:
        """A merge under the name of whoever wrote what it brought."""
        if len(parents) < 2:
            return commit
        where = ["--", path] if path else []
        brought = await self._log(f"{parents[0]}..{commit.sha}", "-1", "--no-merges", *where)
        if not brought:
            return commit
        newest = brought[0][0]
        return commit._replace(author=newest.author, title=newest.title)

    async def _log(self, revisions: str, *words: str) -> list[tuple[Commit, list[str]]]:
        """Commits with their parents."""
        options = [word for word in words if word != "--" and word.startswith("-")]
        paths = list(words[words.index("--") :]) if "--" in words else []
        told = await self._git.run("log", _FORMAT, *options, "--end-of-options", revisions, *(paths or ["--"]))
        parts = told.split(b"\x00")
        return [self._commit(parts[at : at + _PARTS]) for at in range(0, len(parts) - _PARTS + 1, _PARTS)]

    def _commit(self, parts: Sequence[bytes]) -> tuple[Commit, list[str]]:
        """The commit of one record of `_FORMAT`, and its parents."""
        sha, at, author, committer, parents, message = (part.decode("utf-8", "replace").strip() for part in parts)
        title = next((line for line in message.splitlines() if line.strip()), "")
        by, committed = self.name_said(author), self.name_said(committer)
        commit = Commit(sha, moment(at), by, committed, self.said(title), pull_request_of(message))
        return commit, parents.split()

    async def told(self, repo: str, commit: Commit) -> Commit:
        """With the files that it changed, against what stood on the branch before."""
        told = await self._git.run(
            "log", "-1", "--first-parent", "-m", "-z", "--name-only", "--format=", "--no-renames", "--no-ext-diff",
            "--no-textconv", "--end-of-options", commit.sha, "--",
        )  # fmt: skip
        names = [inert(name.decode("utf-8", "replace"), 300) for name in told.split(b"\x00") if name]
        return commit._replace(files=tuple(names[:FILES_NAMED]))

    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        told = await self._git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision)
        return [name.decode("utf-8", "surrogateescape") for name in told.split(b"\x00") if name], True

    async def text(self, repo: str, revision: str, file: str) -> str | None:
        found = await self._git.run("rev-parse", "--verify", "--quiet", f"{revision}:{file}", fails=False)
        if not found.strip():
            return None
        blob = found.decode().strip()
        size = (await self._git.run("cat-file", "-s", blob)).strip()
        if not size.isdigit() or int(size) > _BLOB:
            return None
        return (await self._git.run("cat-file", "blob", blob)).decode("utf-8", "replace")

    async def likely(self, repo: str, revision: str, files: Sequence[str], names: Sequence[str]) -> Sequence[str]:
        """Only files that hold one of the names at all."""
        patterns = [word for name in names for word in ("-e", name)]
        if not patterns:
            return ()
        told = await self._git.run("grep", "-l", "-z", "-F", "-I", *patterns, revision, fails=False)
        prefix = f"{revision}:".encode()
        found = {
            name.removeprefix(prefix).decode("utf-8", "surrogateescape") for name in told.split(b"\x00") if name
        }  # fmt: skip
        return await super().likely(repo, revision, [file for file in files if file in found], names)

    async def check(self) -> SourceHealth:
        now = self._clock()
        health = SourceHealth(self.name, self.system, Standing.BLIND, inert(str(self._folder)), checked_at=now)
        try:
            head = await self.head("", "")
            shallow = (await self._git.run("rev-parse", "--is-shallow-repository")).strip() == b"true"
            version = (await self._git.run("version")).decode(errors="replace").strip()
        except SourceError as error:
            return health._replace(error=f"{error.title}: {error.detail}", hint=error.hint)
        self._asked = now
        shown = health._replace(
            standing=Standing.OK,
            version=self.said(version, 60).removeprefix("git version "),
            newest_answer=now,
            answers=1,
            method=f"clone of {len(self.repos)} addresses, newest commit {head.sha[:12]}",
        )
        if shallow:
            return shown._replace(
                standing=Standing.DEGRADED,
                error="The clone is shallow: merges before its beginning are unknown.",
                hint=f"`git -C {inert(str(self._folder), 200)} fetch --unshallow` gets the rest.",
            )
        return shown

    async def close(self) -> None:
        """Nothing stays open between two questions."""


def _remotes(folder: Path) -> list[str]:
    """Addresses of the remotes in a clone's own `config`; none where it cannot be read."""
    found: list[str] = []
    for place in (folder / ".git" / "config", folder / "config", _linked(folder)):
        try:
            text = place.read_text(encoding="utf-8", errors="replace")[:1_000_000] if place is not None else ""
        except OSError:
            continue
        found += re.findall(r"^\s*url\s*=\s*\"?([^\s\"]+)\"?\s*$", text, re.MULTILINE)
    return found


def _linked(folder: Path) -> Path | None:
    """The `config` of the repository that a worktree belongs to."""
    try:
        text = (folder / ".git").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not text.startswith("gitdir: "):
        return None
    home = (folder / text.removeprefix("gitdir: ")).resolve()
    return home.parent.parent / "config" if home.parent.name == "worktrees" else home / "config"
