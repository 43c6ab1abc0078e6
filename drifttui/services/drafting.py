"""Drafts what brings Git up to reality: the smallest edit of the manifests in a local clone, as a patch to be reviewed.

Nothing in the clone is written. What cannot be mapped without guessing is said instead.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.finding import Change, Finding
from drifttui.core.planes import ABSENT, UNKNOWN, ThreePlanes
from drifttui.core.pointers import build, get, parse
from drifttui.core.redact import holds_secret
from drifttui.store.manifest_tree import Declared, Tree
from drifttui.store.yaml_edit import CannotEdit, Wanted, documents, edited, in_document


class Draft(NamedTuple):
    """`diff` is a unified diff for `git apply`; empty where nothing could be drafted, and `problems` say why."""

    finding: str
    diff: str
    files: Mapping[str, str]
    """Path in the repository → the whole new text."""
    done: tuple[str, ...]
    """What each edit does, a line each."""
    problems: tuple[str, ...]


class _Edits:
    """Texts as they become; several edits may fall into one file."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.before: dict[Path, str] = {}
        self.after: dict[Path, str] = {}
        self.done: list[str] = []

    def text(self, file: Path) -> str:
        if file not in self.before:
            self.before[file] = self.after[file] = self.tree.read(file)
        return self.after[file]

    def apply(self, file: Path, document: int, wanted: Wanted, words: str) -> None:
        self.after[file] = edited(self.text(file), document, [wanted])
        self.done.append(f"{self.tree.name(file)}: {words}")

    def diff(self) -> str:
        parts = []
        for file, before in sorted(self.before.items()):
            name = self.tree.name(file)
            lines = difflib.unified_diff(
                before.splitlines(keepends=True), self.after[file].splitlines(keepends=True), f"a/{name}", f"b/{name}"
            )
            parts += [line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines]
        return "".join(parts)


def draft(finding: Finding, planes: ThreePlanes, clone: Path, folder: str) -> Draft:
    """Raises `InputError` for a clone or folder that is none. `folder` is the unit's path in the repository."""
    tree = Tree(clone, folder)
    edits = _Edits(tree)
    problems = []
    actual = planes.actual.document if planes.actual is not None else None
    if actual is None:
        return Draft(finding.id, "", {}, (), ("the object is not there any more: take it out of Git by hand",))
    for change in finding.changes:
        why = _refused(change)
        if not why:
            try:
                _codify(edits, finding, change, actual)
            except CannotEdit as error:
                why = str(error)
        if why:
            problems.append(f"{change.path or 'the whole object'}: {why}")
    files = {tree.name(file): text for file, text in edits.after.items() if text != edits.before[file]}
    return Draft(finding.id, edits.diff(), files, tuple(edits.done), tuple(problems))


def _refused(change: Change) -> str:
    if change.sensitive or holds_secret(change.actual):
        return "its value is secret and was never read: set it by hand, or through the secret store"
    if change.actual is UNKNOWN:
        return "what runs is not known"
    return "" if change.path else "Git declares nothing of it: add the manifest by hand"


def _codify(edits: _Edits, finding: Finding, change: Change, actual: Any) -> None:
    tree = edits.tree
    if tree.chart is not None:
        _helm(edits, change)
    elif tree.kustomization is not None:
        _kustomize(edits, finding, change, actual, tree.kustomization)
    else:
        _edit(edits, _only(tree.declared(finding.ref, tree.files(tree.folder)), tree), change, actual)


def _only(found: Sequence[Declared], tree: Tree) -> Declared:
    if not found:
        raise CannotEdit(f"no manifest under {tree.name(tree.folder)} declares it")
    if len(found) > 1:
        names = ", ".join(tree.name(one.file) for one in found[:3])
        raise CannotEdit(f"several manifests declare it: {names}")
    return found[0]


def _edit(edits: _Edits, place: Declared, change: Change, actual: Any) -> None:
    data = documents(edits.text(place.file))[place.document].data
    tokens = in_document(data, actual, parse(change.path))
    edits.apply(place.file, place.document, Wanted(tokens, change.actual), _words(change))


def _words(change: Change) -> str:
    if change.actual is ABSENT:
        return f"{change.path} taken out"
    value = change.actual if isinstance(change.actual, str) else json.dumps(change.actual, ensure_ascii=False)
    return f"{change.path} = {value[:120]}"


# Kustomize.


def _kustomize(edits: _Edits, finding: Finding, change: Change, actual: Any, own: Path) -> None:
    tree, ref = edits.tree, finding.ref
    held = documents(edits.text(own))[0].data
    overlay = held if isinstance(held, dict) else {}
    if _by_transformer(edits, own, overlay, finding, change, actual):
        return
    names = frozenset({_bare(ref.name, overlay)})
    here = [file for file in tree.files(tree.folder) if file != own]
    found = tree.declared(ref, iter(here), names)
    if found:
        _edit(edits, _only(found, tree), change, actual)
        return
    base = _only(tree.declared(ref, tree.bases(tree.folder), names), tree)
    tokens = in_document(base.data, actual, parse(change.path))
    operation: dict[str, Any] = {"op": "remove", "path": build(tokens)}
    if change.actual is not ABSENT:
        there = get(base.data, tokens) is not ABSENT
        operation = {"op": "replace" if there else "add", "path": build(tokens), "value": change.actual}
    name = str(base.data["metadata"]["name"])
    target = {"kind": ref.kind, "name": name} | ({"group": ref.group} if ref.group else {})
    text = "- " + "\n  ".join(f"{key}: {_inline(value)}" for key, value in operation.items()) + "\n"
    patches = overlay.get("patches")
    entry = {"target": target, "patch": text}
    where = ("patches", str(len(patches))) if isinstance(patches, list) else ("patches",)
    wanted = Wanted(where, entry if isinstance(patches, list) else [entry])
    edits.apply(own, 0, wanted, f"a patch of this overlay: {_words(change)}")


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare(name: str, overlay: Mapping[str, Any]) -> str:
    """The name before the overlay's prefix and suffix."""
    prefix, suffix = str(overlay.get("namePrefix") or ""), str(overlay.get("nameSuffix") or "")
    return name.removeprefix(prefix).removesuffix(suffix)


def _by_transformer(
    edits: _Edits, own: Path, overlay: Mapping[str, Any], finding: Finding, change: Change, actual: Any
) -> bool:  # fmt: skip
    """`images:` and `replicas:` of the overlay win over every manifest: where one sets the field, it is edited."""
    tokens = parse(change.path)
    if tokens[-1] == "image" and isinstance(change.actual, str) and isinstance(change.desired, str):
        return _image(edits, own, overlay, change)
    if tokens == ("spec", "replicas"):
        for number, entry in enumerate(_entries(overlay, "replicas")):
            if entry.get("name") in (finding.ref.name, _bare(finding.ref.name, overlay)):
                edits.apply(own, 0, Wanted(("replicas", str(number), "count"), change.actual), _words(change))
                return True
    return False


def _image(edits: _Edits, own: Path, overlay: Mapping[str, Any], change: Change) -> bool:
    desired, wanted = _image_parts(str(change.desired)), _image_parts(str(change.actual))
    for number, entry in enumerate(_entries(overlay, "images")):
        if desired[0] not in (entry.get("newName"), entry.get("name")):
            continue
        place = ("images", str(number))
        if wanted[0] != desired[0]:
            edits.apply(own, 0, Wanted((*place, "newName"), wanted[0]), f"images newName = {wanted[0]}")
        if wanted[2]:
            edits.apply(own, 0, Wanted((*place, "digest"), wanted[2]), f"images digest = {wanted[2]}")
        if wanted[1] and wanted[1] != desired[1]:
            edits.apply(own, 0, Wanted((*place, "newTag"), wanted[1]), f"images newTag = {wanted[1]}")
        return True
    return False


def _image_parts(image: str) -> tuple[str, str, str]:
    """Name, tag, digest."""
    name, _, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    return (head, tag, digest) if colon and "/" not in tag else (name, "", digest)


def _entries(overlay: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = overlay.get(key)
    return [entry if isinstance(entry, dict) else {} for entry in value] if isinstance(value, list) else []


# Helm.


def _helm(edits: _Edits, change: Change) -> None:
    """The one value of the chart that makes the field, where it can be told: by its old value and its last name."""
    tree, last = edits.tree, parse(change.path)[-1]
    old, new = change.desired, change.actual
    if last == "image" and isinstance(old, str) and isinstance(new, str):
        before, after = _image_parts(old), _image_parts(new)
        if before[0] == after[0] and not after[2]:
            last, old, new = "tag", before[1], after[1]
    if old in (ABSENT, UNKNOWN) or new is ABSENT or isinstance(old, (dict, list)):
        raise CannotEdit("which value of the chart makes it cannot be told: set it in values.yaml by hand")
    found = [
        (file, tokens)
        for file in sorted(tree.folder.glob("values*.yaml"))
        for tokens, value in _leaves(documents(edits.text(file))[0].data, ())
        if value == old and type(value) is type(old) and tokens[-1].lower() == last.lower()
    ]
    if len(found) != 1:
        named = ", ".join(f"{tree.name(file)} {build(tokens)}" for file, tokens in found[:3])
        raise CannotEdit(f"which value of the chart makes it cannot be told{f': {named}' if named else ''}")
    file, tokens = found[0]
    edits.apply(file, 0, Wanted(tokens, new), f"value {build(tokens)} = {new} (makes {change.path})")


def _leaves(value: Any, tokens: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*tokens, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*tokens, str(number)))
    elif tokens:
        yield tokens, value
