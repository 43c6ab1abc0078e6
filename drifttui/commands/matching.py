"""Which object of one file is which object of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drifttui.core.errors import InputError
from drifttui.core.identity import ResourceRef
from drifttui.core.planes import Document, Plane


def match(objects: Mapping[Plane, Sequence[Document]]) -> Iterator[tuple[ResourceRef, dict[Plane, Document]]]:
    """Objects with the documents of each plane that has them, in the order of the files.

    One object in every file is one object, whatever it is called. Otherwise identity decides; an object without a
    namespace is the one of that kind and name in the other file, when there is only one. Raises `InputError` for an
    object that is in one file twice.
    """
    if all(len(documents) == 1 for documents in objects.values()):
        alone = {plane: documents[0] for plane, documents in objects.items()}
        yield _ref(alone), alone
        return
    found: dict[ResourceRef, dict[Plane, Document]] = {}
    for plane, documents in objects.items():
        for document in documents:
            ref = ResourceRef.of(document)
            entry = found.get(ref)
            if entry is None:
                near = [other for other in found if _same_but_namespace(other, ref) and plane not in found[other]]
                entry = found[near[0]] if len(near) == 1 else found.setdefault(ref, {})
            if plane in entry:
                raise InputError(f"{ref} is there twice", f"in the {plane.value} file", "Keep one of them.")
            entry[plane] = document
    for entry in found.values():
        yield _ref(entry), entry


def _same_but_namespace(one: ResourceRef, other: ResourceRef) -> bool:
    same = (one.group, one.kind, one.name) == (other.group, other.kind, other.name)
    return same and "" in (one.namespace, other.namespace)


def _ref(documents: Mapping[Plane, Document]) -> ResourceRef:
    """The actual object knows its namespace best."""
    for plane in (Plane.ACTUAL, Plane.RECORDED, Plane.DESIRED):
        if plane in documents:
            return ResourceRef.of(documents[plane])
    raise AssertionError("an object is in at least one file")
