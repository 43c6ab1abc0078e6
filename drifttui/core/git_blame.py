"""Which commit last changed a field of an object: versions of one file held against each other, newest first.

Files are not the rendered object: positions in lists differ, so items are found by the name that a change's label
gives them; a file without the object, or without the field, says nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .git import Field
from .identity import ResourceRef
from .planes import ABSENT, Json, Mark
from .pointers import child, parse

_ITEM = re.compile(r"\[([^\]]*)\]")
_NAMED_BY = ("name", "containerPort", "port", "mountPath", "devicePath", "topologyKey", "ip", "key", "type", "uid")


def declares(document: Any, ref: ResourceRef, namespace: str = "") -> bool:
    """Whether a manifest is that object. `namespace` is that of manifests that name none."""
    if not isinstance(document, dict):
        return False
    found = ResourceRef.of(document)
    where = found.namespace or namespace
    return (found.group, found.kind, found.name) == (ref.group, ref.kind, ref.name) and (
        not ref.namespace or not where or where == ref.namespace
    )


def declared(documents: Iterable[Any], ref: ResourceRef, namespace: str = "") -> dict[str, Any] | None:
    return next((document for document in documents if declares(document, ref, namespace)), None)


def value_at(document: Any, field: Field) -> Json | Mark:
    """The value of a field in a manifest; `ABSENT` where it is not there, also where an item cannot be told."""
    names = _names(field.label)
    held = document
    for depth, token in enumerate(parse(field.path)):
        if isinstance(held, list):
            held = _item(held, names[depth] if depth < len(names) else "", token)
        else:
            held = child(held, token)
        if held is ABSENT:
            return ABSENT
    return held


def _names(label: str) -> list[str]:
    """Per level of the pointer what its label calls an item; empty for keys. `/a/b[web]/c` has four levels."""
    names: list[str] = []
    for part in label[1:].split("/") if label.startswith("/") else ():
        if "[" in part and part.endswith("]"):
            names.append("")
            names += _ITEM.findall(part)
        else:
            names.append("")
    return names


def _item(held: list[Any], name: str, position: str) -> Json | Mark:
    if not name:
        return child(held, position)
    for item in held:
        if isinstance(item, dict):
            if any(str(item.get(key)) == name for key in _NAMED_BY if key in item):
                return item
        elif isinstance(item, (str, int)) and str(item) == name:
            return item
    return child(held, name) if name.isdigit() else ABSENT


class Walk:
    """Walks the versions of one file from the newest on, until every field has its commit or history ends.

    `found` maps a field's path to the position of the version that brought its present value. `open` are the fields
    that no version seen so far has changed.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.open: dict[str, Field] = {field.path: field for field in fields}
        self.found: dict[str, int] = {}
        self._seen = 0
        self._newer: dict[str, Json | Mark] = {}

    def version(self, document: Mapping[str, Any] | None) -> None:
        """The next older version of the object; None where that version of the file does not declare it."""
        for path, field in list(self.open.items()):
            held = ABSENT if document is None else value_at(document, field)
            if self._seen and not same(held, self._newer[path]):
                self.found[path] = self._seen - 1
                del self.open[path]
            else:
                self._newer[path] = held
        self._seen += 1

    def end(self) -> None:
        """History begins with the version that was told last: it brought whatever is still open and there."""
        for path in list(self.open):
            if self._seen and self._newer[path] is not ABSENT:
                self.found[path] = self._seen - 1
                del self.open[path]


def same(one: Any, other: Any) -> bool:
    """Equal as manifests are: `1` is not `true`, and nothing but marks equals `ABSENT`."""
    if one is ABSENT or other is ABSENT:
        return one is other
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)
