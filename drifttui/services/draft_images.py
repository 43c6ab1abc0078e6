"""Images: their parts, and Kustomize's `images:` that sets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from drifttui.core.planes import ABSENT
from drifttui.store.yaml_edit import CannotEdit, Wanted


class Image(NamedTuple):
    name: str
    tag: str
    digest: str


def parts_of(image: str) -> Image:
    name, _, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    return Image(head, tag, digest) if colon and "/" not in tag else Image(name, "", digest)


def by_transformer(overlay: Mapping[str, Any], desired: str, actual: str) -> tuple[list[Wanted], str] | None:
    """The edit of `images:` that turns one image into the other, and its words; None where no entry makes it.
    Raises `CannotEdit`."""
    before, after = parts_of(desired), parts_of(actual)
    entries = overlay.get("images")
    held = [(n, entry) for n, entry in enumerate(entries if isinstance(entries, list) else ())]
    mine = [(n, entry) for n, entry in held if isinstance(entry, dict) and _made(entry) == before.name]
    if not mine:
        return None
    if len(mine) > 1:
        raise CannotEdit(f"several entries of images: make {before.name}")
    if not after.tag and not after.digest:
        raise CannotEdit("what runs names neither tag nor digest")
    number, entry = mine[0]
    wanted = []
    for key, old, new in (
        ("newName", before.name, after.name), ("newTag", before.tag, after.tag), ("digest", before.digest, after.digest)
    ):  # fmt: skip
        if old != new and (new or key in entry):
            wanted.append(Wanted(("images", str(number), key), new or ABSENT))
    told = ", ".join(f"{one.tokens[-1]} = {one.value}" if one.value else f"no {one.tokens[-1]}" for one in wanted)
    return wanted, f"images: {told}, for everything here that runs {before.name}"


def _made(entry: Mapping[str, Any]) -> object:
    return entry.get("newName") or entry.get("name")
