"""Bundles made by hand, through the code that writes real ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drifttui.clients.signing import envelope
from drifttui.core.bundle import ATTESTATION, MANIFEST, FileEntry, Manifest, statement
from drifttui.core.ledger import EMPTY, Event, EventKind, chained, stamp
from drifttui.store.bundle_file import Content, write_bundle

AT = datetime(2026, 11, 21, 3, 58, 2, tzinfo=UTC)


def events(count: int = 3) -> list[Event]:
    found: list[Event] = []
    head = EMPTY
    for number in range(count):
        event = chained(
            head, AT + timedelta(seconds=number), EventKind.NOTE, "alice@laptop", {"text": f"note {number}"}
        )
        head = head._replace(seq=event.seq, hash=event.hash)
        found.append(event)
    return found


def ledger_lines(found: Iterable[Event], withheld: frozenset[int] = frozenset()) -> bytes:
    lines: list[dict[str, Any]] = []
    for event in found:
        if event.seq in withheld:
            lines.append({"seq": event.seq, "previous": event.previous, "hash": event.hash, "withheld": True})
        else:
            lines.append({**event._asdict(), "at": stamp(event.at)})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def files(count: int = 3) -> dict[str, bytes]:
    return {
        "findings.jsonl": b'{"id": "a"}\n' * 40,
        "ledger.jsonl": ledger_lines(events(count)),
        "report.md": b"# Report\n",
        "schemas/findings.json": b"{}\n",
    }


def manifest(contents: Mapping[str, bytes], count: int = 3) -> Manifest:
    last = events(count)[-1]
    return Manifest(
        tool="drifttui 0.1.0",
        incident="INC-9127",
        units=(),
        since=stamp(AT),
        until=stamp(AT + timedelta(minutes=9)),
        ledger=EMPTY._replace(seq=last.seq, hash=last.hash),
        files=tuple(
            FileEntry(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in sorted(contents.items())
        ),
    )


def parts(contents: Mapping[str, bytes] | None = None, signer: Any = None) -> dict[str, bytes]:
    """What stands in the tar, in its order."""
    contents = files() if contents is None else contents
    encoded = manifest(contents).encoded()
    found = {MANIFEST: encoded}
    if signer is not None:
        found[ATTESTATION] = envelope(statement(manifest(contents), hashlib.sha256(encoded).hexdigest()), signer)
    return found | dict(sorted(contents.items()))


def write(path: Path, found: Mapping[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_bundle(file, [Content(name, len(body), lambda body=body: [body]) for name, body in found.items()])  # type: ignore[misc]
    return path


def raw(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> Path:
    """Whatever `tarfile` can write."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, body in members:
            info.size = len(body) if info.type == tarfile.REGTYPE else info.size
            tar.addfile(info, io.BytesIO(body))
    path.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return path
