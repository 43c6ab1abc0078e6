"""What every reader of Git does alike: finds the files that declare the asked objects, and walks their versions.

A reader says how to list commits, files and contents of one repository. Everything is bounded: what is not looked into
is named in `GitAnswer.unseen`, and never taken for "nobody touched it".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from ...core.errors import inert
from ...core.git import (
    Commit,
    Field,
    GitAnswer,
    GitQuestion,
    Touch,
    newest_first,
    normal_folder,
    under,
)
from ...core.git_blame import Walk, declared, value_at
from ...core.identity import ResourceRef
from ...core.planes import ABSENT, Plane
from ...core.ports import Clock
from ...core.redact import redact_text
from .manifests import KUSTOMIZATIONS, YAML, built_on, documents

FILES: Final = 60
"""Files of one unit that are opened to find its objects."""
VERSIONS: Final = 30
"""Versions of one file that are held against each other."""
COMMITS: Final = 20
"""Commits of a folder that stand in for objects that no file declares."""
BASES: Final = 12
"""Folders that one Kustomization may build on."""

ANSWERS: Final = 256
TITLE: Final = 200
NAME: Final = 100


class GitReader(ABC):
    """A `core.ports.HistorySource` that fills no plane."""

    system: ClassVar[str]
    planes: ClassVar[frozenset[Plane]] = frozenset()
    name: str
    opened: ClassVar[int] = FILES

    def __init__(self, clock: Clock, key: bytes) -> None:
        """`key` is that of digests: messages of commits hold secrets too."""
        self._clock, self._key = clock, key
        self._answers: OrderedDict[GitQuestion, tuple[str, GitAnswer]] = OrderedDict()

    # What each reader says for itself. `repo` is a `repo_key` that it holds; all raise `SourceError` only.

    @abstractmethod
    def holds(self, repo: str) -> bool: ...

    @abstractmethod
    async def head(self, repo: str, branch: str) -> Commit:
        """The newest commit of a branch or tag, or of the default branch for an empty one. Raises `Missing`."""

    @abstractmethod
    async def commit(self, repo: str, revision: str) -> Commit | None:
        """One commit; None where the repository does not have it."""

    @abstractmethod
    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        """Commits from `revision` back that touched a file or folder, newest first, and whether these are all."""

    @abstractmethod
    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        """Every file of a revision, and whether these are all."""

    @abstractmethod
    async def text(self, repo: str, revision: str, file: str) -> str | None:
        """The content of a file; None where it is not there or is no text."""

    async def told(self, repo: str, commit: Commit) -> Commit:
        """The commit with everything that takes another question: its merge request, and when that was merged."""
        return commit

    async def likely(self, repo: str, revision: str, files: Sequence[str], names: Sequence[str]) -> Sequence[str]:
        """`files`, those that may declare objects of these names first."""
        words = [name.lower() for name in names]
        return sorted(files, key=lambda file: not any(word in file.lower() for word in words))

    # The same for all.

    async def merges(self, question: GitQuestion) -> GitAnswer:
        """As long as the branch has not moved, what was found out stays so."""
        repo = question.repo
        head = await self.head(repo, question.branch)
        known = self._answers.get(question)
        if known is not None and known[0] == head.sha:
            return known[1]._replace(at=self._clock())
        answer = await _Asking(self, question, repo).answer(head)
        self._answers[question] = head.sha, answer
        while len(self._answers) > ANSWERS:
            self._answers.popitem(last=False)
        return answer

    def said(self, text: Any, limit: int = TITLE) -> str:
        """A foreign text without secrets, made harmless; empty for anything that is none."""
        return inert(redact_text(text[: limit * 8], self._key), limit) if isinstance(text, str) else ""

    def name_said(self, text: Any) -> str:
        return self.said(text, NAME)

    @property
    def clock(self) -> Clock:
        return self._clock


class _Asking:
    """One question."""

    def __init__(self, reader: GitReader, question: GitQuestion, repo: str) -> None:
        self._reader, self._question, self._repo = reader, question, repo
        self._folder = normal_folder(question.path)
        self._unseen: list[str] = []
        self._texts: dict[tuple[str, str], list[dict[str, Any]] | None] = {}
        self._touches: dict[ResourceRef, dict[str, Touch]] = {}
        self._told: dict[str, Commit] = {}

    async def answer(self, head: Commit) -> GitAnswer:
        reader, question = self._reader, self._question
        revisions = [await self._known(head)]
        for revision in question.revisions:
            found = await reader.commit(self._repo, revision)
            if found is not None:
                revisions.append(await self._known(found))
            else:
                self._unseen.append(f"{reader.name} does not have revision {revision[:12]}: it may be behind")
        if question.guessed:
            self._unseen.append("which branch the unit follows is not known: the default one was looked at")
        await self._objects(head.sha)
        touches = {ref: newest_first(held.values()) for ref, held in self._touches.items()}
        kept = tuple({commit.sha: commit for commit in revisions}.values())
        unseen = tuple(dict.fromkeys(self._unseen))
        return GitAnswer(reader.name, self._repo, touches, kept, unseen, reader.clock())

    async def _known(self, commit: Commit) -> Commit:
        if commit.sha not in self._told:
            self._told[commit.sha] = await self._reader.told(self._repo, commit)
        # Of a merge the author is whoever wrote what it brought to the asked file.
        return self._told[commit.sha]._replace(author=commit.author, title=commit.title)

    async def _objects(self, head: str) -> None:
        wanted = dict(self._question.objects)
        if not wanted:
            return
        files = await self._files(head)
        places = await self._places(head, files, list(wanted))
        left: list[ResourceRef] = []
        for ref, fields in wanted.items():
            held = places.get(ref)
            if not held:
                left.append(ref)
                continue
            self._touches.setdefault(ref, {})
            await self._fields(head, ref, fields, held)
        if left:
            await self._folder_instead(head, left)

    async def _files(self, head: str) -> list[str]:
        """Manifests of the unit's folder and of what its Kustomizations build on."""
        tree, whole = await self._reader.tree(self._repo, head)
        if not whole:
            self._unseen.append(f"the list of files of {self._repo} is cut: some were not looked into")
        known = set(tree)
        folders, done = [self._folder], set[str]()
        found: dict[str, None] = {}
        while folders and len(done) < BASES:
            folder = folders.pop(0)
            if folder in done:
                continue
            done.add(folder)
            below = [file for file in tree if under(file, folder) and file.endswith(YAML)]
            # The unit's own folder is read with all below it, one that it builds on likewise.
            found.update(dict.fromkeys(below))
            for name in KUSTOMIZATIONS:
                for file in [file for file in (f"{folder}/{name}".lstrip("/"),) if file in known]:
                    text = await self._reader.text(self._repo, head, file)
                    folders += built_on(folder, text or "")
        return list(found)

    async def _places(
        self, head: str, files: Sequence[str], refs: Sequence[ResourceRef]
    ) -> dict[ResourceRef, list[str]]:
        """The files that declare each object, those of the unit's own folder first."""
        names = sorted({ref.name for ref in refs})
        ordered = list(await self._reader.likely(self._repo, head, files, names))
        places: dict[ResourceRef, list[str]] = {}
        for opened, file in enumerate(ordered):
            if opened >= self._reader.opened:
                self._unseen.append(f"{len(ordered) - opened} files of {self._shown} were not opened")
                break
            found = await self._documents(head, file)
            for ref in refs:
                if found and declared(found, ref, self._question.namespace) is not None:
                    places.setdefault(ref, []).append(file)
        for held in places.values():
            held.sort(key=lambda file: not under(file, self._folder))
        return places

    @property
    def _shown(self) -> str:
        return self._folder or "the repository"

    async def _documents(self, revision: str, file: str) -> list[dict[str, Any]] | None:
        key = (revision, file)
        if key not in self._texts:
            text = await self._reader.text(self._repo, revision, file)
            self._texts[key] = documents(text) if text is not None else None
        return self._texts[key]

    async def _fields(self, head: str, ref: ResourceRef, fields: Sequence[Field], files: Sequence[str]) -> None:
        """A patch of the unit's own folder speaks for a field before the base that it changes."""
        left = list(fields)
        for number, file in enumerate(files):
            document = declared(await self._documents(head, file) or (), ref, self._question.namespace)
            last = number == len(files) - 1
            here = [field for field in left if last or value_at(document, field) is not ABSENT]
            if here:
                await self._walk(head, ref, here, file)
            left = [field for field in left if field not in here]

    async def _walk(self, head: str, ref: ResourceRef, fields: Sequence[Field], file: str) -> None:
        commits, whole = await self._reader.history(self._repo, head, file, VERSIONS)
        walk = Walk(fields)
        for commit in commits:
            if not walk.open:
                break
            found = await self._documents(commit.sha, file)
            if found is None and await self._reader.text(self._repo, commit.sha, file) is not None:
                self._unseen.append(f"{file} of {commit.sha[:12]} is no plain YAML: its fields were not compared")
                await self._touch(ref, commit, None, file)
                break
            walk.version(declared(found or (), ref, self._question.namespace))
        else:
            if whole:
                walk.end()
            elif walk.open:
                self._unseen.append(f"the history of {file} is cut after {len(commits)} commits")
        by_commit: dict[int, list[str]] = {}
        for path, place in walk.found.items():
            by_commit.setdefault(place, []).append(path)
        for place, paths in by_commit.items():
            await self._touch(ref, commits[place], tuple(paths), file)

    async def _touch(self, ref: ResourceRef, commit: Commit, paths: tuple[str, ...] | None, file: str) -> None:
        held = self._touches.setdefault(ref, {})
        before = held.get(commit.sha)
        if before is not None and before.paths is not None and paths is not None:
            paths = (*before.paths, *paths)
        held[commit.sha] = Touch(await self._known(commit), paths, file)

    async def _folder_instead(self, head: str, left: Sequence[ResourceRef]) -> None:
        names = ", ".join(inert(ref.short, 80) for ref in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        self._unseen.append(
            f"no file of {self._shown} declares {names}{more} as it runs: commits of the whole folder stand in"
        )
        commits, _ = await self._reader.history(self._repo, head, self._folder, COMMITS)
        for commit in commits[:COMMITS]:
            for ref in left:
                held = self._touches.setdefault(ref, {})
                held[commit.sha] = Touch(await self._known(commit) if commit is commits[0] else commit, None)
