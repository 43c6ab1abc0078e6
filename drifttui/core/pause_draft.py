"""Steps of a plan while it is made: who undoes what, and the write that stops them, before either has a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .json_patch import Operation, Patch, PatchError, applied, put, test
from .pause import Target, Undoer, Write, WriteKind
from .planes import Document, Json, Mark
from .surroundings import Held


@dataclass(slots=True)
class Draft:
    """One write."""

    target: Target
    words: str
    patch: Patch
    undo: Patch
    uid: str
    captured: Mapping[str, Json]
    needs: str
    kind: WriteKind = WriteKind.JSON_PATCH
    optional: bool = False
    skipped: bool = False
    """It stands already, by another pause; named here so that it lasts until this one ends too."""

    def numbered(self, number: int) -> Write:
        return Write(
            number=number,
            kind=self.kind,
            target=self.target,
            words=self.words,
            patch=self.patch,
            undo=self.undo,
            uid=self.uid,
            captured=self.captured,
            optional=self.optional,
            skipped=self.skipped,
            needs=self.needs,
        )


@dataclass(slots=True)
class Threat:
    """Something that would put automation back, and the draft that holds it off."""

    who: str
    how: str
    when: str
    lever: str
    by: Draft | None = None


@dataclass(slots=True)
class Steps:
    """A plan in the making. `drafts` are in the order of writing."""

    drafts: list[Draft] = field(default_factory=list)
    threats: list[Threat] = field(default_factory=list)
    now: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def writes(self) -> tuple[Write, ...]:
        return tuple(draft.numbered(number) for number, draft in enumerate(self.drafts, 1))

    def undoers(self) -> tuple[Undoer, ...]:
        numbers = {id(draft): number for number, draft in enumerate(self.drafts, 1)}
        return tuple(
            Undoer(each.who, each.how, each.when, each.lever, numbers.get(id(each.by), 0) if each.by else 0)
            for each in self.threats
        )


def guarded(held: Held, changes: Sequence[Patch]) -> Patch:
    """All tests of several changes to one object before all of their changes, and the object's own uid before those."""
    tests = [each for patch in changes for each in patch if each["op"] == "test"]
    rest = [each for patch in changes for each in patch if each["op"] != "test"]
    return (test("/metadata/uid", held.uid), *tests, *rest)


def combined(
    held: Held,
    document: Document,
    fields: Mapping[str, Json | Mark],
    change: Callable[[Document, str, Json | Mark], Patch] = put,
) -> Patch:
    """One patch that brings several fields of `document` to these values; empty where they have them already.

    A test that would hold only after an earlier change of the same patch (the first of two annotations makes the room
    for both) is left out: the test of that change says the same.
    """
    tests: list[Operation] = []
    rest: list[Operation] = []
    after = document
    for pointer, value in fields.items():
        patch = change(after, pointer, value)
        after = applied(after, patch)
        tests += [each for each in patch if each["op"] == "test" and _holds(document, each)]
        rest += [each for each in patch if each["op"] != "test"]
    return (test("/metadata/uid", held.uid), *tests, *rest) if rest else ()


def stored(document: Document) -> Document:
    """As an API server keeps it: without annotations and labels that are there and empty."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return document
    kept = {key: value for key, value in metadata.items() if value or key not in ("annotations", "labels")}
    return {**document, "metadata": kept}


def _holds(document: Document, operation: Operation) -> bool:
    try:
        applied(document, (operation,))
    except PatchError:
        return False
    return True
