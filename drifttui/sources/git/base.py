"""What every reader of Git does alike: finds the files that declare the asked objects, and walks their versions.

A reader says how to list commits, files and contents of one repository. Everything is bounded: what is not looked into
is named in `GitAnswer.unseen`, and never taken for "nobody touched it".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from ...core.errors import inert
from ...core.git import (
    Commit,
    Field,
    Found,
    GitAnswer,
    GitQuestion,
    Touch,
    newest_first,
    normal_folder,
    stand_in,
    under,
)
from ...core.git_blame import Walk, declared, value_at
from ...core.git_values import Keys, keys_of
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
SEARCHED: Final = 5
"""Versions of a file of Helm values in which a field's value is looked for."""
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
        self._by: dict[ResourceRef, Found] = {}

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
        return GitAnswer(reader.name, self._repo, touches, kept, unseen, reader.clock(), self._by)

    async def _known(self, commit: Commit) -> Commit:
        if commit.sha not in self._told:
            self._told[commit.sha] = await self._reader.told(self._repo, commit)
        # Of a merge the author is whoever wrote what it brought to the asked file.
        return self._told[commit.sha]._replace(author=commit.author, title=commit.title)

    async def _objects(self, head: str) -> None:
        wanted = dict(self._question.objects)
        if not wanted:
            return
        tree, whole = await self._reader.tree(self._repo, head)
        if not whole:
            self._unseen.append(f"the list of files of {self._repo} is cut: some were not looked into")
        files = await self._files(head, tree) if self._question.renders else []
        places = await self._places(head, files, list(wanted)) if files else {}
        left: list[ResourceRef] = []
        for ref, fields in wanted.items():
            held = places.get(ref)
            if not held:
                left.append(ref)
                continue
            self._touches.setdefault(ref, {})
            self._by[ref] = Found.FILE
            await self._fields(head, ref, fields, held)
        if left:
            values = value_files(self._question, self._folder, tree)
            left = await self._values(head, values, {ref: wanted[ref] for ref in left}) if values else left
        if left:
            await self._folder_instead(head, left, values)

    async def _files(self, head: str, tree: Sequence[str]) -> list[str]:
        """Manifests of the unit's folder and of what its Kustomizations build on."""
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

    async def _touch(
        self, ref: ResourceRef, commit: Commit, paths: tuple[str, ...] | None, file: str, how: str = ""
    ) -> None:
        held = self._touches.setdefault(ref, {})
        before = held.get(commit.sha)
        if before is not None and before.paths is not None and paths is not None:
            paths = (*before.paths, *paths)
            how = ", ".join(filter(None, (before.how, how)))
        held[commit.sha] = Touch(await self._known(commit), paths, file, how)

    async def _values(
        self, head: str, files: Sequence[str], wanted: Mapping[ResourceRef, Sequence[Field]]
    ) -> list[ResourceRef]:
        """Looks for the fields of objects that no file declares in files of Helm values, the one that counts first.
        Gives the objects with a field that none of them explains."""
        left = {ref: list(fields) for ref, fields in wanted.items()}
        for file in reversed(files):
            commits, whole = await self._reader.history(self._repo, head, file, VERSIONS)
            found = await self._keys(commits, file, [field for fields in left.values() for field in fields])
            keys = [Field(key) for names in found.values() for key in names.pointers]
            walk = await self._walked(commits, whole, file, keys) if keys else Walk(())
            for ref, fields in left.items():
                left[ref] = [field for field in fields if field not in found]
                for field in fields:
                    if field in found:
                        await self._by_values(ref, field, found[field], walk, commits, file)
        return [ref for ref, fields in left.items() if fields]

    async def _keys(
        self, commits: Sequence[Commit], file: str, fields: Sequence[Field]
    ) -> dict[Field, Keys]:  # fmt: skip
        """In the newest version that holds what the field holds: the unit may be compared with an older one."""
        found: dict[Field, Keys] = {}
        for commit in commits[:SEARCHED]:
            held = await self._documents(commit.sha, file)
            for field in fields if held else ():
                if field not in found and (keys := keys_of(held[0] if held else None, field)).pointers:
                    found[field] = keys
        return found

    async def _walked(self, commits: Sequence[Commit], whole: bool, file: str, keys: Sequence[Field]) -> Walk:
        walk = Walk(keys)
        for commit in commits:
            if not walk.open:
                break
            held = await self._documents(commit.sha, file)
            walk.version(held[0] if held else None)
        else:
            if whole:
                walk.end()
        return walk

    async def _by_values(
        self, ref: ResourceRef, field: Field, keys: Keys, walk: Walk, commits: Sequence[Commit], file: str
    ) -> None:
        self._touches.setdefault(ref, {})
        self._by[ref] = Found.VALUES
        places = {walk.found.get(key) for key in keys.pointers}
        place = min((one for one in places if one is not None), default=None)
        if place is None:
            self._unseen.append(f"the history of {file} is cut before the commit that set {keys.pointers[0]}")
        elif len(places) == 1 or keys.together:
            which = [key for key in keys.pointers if walk.found.get(key) == place]
            name = (" and " if keys.together else " or ").join(inert(key, 120) for key in which[:3])
            await self._touch(ref, commits[place], (field.path,), file, f"{name} in {inert(file, 160)}")
        else:
            names = ", ".join(inert(key, 120) for key in keys.pointers[:4])
            self._unseen.append(
                f"{names} in {file} fit {field.label or field.path} alike: which one it is of is not known"
            )
            await self._touch(ref, commits[place], None, file)

    async def _folder_instead(self, head: str, left: Sequence[ResourceRef], values: Sequence[str]) -> None:
        if not self._question.part:
            self._unseen.append(stand_in(left, self._shown))
        places = [self._folder] if self._question.renders else []
        places += [file for file in values if not places or not under(file, self._folder)]
        commits: dict[str, Commit] = {}
        for place in places:
            listed, _ = await self._reader.history(self._repo, head, place, COMMITS)
            commits.update((commit.sha, commit) for commit in listed)
        ordered = newest_first(Touch(commit) for commit in commits.values())[:COMMITS]
        for number, touch in enumerate(ordered):
            commit = await self._known(touch.commit) if number == 0 else touch.commit
            for ref in left:
                self._by.setdefault(ref, Found.FOLDER)
                # What was found by field says more.
                self._touches.setdefault(ref, {}).setdefault(commit.sha, Touch(commit, None))


def value_files(question: GitQuestion, folder: str, tree: Sequence[str]) -> list[str]:
    """Those that are there, the one that counts last. A chart's own stand before all others."""
    known = set(tree)
    inside = f"{folder}/" if folder else ""
    own = [f"{inside}values.yaml"] if question.renders and f"{inside}Chart.yaml" in known else []
    return [file for file in dict.fromkeys((*own, *question.values)) if file in known]
