"""What is asked of Git about the objects of one unit, and what comes back. No text of a file travels back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from .case import Merge
from .errors import inert
from .identity import ResourceRef

_SCP = re.compile(r"(?:[^@/\s]+@)?([A-Za-z0-9.-]+):(?!//)(.+)")
_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
_PULL_REQUEST = (
    re.compile(r"^Merge pull request (#\d+) "),
    re.compile(r"^See merge request \S*?(!\d+)\s*$", re.MULTILINE),
    re.compile(r"\A[^\n]*\((#\d+|!\d+)\)[ \t]*(?:\n|\Z)"),
)


class Field(NamedTuple):
    """`path` is a JSON Pointer whose positions are those of the live object; `label` names items of lists instead."""

    path: str
    label: str = ""
    holds: str = ""
    """What is declared for it, as JSON; empty where that is not known, is an object or a list, or is a digest."""


class Found(StrEnum):
    """How the commits of an object were found."""

    FILE = "file"
    """A file declares it."""
    VALUES = "values"
    """A file of Helm values holds what some of its fields hold."""
    FOLDER = "folder"
    """By no more than that they touched the unit's files."""


class GitQuestion(NamedTuple):
    repo: str
    """A `repo_key`."""
    path: str = ""
    """Folder or file in it; empty for the whole tree."""
    revision: str = ""
    """What the engine compares against; Flux puts the branch in front (`main@sha1:…`)."""
    applied: str = ""
    """What it applied last."""
    objects: tuple[tuple[ResourceRef, tuple[Field, ...]], ...] = ()
    namespace: str = ""
    """Of objects that name none."""
    tracks: str = ""
    """Branch, tag or commit that the engine follows; `HEAD` is the default branch, and empty: nobody said."""
    values: tuple[str, ...] = ()
    """Files of Helm values, from the root; of one key the last file counts."""
    renders: bool = True
    """False: only `values` belong to the unit."""
    part: bool = False
    """Other places render a part of the unit as well, so that an object may be declared there."""

    @property
    def branch(self) -> str:
        """Empty for the default branch."""
        if self.tracks == "HEAD":
            return ""
        return self.tracks or (self.revision.partition("@")[0] if "@" in self.revision else "")

    @property
    def guessed(self) -> bool:
        """Nobody said what is followed: that it is the default branch is taken for granted, and said."""
        return not self.tracks and not self.branch

    @property
    def revisions(self) -> tuple[str, ...]:
        """Hashes of commits among the wanted and the applied revision."""
        found = (bare_revision(part) for text in (self.revision, self.applied) for part in text.split(","))
        return tuple(dict.fromkeys(one for one in found if re.fullmatch(r"[0-9a-f]{7,64}", one)))


class Commit(NamedTuple):
    sha: str
    time: datetime | None = None
    """When it came to be on the branch, as far as that is known."""
    author: str = ""
    committer: str = ""
    title: str = ""
    """First line of the message."""
    pull_request: str = ""
    files: tuple[str, ...] = ()
    url: str = ""


class Touch(NamedTuple):
    """A commit that touched one object. `paths` None: nobody could look into what it did to the fields."""

    commit: Commit
    paths: tuple[str, ...] | None = None
    file: str = ""
    how: str = ""
    """Where it was not the field itself that was looked at: by which key of a file of values."""


class GitAnswer(NamedTuple):
    source: str
    repo: str
    touches: Mapping[ResourceRef, tuple[Touch, ...]] = {}
    """Newest first. An object that stands here with nothing was looked for, and no commit touches its fields."""
    revisions: tuple[Commit, ...] = ()
    """The wanted and the applied revision themselves, and the newest one of the branch."""
    unseen: tuple[str, ...] = ()
    at: datetime | None = None
    by: Mapping[ResourceRef, Found] = {}
    """Of each object in `touches`."""


class Merges(NamedTuple):
    """What Git says of one finding. `merges` None: no history could be read."""

    merges: tuple[Merge, ...] | None = None
    touches: tuple[Touch, ...] = ()
    unseen: tuple[str, ...] = ()
    source: str = ""
    pending: bool = False
    """Asked, and not answered yet."""
    explains: str = ""
    """Which merge may explain the drift and why; the verdict says whether it does."""
    at: datetime | None = None

    def touch_of(self, path: str) -> Touch | None:
        """The newest commit that touched one field, else one nobody could look into."""
        exact = next((one for one in self.touches if one.paths is not None and path in one.paths), None)
        return exact or next((one for one in self.touches if one.paths is None), None)


def merges_for(answer: GitAnswer, ref: ResourceRef) -> Merges:
    """The part of an answer that concerns one object, as the rules take it: commits that touch its fields, and the
    revisions themselves, which say how old the compared render is."""
    touches = answer.touches.get(ref)
    if touches is None:
        return Merges(unseen=answer.unseen, source=answer.source, at=answer.at)
    held = {touch.commit.sha for touch in touches}
    merges = [
        Merge(one.commit.sha, one.commit.time, one.commit.author, one.commit.pull_request, one.paths) for one in touches
    ]
    merges += [
        Merge(commit.sha, commit.time, commit.author, commit.pull_request, ())
        for commit in answer.revisions
        if commit.sha not in held
    ]
    return Merges(tuple(merges), touches, answer.unseen, answer.source, at=answer.at)


def stand_in(refs: Sequence[ResourceRef], where: str) -> str:
    """That commits of a folder were told in the place of those of these objects."""
    names = ", ".join(inert(ref.short, 80) for ref in refs[:3])
    more = f" and {len(refs) - 3} more" if len(refs) > 3 else ""
    return f"no file of {where} declares {names}{more} as it runs: commits of the whole folder stand in"


def bare_revision(text: str) -> str:
    """`main@sha1:0a1b` and `0a1b` are the same revision."""
    return text.rsplit("@", 1)[-1].rsplit(":", 1)[-1].strip().lower()


def pull_request_of(message: str) -> str:
    """`#812` or `!12`, by what the hosts write into messages of merges; empty where none is named."""
    return next((found[1] for pattern in _PULL_REQUEST if (found := pattern.search(message[:20_000]))), "")


def repo_key(url: str) -> str:
    """`host/path` of a repository, the same for every way to write its address; a local path as `file:/path`.

    Credentials, the ports that go without saying, `.git` and capitals of the host are no part of it. Empty for what is
    no address of a repository (charts in a registry).
    """
    text = url.strip()
    if text.startswith(("oci:", "s3:", "gcs:")) or not text:
        return ""
    if "://" not in text:
        found = _SCP.fullmatch(text)
        if found is None:
            return f"file:{_path(text)}" if text.startswith("/") else ""
        return f"{found[1].lower()}/{_path(found[2]).lstrip('/')}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if parts.scheme == "file":
        return f"file:{_path(parts.path)}"
    if parts.scheme not in _PORTS or not host:
        return ""
    shown = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    return f"{shown}/{_path(parts.path).lstrip('/')}"


def _path(text: str) -> str:
    return unquote(text).rstrip("/").removesuffix(".git").rstrip("/")


def host_of(key: str) -> tuple[str, str]:
    """(host, path) of a `repo_key`; both empty for a local one."""
    if key.startswith("file:"):
        return "", ""
    host, _, path = key.partition("/")
    return host, path


def under(file: str, folder: str) -> bool:
    """Whether a file lies in a folder, or is it."""
    wanted = normal_folder(folder)
    return not wanted or file == wanted or file.startswith(wanted + "/")


def normal_folder(path: str) -> str:
    """`./apps//web/` is `apps/web`; what leads out of the tree is the tree."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def newest_first(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    return tuple(sorted(touches, key=lambda one: one.commit.time.timestamp() if one.commit.time else 0.0, reverse=True))
