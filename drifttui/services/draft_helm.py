"""The one value of a chart that makes a field, where it can be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from drifttui.core.finding import Change
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.pointers import build, parse
from drifttui.store.yaml_edit import CannotEdit, Wanted, documents

from .draft_edits import Edits, spelled
from .draft_images import parts_of

MOST_VALUES: Final = 20_000
_UNKNOWN: Final = "which value of the chart makes it cannot be told"


class _Candidate(NamedTuple):
    file: Path
    tokens: tuple[str, ...]


def codify(edits: Edits, change: Change) -> None:
    """By its old value, its last name, and that a template asks for it. Raises `CannotEdit`."""
    tree, last = edits.tree, parse(change.path)[-1]
    old, new = change.desired, change.actual
    if last == "image" and isinstance(old, str) and isinstance(new, str):
        before, after = parts_of(old), parts_of(new)
        if before.name == after.name and not after.digest:
            last, old, new = "tag", before.tag, after.tag
    if old is ABSENT or old is UNKNOWN or new is ABSENT or isinstance(old, (dict, list)):
        raise CannotEdit(f"{_UNKNOWN}: set it in values.yaml by hand")
    asked = _asked_for(edits)
    found = [
        _Candidate(file, tokens)
        for file in sorted(tree.folder.glob("values*.yaml"))
        if not file.is_symlink()
        for tokens, value in islice(_leaves(_values(edits, file), ()), MOST_VALUES)
        if value == old and type(value) is type(old) and tokens[-1].lower() == last.lower()
    ]
    if len(found) > 1:
        found = [one for one in found if ".".join(one.tokens) in asked] or found
    if len(found) != 1:
        named = ", ".join(f"{tree.name(one.file)} {build(one.tokens)}" for one in found[:3])
        raise CannotEdit(f"{_UNKNOWN}{f': {named}' if named else ''}")
    file, tokens = found[0]
    if not any(".".join(tokens[:depth]) in asked for depth in range(1, len(tokens) + 1)):
        raise CannotEdit(f"{_UNKNOWN}: no template asks for {'.'.join(tokens)}, which alone has its name and old value")
    words = f"value {'.'.join(tokens)} = {spelled(new)}, which makes {change.path}; render the chart before merging"
    edits.apply(file, 0, [Wanted(tokens, new)], words)


def _values(edits: Edits, file: Path) -> Any:
    for held in documents(edits.text(file)):
        if held.shared:
            raise CannotEdit(f"{edits.tree.name(file)} uses anchors")
        return held.data
    return None


def _asked_for(edits: Edits) -> frozenset[str]:
    """What stands behind `.Values.` in the chart's templates."""
    folder, found = edits.tree.folder / "templates", set()
    if folder.is_dir():
        for file in edits.tree.files(folder, (".yaml", ".yml", ".tpl")):
            found.update(re.findall(r"\.Values\.([A-Za-z0-9_.]+)", edits.tree.read(file)))
    return frozenset(found)


def _leaves(value: Any, tokens: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*tokens, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*tokens, str(number)))
    elif tokens:
        yield tokens, value
