"""Kustomize: the place of an overlay that decides a field, else a patch of the overlay. Bases are left to the others
that use them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from drifttui.core.finding import Change
from drifttui.core.identity import ResourceRef
from drifttui.core.json_patch import Operation, PatchError, applied, put
from drifttui.core.planes import ABSENT
from drifttui.core.pointers import build, get, parse
from drifttui.store.manifest_tree import Declared, Named, bare, is_object, listed
from drifttui.store.yaml_edit import CannotEdit, Wanted, documents, edited

from .draft_edits import Edits, Subject, only, shown, told_apart
from .draft_images import by_transformer

_LATER: Final = ("replacements", "vars", "transformers")
"""What may set a field again behind every patch."""


class _Patch(NamedTuple):
    """A patch that the overlay has already. `key` is its place in the overlay where it stands there as a text."""

    text: str
    file: Path
    key: tuple[str, ...]
    target: Mapping[str, Any] | None


class Overlay:
    """One object of one overlay. Edits come as they are asked for; the new patch comes last, as one entry."""

    def __init__(self, edits: Edits, own: Path, ref: ResourceRef, subject: Subject) -> None:
        self._edits, self._own, self._ref, self._subject = edits, own, ref, subject
        self._operations: list[Operation] = []
        self._words: list[str] = []
        self._become = subject.desired
        self._base: Declared | None = None

    @property
    def _data(self) -> Mapping[str, Any]:
        data = self._edits.data(self._own)
        return data if isinstance(data, dict) else {}

    @property
    def _names(self) -> frozenset[str]:
        return frozenset({self._ref.name, bare(self._ref.name, self._data)})

    def codify(self, change: Change) -> None:
        """Raises `CannotEdit`."""
        if self._generated():
            raise CannotEdit("a generator of the Kustomization makes the object: change what that reads by hand")
        if self._by_transformer(change):
            return
        if change.actual is not ABSENT and self._by_patch(change):
            return
        place = self._declared()
        if self._is_own(place.file) and not any(self._sets(patch, change) for patch in self._patches()):
            self._edits.change(place, change, self._subject)
            return
        self._operate(change, place)

    def patched(self) -> list[str]:
        """Writes the new patch. Gives what could not be written."""
        if not self._operations:
            return []
        base = self._declared()
        name = str(base.data["metadata"]["name"])
        target = {"kind": self._ref.kind, "name": name.replace(".", r"\.")}
        if self._ref.group:
            target = {"group": self._ref.group, **target}
        lines = [
            "- " + "\n  ".join(f"{key}: {_inline(value)}" for key, value in one.items()) for one in self._operations
        ]
        text = "\n".join(lines) + "\n"
        entry = {"target": target, "patch": text}
        try:
            if documents(text)[0].data != self._operations:
                raise CannotEdit("its values cannot be spelled in one")
            held = self._data.get("patches")
            where = ("patches", str(len(held))) if isinstance(held, list) and held else ("patches",)
            wanted = Wanted(where, entry if len(where) == 2 else [entry])
            later = [key for key in _LATER if self._data.get(key)]
            more = f"; {' and '.join(later)} come later: build the overlay before merging" if later else ""
            self._edits.apply(self._own, 0, [wanted], f"a patch of this overlay: {'; '.join(self._words)}{more}")
        except CannotEdit as error:
            return [f"the patch of the overlay: {error}"]
        return []

    # Where the object is.

    def _declared(self) -> Declared:
        if self._base is None:
            tree = self._edits.tree
            named = Named(self._own, frozenset({self._ref.name}), False)
            found = tree.declared(self._ref, tree.resources(self._own.parent, named))
            self._base = only(list({one[:2]: one for one in found}.values()), tree, "of the overlay")
        return self._base

    def _is_own(self, file: Path) -> bool:
        """Listed by this overlay and lying in it: nobody else uses it."""
        folder, tree = self._own.parent, self._edits.tree
        listed_here = [tree.inside(folder, entry) for entry in listed(self._data, "resources")]
        return file in listed_here and file.is_relative_to(folder)

    def _generated(self) -> bool:
        data = self._data
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for entry in listed(data, key) if kind == self._ref.kind else ():
                name = entry.get("name") if isinstance(entry, dict) else None
                if isinstance(name, str) and any(
                    re.fullmatch(f"{re.escape(name)}(-[a-z0-9]{{10}})?", n) for n in self._names
                ):
                    return True
        return False

    # What decides the field already.

    def _by_transformer(self, change: Change) -> bool:
        """`images:`, `replicas:` and common labels win over every manifest and patch."""
        data, tokens = self._data, parse(change.path)
        if tokens[-1] == "image" and isinstance(change.actual, str) and isinstance(change.desired, str):
            made = by_transformer(data, change.desired, change.actual)
            if made is not None:
                self._edits.apply(self._own, 0, *made)
                return True
        if tokens == ("spec", "replicas"):
            for number, entry in enumerate(listed(data, "replicas")):
                if isinstance(entry, dict) and entry.get("name") in self._names:
                    if change.actual is ABSENT:
                        raise CannotEdit("replicas: of the overlay sets it: take it out there by hand")
                    wanted = Wanted(("replicas", str(number), "count"), change.actual)
                    words = shown(change) + told_apart(entry.get("count", ABSENT), change)
                    self._edits.apply(self._own, 0, [wanted], f"replicas: {words}")
                    return True
        if len(tokens) > 1 and tokens[-2] in ("labels", "annotations", "matchLabels") and _common(data, tokens):
            raise CannotEdit("the overlay sets it for everything in it: change it there by hand")
        return False

    def _patches(self) -> Iterator[_Patch]:
        """Those of this overlay, the one that is applied last first."""
        data, tree = self._data, self._edits.tree
        found: list[_Patch] = []
        for key in ("patchesStrategicMerge", "patches", "patchesJson6902"):
            for number, entry in enumerate(listed(data, key)):
                body = (
                    entry
                    if isinstance(entry, dict)
                    else {"path": entry}
                    if "\n" not in str(entry)
                    else {"patch": entry}
                )
                target = body.get("target") if isinstance(body.get("target"), dict) else None
                place = (key, str(number), "patch") if isinstance(entry, dict) else (key, str(number))
                if isinstance(body.get("patch"), str):
                    found.append(_Patch(body["patch"], self._own, place, target))
                    continue
                path = tree.inside(self._own.parent, body.get("path"))
                if path is not None and path.is_file():
                    found.append(_Patch(self._edits.text(path), path, (), target))
        found.reverse()
        return iter(found)

    def _by_patch(self, change: Change) -> bool:
        for patch in self._patches():
            for number, wanted, now in self._sets(patch, change):
                words = f"the patch that sets it: {shown(change)}{told_apart(now, change)}"
                if not patch.key:
                    self._edits.apply(patch.file, number, [wanted], words)
                else:
                    inner = edited(patch.text, number, [wanted])
                    self._edits.apply(patch.file, 0, [Wanted(patch.key, inner)], words)
                return True
        return False

    def _sets(self, patch: _Patch, change: Change) -> list[tuple[int, Wanted, Any]]:
        """Document, edit and present value where a patch of this very object sets the field."""
        try:
            held = documents(patch.text)
        except CannotEdit:
            return []
        for one in held:
            if isinstance(one.data, list):
                pointer = build(self._rendered(change))
                for number, operation in reversed(list(enumerate(one.data))):
                    if self._aimed(patch.target) and isinstance(operation, dict) and operation.get("path") == pointer:
                        if operation.get("op") in ("add", "replace"):
                            wanted = Wanted((str(number), "value"), change.actual)
                            return [(one.number, wanted, operation.get("value"))]
                        return []
            elif is_object(one.data, self._ref, self._names, True) or (
                isinstance(one.data, dict) and one.data.get("kind") == self._ref.kind and self._aimed(patch.target)
            ):
                try:
                    tokens = self._subject.tokens(one.data, change)
                except CannotEdit:
                    continue
                now = get(one.data, tokens)
                if now is not ABSENT:
                    return [(one.number, Wanted(tokens, change.actual), now)]
        return []

    def _aimed(self, target: Mapping[str, Any] | None) -> bool:
        """Whether a target is this object and no other."""
        if target is None or target.get("kind") not in (None, self._ref.kind):
            return False
        name = target.get("name")
        if (
            not isinstance(name, str)
            or len(name) > 300
            or target.get("labelSelector")
            or target.get("annotationSelector")
        ):
            return False
        return any(name.replace("\\", "") == one for one in self._names)

    # A new patch.

    def _rendered(self, change: Change) -> Sequence[str]:
        return self._subject.tokens(self._become, change) if self._become is not None else parse(change.path)

    def _operate(self, change: Change, base: Declared) -> None:
        if self._become is None:
            self._become = dict(base.data)
        pointer = build(self._subject.tokens(self._become, change))
        try:
            patch = [one for one in put(self._become, pointer, change.actual) if one["op"] != "test"]
            if not patch:
                raise CannotEdit("the overlay says so already: is it applied?")
            self._become = applied(self._become, patch)
        except PatchError as error:
            raise CannotEdit(f"no patch can set it: {error}") from None
        self._operations += patch
        self._words.append(shown(change))


def _common(overlay: Mapping[str, Any], tokens: tuple[str, ...]) -> bool:
    kind = "commonAnnotations" if tokens[-2] == "annotations" else "commonLabels"
    tables = [overlay.get(kind)]
    if kind == "commonLabels":
        tables += [entry.get("pairs") for entry in listed(overlay, "labels") if isinstance(entry, dict)]
    return any(isinstance(table, dict) and tokens[-1] in table for table in tables)


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
