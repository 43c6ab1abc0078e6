"""The Git repository that is the source of truth: real commits, by people, at times of their choosing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Author:
    """Whoever a commit is by."""

    name: str
    email: str


ERIN = Author("Erin Okafor", "erin@example.com")
FRANK = Author("Frank Meyer", "frank@example.com")
RELEASE_BOT = Author("release-bot", "release-bot@example.com")


class Repository:
    """A bare repository under `root`, which is served, and a checkout beside it, in which commits are made."""

    def __init__(self, root: Path, name: str = "platform") -> None:
        self._bare = root / f"{name}.git"
        self._work = root.parent / f"checkout-{name}"

    def create(self) -> None:
        if self._bare.exists():
            return
        self._bare.parent.mkdir(parents=True, exist_ok=True)
        _git(self._bare.parent, "init", "--bare", "--initial-branch=main", self._bare.name)
        _git(self._bare.parent, "clone", "--quiet", str(self._bare), str(self._work))

    def commit(self, files: Mapping[str, str | None], message: str, author: Author) -> str:
        """Write `files` (None deletes one), commit, publish. Returns the revision, unchanged when nothing differs."""
        for name, content in files.items():
            path = self._work / name
            if content is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        _git(self._work, "add", "--all")
        if _git(self._work, "status", "--porcelain"):
            _git(self._work, "commit", "--quiet", "-m", message, author=author)
            _git(self._work, "push", "--quiet", "origin", "HEAD:main")
        return self.head()

    def head(self) -> str:
        return _git(self._work, "rev-parse", "HEAD").strip()

    def read(self, name: str) -> str:
        return (self._work / name).read_text()


def _git(folder: Path, *arguments: str, author: Author | None = None) -> str:
    """Without the settings of whoever runs this: no hooks, no signing, no other name."""
    who = author or Author("drifttui", "drifttui@example.com")
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": who.name,
        "GIT_AUTHOR_EMAIL": who.email,
        "GIT_COMMITTER_NAME": who.name,
        "GIT_COMMITTER_EMAIL": who.email,
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
