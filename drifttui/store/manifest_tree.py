"""Where a local clone declares an object: plain manifests, Kustomize overlays and bases, Helm charts.

Nothing outside the clone is read, and no link in it is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.errors import InputError
from drifttui.core.identity import ResourceRef

from .yaml_edit import CannotEdit, documents

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SUFFIXES = (".yaml", ".yml", ".json")
LARGEST_FILE = 4 * 1024 * 1024
MOST_FILES = 5_000
MOST_BYTES = 256 * 1024 * 1024
DEEPEST = 20
"""Bases of bases."""


class Declared(NamedTuple):
    """One place that declares an object."""

    file: Path
    document: int
    data: Mapping[str, Any]


class Named(NamedTuple):
    """A file that a Kustomization brings in, and the names that the object may have in it."""

    file: Path
    names: frozenset[str]
    anywhere: bool
    """An overlay sets the namespace, whatever the file says."""


class Tree:
    """A folder of a clone. Raises `InputError` where it is none."""

    def __init__(self, clone: Path, folder: str) -> None:
        self.clone = clone.resolve()
        self.folder = (self.clone / folder).resolve()
        self.unread: list[str] = []
        """Manifests that could hold the object and could not be read."""
        self._bytes = 0
        if not self.clone.is_dir():
            raise InputError(f"No clone at {clone}", "", "Give --clone: the folder of the repository.")
        if not self.folder.is_dir() or not self.folder.is_relative_to(self.clone):
            raise InputError(f"{folder} is not in the clone {clone}", "", "Is it the right repository, up to date?")

    @property
    def kustomization(self) -> Path | None:
        return kustomization_of(self.folder)

    @property
    def chart(self) -> Path | None:
        path = self.folder / "Chart.yaml"
        return path if path.is_file() else None

    def name(self, file: Path) -> str:
        """As Git names it."""
        return file.relative_to(self.clone).as_posix()

    def files(self, folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[Path]:
        """Manifests under a folder of the clone, in the order of their names. Hidden folders and links are left out."""
        number = 0
        for at, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                number += 1
                if number > MOST_FILES:
                    raise InputError(f"{self.name(folder)} holds more than {MOST_FILES} files")
                path = Path(at) / name
                if path.suffix in suffixes and not name.startswith(".") and path.is_file() and not path.is_symlink():
                    yield path

    def read(self, file: Path) -> str:
        """The text with its line ends as they are. Raises `CannotEdit`, and `InputError` once all is too much."""
        try:
            size = file.stat().st_size
            if size > LARGEST_FILE:
                raise CannotEdit(f"{self.name(file)} is too large")
            self._bytes += size
            if self._bytes > MOST_BYTES:
                raise InputError(f"{self.name(self.folder)} holds more than {MOST_BYTES // 2**20} MiB of manifests")
            return file.read_bytes().decode("utf-8")
        except OSError as error:
            raise CannotEdit(f"{self.name(file)} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CannotEdit(f"{self.name(file)} is no UTF-8") from None

    def declared(self, ref: ResourceRef, files: Iterable[Named]) -> list[Declared]:
        """Every document that is this object."""
        found = []
        for file, names, anywhere in files:
            try:
                text = self.read(file)
                if ref.kind not in text or not any(name in text for name in names):
                    continue
                held = documents(text)
            except CannotEdit as error:
                self.unread.append(f"{self.name(file)}: {error}")
                continue
            found += [Declared(file, one.number, one.data) for one in held if is_object(one.data, ref, names, anywhere)]
        return found

    def plain(self, ref: ResourceRef) -> list[Declared]:
        return self.declared(ref, (Named(file, frozenset({ref.name}), False) for file in self.files(self.folder)))

    def overlay(self, own: Path) -> Mapping[str, Any]:
        """A Kustomization. Raises `CannotEdit`."""
        held = documents(self.read(own))
        return held[0].data if held and isinstance(held[0].data, dict) else {}

    def resources(self, folder: Path, named: Named, seen: frozenset[Path] = frozenset()) -> Iterator[Named]:
        """Files that the Kustomization in a folder, its bases and components declare objects in."""
        own = kustomization_of(folder)
        if own is None or folder in seen or len(seen) > DEEPEST:
            return
        try:
            data = self.overlay(own)
        except CannotEdit as error:
            self.unread.append(f"{self.name(own)}: {error}")
            return
        names = named.names | {bare(name, data) for name in named.names}
        anywhere = named.anywhere or bool(data.get("namespace"))
        for entry in (*listed(data, "resources"), *listed(data, "bases"), *listed(data, "components")):
            path = self.inside(folder, entry)
            if path is not None and path.is_file():
                yield Named(path, names, anywhere)
            elif path is not None and path.is_dir():
                yield from self.resources(path, Named(path, names, anywhere), seen | {folder})

    def inside(self, folder: Path, entry: Any) -> Path | None:
        """What a Kustomization names; None for what lies outside the clone."""
        if not isinstance(entry, str) or "://" in entry or "\n" in entry or "\0" in entry or len(entry) > 1_000:
            return None
        path = (folder / entry).resolve()
        return path if path.is_relative_to(self.clone) else None


def kustomization_of(folder: Path) -> Path | None:
    return next((folder / name for name in KUSTOMIZATIONS if (folder / name).is_file()), None)


def bare(name: str, overlay: Mapping[str, Any]) -> str:
    """The name before the overlay's prefix and suffix."""
    prefix, suffix = str(overlay.get("namePrefix") or ""), str(overlay.get("nameSuffix") or "")
    return name.removeprefix(prefix).removesuffix(suffix)


def is_object(data: Any, ref: ResourceRef, names: frozenset[str], anywhere: bool = False) -> bool:
    """Group and kind as declared, one of the names, and no other namespace."""
    if not isinstance(data, dict) or data.get("kind") != ref.kind:
        return False
    version = str(data.get("apiVersion") or "")
    group = version.rsplit("/", 1)[0] if "/" in version else ""
    metadata = data.get("metadata")
    if group != ref.group or not isinstance(metadata, dict) or metadata.get("name") not in names:
        return False
    return anywhere or metadata.get("namespace") in (None, "", ref.namespace)


def listed(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
