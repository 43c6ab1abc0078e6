"""The ledger, the trackers and the open findings for a command that records something and reads no live system."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drifttui.clients.access import Access
from drifttui.core.episodes import OpenFinding
from drifttui.core.errors import InputError, inert
from drifttui.core.identity import UnitId
from drifttui.core.ports import Clock
from drifttui.store.ledger import Ledger, open_ledger
from drifttui.store.settings import FileSettings, load_settings

from .session import incident_from, ledger_from, utc_now

if TYPE_CHECKING:
    from drifttui.core.link_refs import Tracker
    from drifttui.sources.trackers.base import TrackerSource

PREFIX = 4
"""Letters of an id that are enough, where they fit one alone."""


@dataclass
class Opened:
    """Names of units, findings and pauses raise `InputError` where they mean nothing, or several."""

    ledger: Ledger
    file: FileSettings
    incident: str
    clock: Clock = utc_now

    def trackers(self) -> dict[Tracker, TrackerSource]:
        """Those that can be asked. Whoever asks them closes them."""
        from drifttui.sources.trackers import build_trackers, resolvers

        return resolvers(build_trackers(_Trackers(self.file), self.clock))

    @cached_property
    def findings(self) -> Sequence[OpenFinding]:
        """Those that a session on this machine saw last."""
        from drifttui.store.findings import FindingStore

        store = FindingStore()
        store.load(self.clock())
        return store.all()

    def finding(self, name: str) -> OpenFinding:
        fits = [found for found in self.findings if found.id == name] or [
            found for found in self.findings if len(name) >= PREFIX and found.id.startswith(name)
        ]
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise InputError(f"{len(fits)} findings begin with {inert(name, 40)}", "", "Give one id in full.")
        raise InputError(
            f"No open finding {inert(name, 40)}",
            f"among {len(self.findings)} that were seen from here",
            "`drifttui scan --json` names them.",
        )

    def finding_id(self, name: str) -> str:
        """Also of a finding that is over."""
        try:
            return self.finding(name).id
        except InputError:
            return name

    def unit(self, name: str) -> str:
        """`str(UnitId)` of a full id, or of the name of one unit that has findings, links or pauses."""
        if name.count("/") >= 3:
            return str(UnitId.parse(inert(name, 500)))
        acts = self.ledger.acts()
        known = {str(found.unit) for found in self.findings} | {pause.unit for pause in acts.pauses.values()}
        known |= {unit for link in acts.links.values() for unit in link.units}
        fits = sorted(unit for unit in known if unit.count("/") >= 3 and name in _names(UnitId.parse(unit)))
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise InputError(
                f"{len(fits)} units are called {inert(name, 80)}", ", ".join(fits[:4]), "Give one in full."
            )
        raise InputError(
            f"No unit {inert(name, 80)} with findings",
            f"among {len(known)} that were seen from here",
            "Give its id, engine/source/namespace/name, as `drifttui scan --json` has it.",
        )

    def pause(self, name: str) -> str:
        pauses = self.ledger.acts().pauses
        fits = [key for key in pauses if key == name or (len(name) >= PREFIX and key.startswith(name))]
        if len(fits) == 1:
            return fits[0]
        raise InputError(
            f"{len(fits) or 'No'} pauses are called {inert(name, 40)}", "", "`drifttui pauses` lists them."
        )


def _names(unit: UnitId) -> tuple[str, str]:
    return unit.name, f"{unit.namespace}/{unit.name}"


class _Trackers:
    """What `build_trackers` reads of the settings of a session."""

    access = Access.FULL

    def __init__(self, file: FileSettings) -> None:
        from drifttui.store.redaction_key import redaction_key

        self.trackers = file.trackers
        self.redaction_key = redaction_key()


@contextmanager
def opened_ledger(options: argparse.Namespace, *, create: bool = True) -> Iterator[Opened]:
    """Flags `--config`, `--ledger` and `--incident`, where the command has them."""
    file = load_settings(options.config)
    ledger = open_ledger(ledger_from(options, file), clock=utc_now, create=create)
    try:
        yield Opened(ledger, file, incident_from(options, file))
    finally:
        ledger.close()
