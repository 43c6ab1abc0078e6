"""Drafts what brings Git up to reality: the smallest edit of the manifests in a local clone, as a patch to be reviewed.

Nothing in the clone is written. What cannot be mapped without guessing is said instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from drifttui.core.finding import Change, Finding
from drifttui.core.planes import UNKNOWN, ThreePlanes
from drifttui.core.redact import holds_secret
from drifttui.core.schema import ListKeys, shape_of
from drifttui.store.manifest_tree import Declared, Tree
from drifttui.store.yaml_edit import CannotEdit

from .draft_edits import Edits, Subject, only
from .draft_helm import codify as by_helm
from .draft_kustomize import Overlay


class Draft(NamedTuple):
    """`diff` is a unified diff for `git apply`; empty where nothing could be drafted, and `problems` say why."""

    finding: str
    diff: str
    files: Mapping[str, str]
    """Path in the repository → the whole new text."""
    done: tuple[str, ...]
    """What each edit does, a line each."""
    problems: tuple[str, ...]
    before: Mapping[str, str] = {}
    """Path in the repository → the whole text that the edit was made for."""


def draft(
    finding: Finding,
    planes: ThreePlanes,
    clone: Path,
    folder: str,
    list_keys: ListKeys | None = None,
    looks_secret: Callable[[Change], bool] = lambda change: False,
) -> Draft:
    """Raises `InputError` for a clone or folder that is none. `folder` is the unit's path in the repository.
    `looks_secret` is a last look at what would be written."""
    tree = Tree(clone, folder)
    edits = Edits(tree)
    desired = planes.desired.document if planes.desired is not None else None
    if planes.actual is None:
        return Draft(finding.id, "", {}, (), ("nobody could read what runs: there is nothing to write down",))
    actual = planes.actual.document
    if actual is None:
        return Draft(finding.id, "", {}, (), ("the object is not there any more: take it out of Git by hand",))
    subject = Subject(actual, desired, shape_of(finding.ref.group, finding.ref.kind, "", list_keys))
    overlay: Overlay | None = None
    plain: list[Declared] | None = None
    problems = []
    for change in finding.changes:
        why = _refused(change)
        if not why and looks_secret(change):
            why = "its value looks like a secret: set it by hand, or through the secret store"
        try:
            if not why and tree.chart is not None:
                by_helm(edits, change)
            elif not why and tree.kustomization is not None:
                overlay = overlay or Overlay(edits, tree.kustomization, finding.ref, subject)
                overlay.codify(change)
            elif not why:
                plain = tree.plain(finding.ref) if plain is None else plain
                edits.change(only(plain, tree, f"under {tree.name(tree.folder)}"), change, subject)
        except CannotEdit as error:
            why = str(error)
        if why:
            problems.append(f"{change.path or 'the whole object'}: {why}")
    if overlay is not None:
        problems += overlay.patched()
    changed = edits.changed()
    files = {tree.name(file): text for file, text in changed.items()}
    before = {tree.name(file): edits.before[file] for file in changed}
    return Draft(finding.id, edits.diff(), files, tuple(edits.done), tuple(problems), before)


def _refused(change: Change) -> str:
    if change.sensitive or holds_secret(change.actual):
        return "its value is secret and was never read: set it by hand, or through the secret store"
    if change.actual is UNKNOWN:
        return "what runs is not known"
    return "" if change.path else "Git declares nothing of it: add the manifest by hand"
