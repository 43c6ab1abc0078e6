"""The places that a unit is rendered from, where there are several: Argo CD's `spec.sources`.

A file of Helm values that begins with `$name/` lies in the source whose `ref` is that name, counted from the root of
its repository; any other is counted from the chart's folder, or with a slash in front from its own repository's root.
Of an object that several sources render the last one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Origin(NamedTuple):
    repo: str
    """As the engine writes its address, without credentials."""
    path: str = ""
    chart: bool = False
    """A chart out of a registry: it has versions, and no history that anybody could read."""
    tracks: str = ""
    revision: str = ""
    """What the engine compares against."""
    applied: str = ""
    """What it applied last."""
    values: tuple[str, ...] = ()
    """Files of Helm values in this repository, from its root; of one key the last file counts."""
    renders: bool = True
    """False for a source that is there for its files of values alone."""


class Stated(NamedTuple):
    """One source as it is declared."""

    repo: str
    path: str = ""
    chart: bool = False
    tracks: str = ""
    ref: str = ""
    values: tuple[str, ...] = ()


def origins(
    sources: Sequence[Stated], revisions: Sequence[str] = (), applied: Sequence[str] = ()
) -> tuple[Origin, ...]:
    """In the order of the sources; revisions are by position. Files of values that name no source, or lie on the web,
    are left out."""
    named = {source.ref: place for place, source in enumerate(sources) if source.ref}
    values: list[dict[str, None]] = [{} for _ in sources]
    for place, source in enumerate(sources):
        for file in source.values:
            if file.startswith("$"):
                name, _, rest = file[1:].partition("/")
                if name in named and rest:
                    values[named[name]][_joined("", rest)] = None
            elif "://" not in file and not source.chart and "$" not in file:
                values[place][_joined("" if file.startswith("/") else source.path, file)] = None
    return tuple(
        Origin(
            source.repo,
            source.path,
            source.chart,
            source.tracks,
            _at(revisions, place),
            _at(applied, place),
            tuple(values[place]),
            bool(source.path or source.chart or not source.ref),
        )
        for place, source in enumerate(sources)
    )


def _at(found: Sequence[str], place: int) -> str:
    return found[place] if place < len(found) else ""


def _joined(folder: str, file: str) -> str:
    parts: list[str] = []
    for part in f"{folder}/{file}".split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
