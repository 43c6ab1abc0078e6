"""Whether a bundle is what was exported: every byte against the manifest, the manifest against the signature."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drifttui.core.bundle import ATTESTATION, LARGEST_MANIFEST, MANIFEST, FileEntry, Manifest, manifest_from
from drifttui.core.errors import BundleError
from drifttui.core.ledger import GENESIS, Head, event_hash
from drifttui.store.bundle_file import Entry, entries, open_bundle

if TYPE_CHECKING:
    from securesystemslib.signer import Key

LEDGER = "ledger.jsonl"


class Outcome(StrEnum):
    SIGNED = "intact and signed"
    UNSIGNED = "intact and unsigned"
    ALTERED = "altered"
    UNREADABLE = "unreadable"

    @property
    def exit_code(self) -> int:
        return {Outcome.SIGNED: 0, Outcome.UNREADABLE: 1, Outcome.ALTERED: 3, Outcome.UNSIGNED: 4}[self]


class Verified(NamedTuple):
    outcome: Outcome
    words: str
    """One line: what was found, and what to do."""
    file: str = ""
    """The file in the bundle that is altered, missing or too many."""
    manifest: Manifest | None = None
    keyid: str = ""
    """Of the key that signed, proven or only stated."""
    files: int = 0
    bytes: int = 0
    digest: str = ""
    """SHA-256 of the manifest, by which a bundle is known."""


class _Altered(Exception):
    def __init__(self, file: str, words: str) -> None:
        self.file, self.words = file, words
        super().__init__(words)


def verify(path: Path, key: Key | None = None, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Streams the bundle once, in bounded memory. Never raises for what is in it.

    Without `key` nothing is proven about who made it: at best `UNSIGNED`, and the words name the key that it claims.
    `progress` is told the bytes so far.
    """
    try:
        with open_bundle(path) as file:
            return _verify(entries(file), key, progress)
    except _Altered as found:
        return Verified(Outcome.ALTERED, found.words, found.file)
    except BundleError as error:
        return Verified(Outcome.UNREADABLE, error.one_line())
    except OSError as error:
        return Verified(Outcome.UNREADABLE, f"Cannot read {path}: {error.strerror or error}.")


def _verify(found: object, key: Key | None, progress: Callable[[int], None]) -> Verified:
    reading = _Reading(found, progress)
    content = reading.small(MANIFEST)
    if content is None:
        raise BundleError("The bundle does not begin with its manifest", "", "It is none, or it was packed anew.")
    try:
        manifest = manifest_from(content)
    except ValueError as error:
        raise BundleError(f"{MANIFEST} cannot be used", str(error)) from None
    digest = hashlib.sha256(content).hexdigest()
    envelope = reading.small(ATTESTATION)
    keyid, proof = _signature(envelope, digest, key)
    reading.expect(manifest)
    for wanted in manifest.files:
        reading.check(wanted, manifest.ledger)
    if (extra := reading.current()) is not None:
        raise _Altered(extra.name, f"{extra.name} is not in the manifest.")
    count, size = len(manifest.files), reading.bytes
    whole = f"{count} files, {size:,} bytes"
    if proof:
        return Verified(
            Outcome.SIGNED,
            f"Intact, and signed by key {keyid[:16]}: {whole}.",
            "",
            manifest,
            keyid,
            count,
            size,
            digest,
        )
    if envelope is None:
        words = f"Intact, and nobody signed it: {whole}."
    else:
        words = f"Intact: {whole}. It claims key {keyid[:16]}; give --key with the public key to prove that."
    return Verified(Outcome.UNSIGNED, words, "", manifest, keyid, count, size, digest)


def _signature(envelope: bytes | None, digest: str, key: Key | None) -> tuple[str, bool]:
    """The key's id, and whether the signature was proven."""
    if envelope is None:
        return "", False
    from drifttui.clients.signing import NotSigned, proven, stated

    try:
        signed = stated(envelope) if key is None else proven(envelope, key)
    except NotSigned as error:
        raise _Altered(ATTESTATION, f"{ATTESTATION} does not hold: {error}.") from None
    if signed.digest != digest:
        raise _Altered(MANIFEST, f"{MANIFEST} is not the one that was signed.")
    return signed.keyid, key is not None


class _Reading:
    """The entries one after another, with what the manifest wants of them."""

    def __init__(self, found: object, progress: Callable[[int], None]) -> None:
        self._found = iter(found)  # type: ignore[call-overload]
        self._progress = progress
        self._next: Entry | None = None
        self._listed: frozenset[str] = frozenset()
        self.bytes = 0

    def expect(self, manifest: Manifest) -> None:
        self._listed = frozenset(entry.path for entry in manifest.files)

    def current(self) -> Entry | None:
        if self._next is None:
            self._next = next(self._found, None)
        return self._next

    def small(self, name: str) -> bytes | None:
        """The whole of the next entry where it has this name. `entries` bounds its size."""
        entry = self.current()
        if entry is None or entry.name != name:
            return None
        self._next = None
        content = b"".join(entry.chunks)
        assert len(content) <= LARGEST_MANIFEST
        return content

    def check(self, wanted: FileEntry, head: Head) -> None:
        entry = self.current()
        if entry is None or entry.name != wanted.path:
            raise self._absent(wanted, entry)
        self._next = None
        if entry.size != wanted.size:
            raise _Altered(wanted.path, f"{wanted.path} has {entry.size:,} bytes instead of {wanted.size:,}.")
        digest, chain = hashlib.sha256(), _Chain() if wanted.path == LEDGER else None
        for chunk in entry.chunks:
            digest.update(chunk)
            if chain is not None:
                chain.feed(chunk)
            self.bytes += len(chunk)
            self._progress(self.bytes)
        if digest.hexdigest() != wanted.sha256:
            raise _Altered(wanted.path, f"{wanted.path} is altered: its SHA-256 is not that of the manifest.")
        if chain is not None and (wrong := chain.ended(head)):
            raise _Altered(wanted.path, f"{wanted.path} does not chain: {wrong}.")

    def _absent(self, wanted: FileEntry, entry: Entry | None) -> _Altered:
        if entry is not None and entry.name not in self._listed:
            return _Altered(entry.name, f"{entry.name} is not in the manifest.")
        return _Altered(wanted.path, f"{wanted.path} is missing, or out of its order.")


class _Chain:
    """The ledger's lines: each names its predecessor's hash. Those of other incidents hold hashes and nothing else."""

    def __init__(self) -> None:
        self._rest = b""
        self._seq, self._hash = 0, GENESIS
        self._wrong = ""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if not self._wrong:
                self._wrong = self._line(line)

    def ended(self, head: Head) -> str:
        if self._wrong or self._rest:
            return self._wrong or "its last line is cut off"
        return "" if (self._seq, self._hash) == head else "it does not end where the manifest says"

    def _line(self, line: bytes) -> str:
        import json
        from datetime import datetime

        try:
            raw = json.loads(line)
            seq, previous, own = raw["seq"], raw["previous"], raw["hash"]
            if seq != self._seq + 1 or previous != self._hash:
                return f"event {self._seq + 1} does not follow the one before"
            if not raw.get("withheld"):
                at = datetime.fromisoformat(raw["at"])
                if event_hash(seq, at, raw["kind"], raw["actor"], raw["body"], previous) != own:
                    return f"event {seq} is not as it was written"
        except (ValueError, KeyError, TypeError, RecursionError):
            return f"the line after event {self._seq} is no event"
        self._seq, self._hash = seq, own
        return ""
