"""A bundle, opened: verified first, unpacked into a private folder, and read with bounds on everything in it."""

from __future__ import annotations

import heapq
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drifttui.core.audit import moment
from drifttui.core.bundle import Manifest
from drifttui.core.errors import BundleError
from drifttui.core.ledger import Event, EventKind
from drifttui.core.ports import Batch
from drifttui.store.bundle_file import entries, open_bundle
from drifttui.store.wire import batch_in

from .report_story import LONGEST_LINE, lines, lines_of_document
from .verify import Outcome, Verified, verify

if TYPE_CHECKING:
    from securesystemslib.signer import Key

MOST_LINES = 5_000_000
DEMO = "demo.tar.gz"
"""Under `assets/`: five minutes of twelve real clusters, exported by drifttui itself."""
WIRE = ("units.jsonl", "health.jsonl", "observations.jsonl")


class Opened:
    """Use as a context manager: the folder goes when it is closed."""

    def __init__(self, verified: Verified, folder: Path) -> None:
        assert verified.manifest is not None
        self.verified = verified
        self.manifest: Manifest = verified.manifest
        self.folder = folder

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def record(self) -> dict[str, Any]:
        """What `record.json` says; empty where there is none."""
        return next(lines_of_document(self.folder, "record.json"), {})

    @property
    def started(self) -> datetime | None:
        """When the record begins; None for one that holds nothing."""
        return moment(self.record.get("started"))

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Lines of one of its files. Raises `BundleError` naming the first one that is wrong."""
        for number, line in enumerate(lines(self.folder, name)):
            if number >= MOST_LINES:
                raise BundleError(f"{name} has more than {MOST_LINES:,} lines", "", "It is not opened.")
            yield line

    def batches(self) -> Iterator[tuple[datetime, Batch]]:
        """What sources told, in the order of its time."""
        started = self.started
        if started is None:
            return
        for seconds, _, batch in heapq.merge(*(self._wire(name, place) for place, name in enumerate(WIRE))):
            yield started + timedelta(seconds=seconds), batch

    def _wire(self, name: str, place: int) -> Iterator[tuple[float, tuple[int, int], Batch]]:
        path = self.folder / name
        if not path.exists():
            return
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                try:
                    seconds, batch = batch_in(line)
                except ValueError as error:
                    raise BundleError(f"{name} is damaged", f"line {number}: {error}") from None
                if number > MOST_LINES:
                    raise BundleError(f"{name} has more than {MOST_LINES:,} lines", "", "It is not opened.")
                yield seconds, (place, number), batch

    def events(self) -> Iterator[Event]:
        """Events of the ledger that belong to the bundle; those of other incidents are left out."""
        for line in self.lines("ledger.jsonl"):
            at = moment(line.get("at"))
            body = line.get("body")
            if line.get("withheld") or at is None or not isinstance(body, dict):
                continue
            try:
                kind = EventKind(str(line.get("kind")))
            except ValueError:
                continue
            yield Event(
                int(line["seq"]), at, kind, str(line.get("actor")), body, str(line["previous"]), str(line["hash"])
            )


def open_evidence(path: Path, key: Key | None = None) -> Opened:
    """Raises `BundleError` for what is altered or cannot be read: evidence that does not hold is not shown as such."""
    verified = verify(path, key)
    if verified.outcome in (Outcome.ALTERED, Outcome.UNREADABLE):
        named = verified.words.startswith(str(path))
        error = BundleError(verified.words) if named else BundleError(f"{path} is not opened", verified.words)
        error.exit_code = verified.outcome.exit_code
        raise error
    folder = Path(tempfile.mkdtemp(prefix="drifttui-bundle-"))
    try:
        with open_bundle(path) as file:
            for entry in entries(file):
                target = folder / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    for chunk in entry.chunks:
                        out.write(chunk)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BundleError(f"{path} cannot be unpacked", error.strerror or str(error), "Free some space.") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Opened(verified, folder)


def open_demo() -> Opened:
    """The bundle that `drifttui demo` plays."""
    with as_file(files("drifttui") / "assets" / DEMO) as path:
        return open_evidence(path)
