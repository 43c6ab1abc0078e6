"""Where a local clone declares an object: plain manifests, Kustomize overlays and bases, Helm charts.

Nothing outside the clone is read, and no link in it is followed out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.errors import InputError
from drifttui.core.identity import ResourceRef

from .yaml_edit import CannotEdit, documents

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SUFFIXES = (".yaml", ".yml", ".json")
LARGEST_FILE = 4 * 1024 * 1024
MOST_FILES = 5_000


class Declared(NamedTuple):
    """One place that declares an object."""

    file: Path
    document: int
    data: Mapping[str, Any]


class Tree:
    """A folder of a clone. Raises `InputError` where it is none."""

    def __init__(self, clone: Path, folder: str) -> None:
        self.clone = clone.resolve()
        self.folder = (self.clone / folder).resolve()
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

    def files(self, folder: Path) -> Iterator[Path]:
        """Manifests under a folder of the clone, in the order of their names."""
        for number, path in enumerate(sorted(folder.rglob("*"))):
            if number > MOST_FILES:
                raise InputError(f"{self.name(folder)} holds more than {MOST_FILES} files")
            inside = path.resolve().is_relative_to(self.clone)
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix in SUFFIXES and path.is_file() and inside and not hidden:
                yield path

    def read(self, file: Path) -> str:
        """Raises `CannotEdit`."""
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise CannotEdit(f"{self.name(file)} is too large")
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CannotEdit(f"{self.name(file)} cannot be read: {error}") from None

    def declared(self, ref: ResourceRef, files: Iterator[Path], names: frozenset[str] = frozenset()) -> list[Declared]:
        """Every document that is this object. `names` are further names that an overlay turns into its own."""
        found = []
        for file in files:
            try:
                held = documents(self.read(file))
            except CannotEdit:
                continue
            found += [Declared(file, one.number, one.data) for one in held if is_object(one.data, ref, names)]
        return found

    def bases(self, folder: Path, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
        """Files that a Kustomization outside this folder brings in, and where they are declared."""
        own = kustomization_of(folder)
        if own is None or folder in seen or len(seen) > 20:
            return
        try:
            (first, *_) = documents(self.read(own))
        except (CannotEdit, ValueError):
            return
        data = first.data if isinstance(first.data, dict) else {}
        for entry in [*_list(data, "resources"), *_list(data, "bases"), *_list(data, "components")]:
            if not isinstance(entry, str) or "://" in entry:
                continue
            path = (folder / entry).resolve()
            if not path.is_relative_to(self.clone):
                continue
            if path.is_file():
                yield path
            elif path.is_dir():
                yield from self.bases(path, seen | {folder})


def kustomization_of(folder: Path) -> Path | None:
    return next((folder / name for name in KUSTOMIZATIONS if (folder / name).is_file()), None)


def is_object(data: Any, ref: ResourceRef, names: frozenset[str] = frozenset()) -> bool:
    """Group and kind as declared, the name or one of `names`, and no other namespace."""
    if not isinstance(data, dict) or data.get("kind") != ref.kind:
        return False
    version = str(data.get("apiVersion") or "")
    group = version.rsplit("/", 1)[0] if "/" in version else ""
    metadata = data.get("metadata")
    if group != ref.group or not isinstance(metadata, dict):
        return False
    same = metadata.get("name") == ref.name or metadata.get("name") in names
    return same and metadata.get("namespace") in (None, "", ref.namespace)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
