"""The record of the session and its ledger, as the bundle that `drifttui demo` plays."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from drifttui.core.scope import Scope
from drifttui.services.evidence import from_sessions
from drifttui.services.evidence_sources import material_of
from drifttui.services.export import Export, Wish
from drifttui.services.opened import open_evidence
from drifttui.store.journal import read_sessions
from drifttui.store.ledger import open_ledger

from .session import INCIDENT

TIMES = 4
"""Exports after which a bundle must be made of itself byte for byte."""


def packed(target: Path) -> None:
    """Of the whole fleet, and such that `drifttui export --demo` makes the same again."""
    ledger = open_ledger("", clock=lambda: datetime.now(UTC), create=False)
    try:
        events = list(ledger.events())
    finally:
        ledger.close()
    wish = Wish(Scope(INCIDENT, None), secrets.token_bytes(32))
    with Export(wish) as export:
        export.write(export.gather(from_sessions(read_sessions()), events), target)
    settled(target)


def settled(target: Path) -> None:
    """Exports the bundle anew until that changes nothing."""
    for _ in range(TIMES):
        before = target.read_bytes()
        with open_evidence(target) as opened, tempfile.TemporaryDirectory() as folder:
            scope, material, events = material_of(opened)
            with Export(Wish(scope, secrets.token_bytes(32), fail_on_secret=True)) as export:
                again = Path(folder) / target.name
                export.write(export.gather(material, events), again)
            shutil.copyfile(again, target)
        if target.read_bytes() == before:
            return
    raise RuntimeError("the bundle does not settle")
