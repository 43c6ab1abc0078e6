"""What a draft changes in a clone: the texts as they become, and the words for each edit. Nothing is written."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.errors import inert
from drifttui.core.finding import Change
from drifttui.core.json_patch import same
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.pointers import get, parse
from drifttui.core.schema import Shape
from drifttui.store.manifest_paths import in_document
from drifttui.store.manifest_tree import Declared, Tree
from drifttui.store.yaml_edit import CannotEdit, Wanted, documents, edited


class Subject(NamedTuple):
    """The object that Git should come to say more of. `desired` is None where nobody could read it."""

    actual: Any
    desired: Any
    shape: Shape

    def tokens(self, document: Any, change: Change) -> tuple[str, ...]:
        """Where the field is in a document of the clone. Raises `CannotEdit`."""
        gone = change.desired if change.actual is ABSENT else UNKNOWN
        tokens = in_document(document, self.actual, parse(change.path), self.shape, gone)
        new_item = isinstance(get(document, tokens[:-1]), list) and get(document, tokens) is ABSENT
        if new_item and change.desired is not ABSENT and change.desired is not UNKNOWN:
            raise CannotEdit("the item of the list is not in this file")
        return tokens


class Edits:
    """Several edits may fall into one file."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.before: dict[Path, str] = {}
        self.after: dict[Path, str] = {}
        self.done: list[str] = []

    def text(self, file: Path) -> str:
        if file not in self.before:
            self.before[file] = self.after[file] = self.tree.read(file)
        return self.after[file]

    def data(self, file: Path, document: int = 0) -> Any:
        held = documents(self.text(file))
        return held[document].data if document < len(held) else None

    def apply(self, file: Path, document: int, wanted: Sequence[Wanted], words: str) -> None:
        """All of `wanted` or nothing. Raises `CannotEdit`, also where it says so already."""
        before = self.text(file)
        after = edited(before, document, wanted)
        if after == before:
            raise CannotEdit(f"{self.tree.name(file)} says so already: is it applied?")
        self.after[file] = after
        self.done.append(inert(f"{self.tree.name(file)}: {words}", 400))

    def change(self, place: Declared, change: Change, subject: Subject) -> None:
        """The field where a document holds it, or would."""
        data = self.data(place.file, place.document)
        tokens = subject.tokens(data, change)
        words = shown(change) + told_apart(get(data, tokens), change)
        self.apply(place.file, place.document, [Wanted(tokens, change.actual)], words)

    def changed(self) -> Mapping[Path, str]:
        return {file: text for file, text in sorted(self.after.items()) if text != self.before[file]}

    def diff(self) -> str:
        """As `git apply` takes it."""
        parts: list[str] = []
        for file, after in self.changed().items():
            name = quoted(self.tree.name(file))
            lines = difflib.unified_diff(
                _lines(self.before[file]), _lines(after), name.format("a/"), name.format("b/")
            )  # fmt: skip
            parts += [line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines]
        return "".join(parts)


def quoted(name: str) -> str:
    """A path as Git writes it in a patch, with `{}` for what stands before it."""
    plain = name.replace("{", "{{").replace("}", "}}")
    if name.isprintable() and not set(name) & set('"\\'):
        return "{}" + plain + ("\t" if " " in name else "")
    octal = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\{}' else f"\\{byte:03o}" for byte in name.encode()
    )
    return '"{}' + octal + '"'


def _lines(text: str) -> list[str]:
    """Split where Git splits: at newlines only."""
    found = text.split("\n")
    whole = [line + "\n" for line in found[:-1]]
    return [*whole, found[-1]] if found[-1] else whole


def told_apart(now: Any, change: Change) -> str:
    """What to say where the clone is not what was compared. Raises `CannotEdit` where a variable stands there."""
    if isinstance(now, str) and "${" in now and now != change.actual:
        raise CannotEdit(f"a variable stands there, {inert(now, 80)}: set it where it is defined")
    if change.desired is UNKNOWN or now is change.desired:
        return ""
    if now is not ABSENT and change.desired is not ABSENT and same(now, change.desired):
        return ""
    return f" (the clone said {spelled(now)}, though {spelled(change.desired)} was compared: is it up to date?)"


def shown(change: Change) -> str:
    return f"{change.path} taken out" if change.actual is ABSENT else f"{change.path} = {spelled(change.actual)}"


def spelled(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    if value is UNKNOWN:
        return "something unknown"
    return inert(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 120)


def only(found: Sequence[Declared], tree: Tree, where: str) -> Declared:
    """Raises `CannotEdit` for none and for several."""
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(tree.name(one.file) for one in found[:3])
        raise CannotEdit(f"several manifests declare it: {names}")
    unread = f"; not readable: {tree.unread[0]}" if tree.unread else ""
    raise CannotEdit(f"no manifest {where} declares it{unread}")
