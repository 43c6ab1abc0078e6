"""Writes bundles: gathers, renders the reports, hashes, signs, and packs, so that equal evidence is equal bytes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drifttui.core.acts import Acts
from drifttui.core.audit import moment
from drifttui.core.bundle import ATTESTATION, MANIFEST, FileEntry, Manifest, statement
from drifttui.core.errors import BundleError, InputError
from drifttui.core.ledger import Event
from drifttui.core.ports import Batch
from drifttui.core.scope import Scope, incident_scope
from drifttui.core.tool import TOOL
from drifttui.store.bundle_file import CHUNK, Content, write_bundle
from drifttui.store.journal import Kept, Session, incidents_of, records
from drifttui.store.paths import PRIVATE_FILE

from .bundle_schemas import SCHEMAS, schema_files
from .evidence import Cancelled, Gathered, Gathering, Material, Sheets
from .redacting import LastPass, TeamRule, Withheld

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

SUFFIX = ".tar.gz"


class SecretFound(BundleError):
    """`--fail-on-secret`: nothing was written."""

    exit_code = 3


class Wish(NamedTuple):
    """What is to be exported, and how."""

    scope: Scope
    key: bytes
    rules: Sequence[TeamRule] = ()
    signer: Signer | None = None
    fail_on_secret: bool = False


class Preview(NamedTuple):
    """What would go in: shown before anything is written."""

    gathered: Gathered
    withheld: tuple[Withheld, ...]
    size: int
    """Bytes before compression."""


class Exported(NamedTuple):
    path: Path
    size: int
    manifest: Manifest
    withheld: tuple[Withheld, ...]
    keyid: str = ""
    """Empty: unsigned."""


def scope_of(
    acts: Acts, sessions: Sequence[Session], incident: str, units: Sequence[str] = (), *,
    since: datetime | None = None, until: datetime | None = None,
) -> Scope:  # fmt: skip
    """The scope that flags mean. An incident that neither the ledger nor a session knows is an `InputError`."""
    if not incident:
        wanted = frozenset(units) if units else None
        return Scope("", wanted, since, until)
    mine = [session for session in sessions if incident in incidents_of(session)]
    found = incident_scope(acts, incident, _seen(mine, incident))
    if not found.units and not mine:
        raise InputError(
            f"No incident {incident} here",
            "neither the ledger nor a recorded session names it",
            "`drifttui link --list` shows what there is.",
        )
    return found._replace(
        units=frozenset(units) if units else found.units,
        since=since or found.since or min((session.head.started for session in mine), default=None),
        until=until or found.until,
    )


def _seen(sessions: Sequence[Session], incident: str) -> Iterator[str]:
    """Units in which drift began while the incident was set. What was there before is somebody else's until the ledger
    ties it to the incident: a look at a whole fleet must not put all of its old drift under this one."""
    for session in sessions:
        yield from began_under(incident, session.head.started, session.head.incident, records(session))


def began_under(incident: str, started: datetime, current: str, kept: Iterable[Kept]) -> Iterator[str]:
    """The same of one session, which began under the incident `current`."""
    began = _Beginnings(started)
    for record in kept:
        if record.said is not None and record.said.get("kind") == "incident":
            current = str(record.said.get("incident") or "")
        elif record.batch is not None:
            began.listed(record.batch)
        elif record.look is not None:
            unit = began.found(record.look)
            if current == incident and unit:
                yield unit


class _Beginnings:
    """Tells drift that begins in a session from drift that it found there."""

    def __init__(self, started: datetime) -> None:
        self._started = started
        self._clean: set[str] = set()
        """Units that their engine or a look called clean at some time."""

    def listed(self, batch: Batch) -> None:
        self._clean.update(str(unit.id) for unit in batch.units if unit.sync == "Synced")

    def found(self, look: Mapping[str, Any]) -> str:
        """The unit where something in it is new; empty where nothing is."""
        unit, findings = str(look.get("unit")), look.get("findings") or ()
        if findings:
            return unit if unit in self._clean or any(map(self._written_since, findings)) else ""
        if look.get("looked") == "read":
            self._clean.add(unit)
        return ""

    def _written_since(self, finding: Mapping[str, Any]) -> bool:
        times = [moment(line.get("time")) for line in finding.get("who") or () if isinstance(line, dict)]
        return any(at is not None and at >= self._started for at in times)


def refuse_secrets(withheld: Sequence[Withheld]) -> None:
    """Raises `SecretFound` where the last pass took anything out."""
    if withheld:
        first = withheld[0]
        raise SecretFound(
            f"{len(withheld)} values look like secrets",
            f"the first in {first.file}, line {first.line}: {first.what}",
            "Nothing was written. Export without --fail-on-secret to withhold them.",
        )


class Export:
    """One export in a private folder of its own, which goes when it is closed. Use as a context manager."""

    def __init__(
        self,
        wish: Wish,
        *,
        progress: Callable[[str, int], None] = lambda phase, count: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._wish = wish
        self._progress, self._cancelled = progress, cancelled
        self.folder = Path(tempfile.mkdtemp(prefix="drifttui-export-"))

    def __enter__(self) -> Export:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def gather(self, material: Material, events: Iterable[Event]) -> Preview:
        """Raises `SecretFound` where the wish says so, and `evidence.Cancelled`."""
        from .report import render

        wish = self._wish
        last = LastPass(wish.key, wish.rules)
        sheets = Sheets(self.folder, last)
        gathering = Gathering(
            wish.scope, sheets, last, progress=partial(self._progress, "reading"), cancelled=self._cancelled
        )
        gathered = gathering.run(material, events)
        if wish.fail_on_secret:
            refuse_secrets(last.withheld)
        self._progress("rendering", 0)
        pages = render(self.folder, gathered)
        files = dict(gathered.files)
        for name, text in {**pages, **schema_files()}.items():
            one = Sheets(self.folder, last)
            one.text(name, text)
            files.update(one.close())
        gathered = gathered._replace(files=files)
        return Preview(gathered, tuple(last.withheld), sum(size for size, _ in files.values()))

    def name(self, preview: Preview) -> str:
        """Of the file, where it is put into a folder."""
        return file_name(self._wish.scope.incident, preview.gathered.until)

    def write(self, preview: Preview, target: Path, signer: Signer | None = None) -> Exported:
        """The bundle at `target` (a file, or a folder to put it into), whole or not at all. `signer` stands in for the
        wish's, for whoever is asked for a key after the preview."""
        wish, gathered = self._wish, preview.gathered
        signer = signer or wish.signer
        manifest = Manifest(
            tool=TOOL,
            incident=wish.scope.incident,
            units=tuple(sorted(wish.scope.units or ())),
            since=gathered.since,
            until=gathered.until,
            ledger=gathered.head,
            files=tuple(
                FileEntry(name, size, digest, SCHEMAS.get(name, ""))
                for name, (size, digest) in sorted(gathered.files.items())
            ),
            withheld=gathered.withheld,
            gaps=gathered.gaps,
        )
        encoded = manifest.encoded()
        contents = [Content(MANIFEST, len(encoded), lambda: [encoded])]
        keyid = ""
        if signer is not None:
            import hashlib

            from drifttui.clients.signing import envelope

            sealed = envelope(statement(manifest, hashlib.sha256(encoded).hexdigest()), signer)
            keyid = signer.public_key.keyid
            contents.append(Content(ATTESTATION, len(sealed), lambda: [sealed]))
        contents += [Content(entry.path, entry.size, partial(self._chunks, entry.path)) for entry in manifest.files]
        path = target / self.name(preview) if target.is_dir() else target
        size = self._pack(path, contents)
        return Exported(path, size, manifest, preview.withheld, keyid)

    def _chunks(self, name: str) -> Iterator[bytes]:
        done = 0
        with (self.folder / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                if self._cancelled():
                    raise Cancelled
                yield chunk
                done += len(chunk)
                self._progress(f"packing {name}", done)

    def _pack(self, path: Path, contents: Sequence[Content]) -> int:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                write_bundle(file, contents)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise InputError(f"Cannot write {path}", error.strerror or str(error), "Give -o another place.") from None
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return size


def file_name(incident: str, until: str) -> str:
    """`INC-9127-20261121T040500Z.tar.gz`: named after the last thing in it."""
    what = "".join(c if c.isalnum() or c in "-_" else "-" for c in incident.rstrip("/").rsplit("/", 1)[-1])
    when = until[:19].replace("-", "").replace(":", "") + "Z" if until else "empty"
    return f"{what or 'drift'}-{when}{SUFFIX}"
