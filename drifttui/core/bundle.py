"""The evidence file as data: what its manifest says, what its attestation states, and what is too much to open.

A bundle is a `.tar.gz` of regular files: `manifest.json`, `attestation.dsse.json` where it is signed, then every other
file in the order of its name. The manifest lists each of those with size and SHA-256; the attestation is an in-toto
Statement v1 over the manifest in a DSSE envelope (https://github.com/secure-systems-lab/dsse).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .ledger import GENESIS, Head, canonical

SCHEMA: Final = "drifttui.bundle/1"
MANIFEST: Final = "manifest.json"
ATTESTATION: Final = "attestation.dsse.json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://drifttui.dev/attestation/evidence/v1"

MOST_FILES: Final = 1_000
LARGEST_FILE: Final = 4 * 1024**3
LARGEST_WHOLE: Final = 16 * 1024**3
LARGEST_MANIFEST: Final = 4 * 1024**2
LARGEST_RATIO: Final = 1_200
"""Uncompressed bytes per compressed one: deflate itself cannot do better than 1,032."""
LONGEST_NAME: Final = 100
"""Of a ustar header without a prefix."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class FileEntry(NamedTuple):
    path: str
    size: int
    """Bytes."""
    sha256: str
    schema: str = ""
    """`drifttui.findings/1`: the JSON Schema of each line, under `schemas/`; empty for what has none."""


class Manifest(NamedTuple):
    """`made_from` and the rest come from the record, never from the clock: the same scope gives the same bytes."""

    tool: str
    """`drifttui 0.1.0`."""
    incident: str
    units: tuple[str, ...]
    """Empty: all of the record."""
    since: str
    until: str
    """UTC, `core.ledger.stamp`: the first and the last thing in it."""
    ledger: Head
    files: tuple[FileEntry, ...]
    withheld: int = 0
    """Values that were taken out; `withheld.jsonl` lists them."""
    gaps: tuple[str, ...] = ()
    """What the record lacks, a line each."""

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "tool": self.tool,
            "scope": {"incident": self.incident, "units": list(self.units)},
            "range": {"since": self.since, "until": self.until},
            "ledger": {"seq": self.ledger.seq, "hash": self.ledger.hash},
            "files": [entry._asdict() for entry in self.files],
            "withheld": self.withheld,
            "gaps": list(self.gaps),
        }

    def encoded(self) -> bytes:
        return canonical(self.as_json()) + b"\n"


def unsafe_name(name: str) -> str:
    """Why a file of this name is not opened; empty where it is."""
    if len(name) > LONGEST_NAME:
        return "its name is too long"
    if not _NAME.fullmatch(name):
        return "its name is not one that drifttui writes"
    return ""


def unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads(object_pairs_hook=…)`: two readers must not see two different documents."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def manifest_from(content: bytes) -> Manifest:
    """The inverse of `Manifest.encoded`. Raises `ValueError` with one line that says what is wrong."""
    if len(content) > LARGEST_MANIFEST:
        raise ValueError("it is too large")
    try:
        raw = json.loads(content, object_pairs_hook=unique_keys)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(raw, Mapping):
        raise ValueError("it is no JSON object")
    schema = raw.get("schema")
    if schema != SCHEMA:
        raise ValueError(f"its schema is {str(schema)[:60]}, and this drifttui reads {SCHEMA}")
    try:
        manifest = Manifest(
            tool=_text(raw["tool"]),
            incident=_text(raw["scope"]["incident"]),
            units=tuple(map(_text, raw["scope"]["units"])),
            since=_text(raw["range"]["since"]),
            until=_text(raw["range"]["until"]),
            ledger=Head(_count(raw["ledger"]["seq"]), _digest(raw["ledger"]["hash"])),
            files=tuple(map(_entry, _list(raw["files"]))),
            withheld=_count(raw["withheld"]),
            gaps=tuple(map(_text, _list(raw["gaps"]))),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks or garbles {error}") from None
    _consistent(manifest)
    return manifest


def _consistent(manifest: Manifest) -> None:
    names = [entry.path for entry in manifest.files]
    if len(names) > MOST_FILES:
        raise ValueError(f"it lists {len(names)} files, and more than {MOST_FILES} are not opened")
    if names != sorted(set(names)):
        raise ValueError("its files are not listed once each and in order")
    if {MANIFEST, ATTESTATION} & set(names):
        raise ValueError("it lists itself")
    if sum(entry.size for entry in manifest.files) > LARGEST_WHOLE:
        raise ValueError("its files are too large together")


def _entry(raw: Any) -> FileEntry:
    entry = FileEntry(_text(raw["path"]), _count(raw["size"]), _digest(raw["sha256"]), _text(raw["schema"]))
    if why := unsafe_name(entry.path):
        raise ValueError(f"{entry.path[:LONGEST_NAME]}: {why}")
    if entry.size > LARGEST_FILE:
        raise ValueError(f"{entry.path} is larger than {LARGEST_FILE // 1024**3} GiB")
    return entry


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("a count")
    return value


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not (_DIGEST.fullmatch(value) or value == GENESIS):
        raise TypeError("a SHA-256")
    return value


def statement(manifest: Manifest, sha256: str) -> bytes:
    """The in-toto statement about a manifest whose bytes have this SHA-256, as canonical JSON."""
    whole = manifest.as_json()
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [{"name": MANIFEST, "digest": {"sha256": sha256}}],
            "predicateType": PREDICATE,
            "predicate": {key: whole[key] for key in ("schema", "tool", "scope", "range", "ledger", "withheld")},
        }
    )


def stated_digest(payload: bytes) -> str:
    """The SHA-256 of the manifest that a statement speaks of. Raises `ValueError` where it is no such statement."""
    try:
        raw = json.loads(payload, object_pairs_hook=unique_keys)
        if raw["_type"] != STATEMENT or raw["predicateType"] != PREDICATE:
            raise ValueError("its statement is of another kind")
        (subject,) = raw["subject"]
        if subject["name"] != MANIFEST:
            raise ValueError("its statement is about something else")
        return _digest(subject["digest"]["sha256"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"its statement lacks or garbles {error}") from None
