"""Verdicts follow the ledger: which units are judged again when incidents and changes are other ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from drifttui.core.acts import Acts
from drifttui.core.board import Look
from drifttui.core.identity import UnitId

if TYPE_CHECKING:
    from .acts_watch import ActsWatch


class JudgedAnew:
    """Of one session; `incident` is what everything done in it is linked to."""

    def __init__(self, watch: ActsWatch, incident: str) -> None:
        self._watch, self._incident = watch, incident
        self._before: Acts | None = None

    def units(self, looks: Mapping[UnitId, Look]) -> Iterator[UnitId]:
        """Those with findings about which the rules are told other links than at the last call."""
        from drifttui.core.link_standing import units_judged_anew

        before, after = self._before, self._watch.read
        if before is after:
            return
        self._before = after
        touched: frozenset[str] | None = None
        if before is not None and after is not None:
            unit_of = {found.id: str(key) for key, look in looks.items() for found in look.findings}
            touched = units_judged_anew(before, after, unit_of, self._incident)
        for key, look in list(looks.items()):
            if look.findings and (touched is None or str(key) in touched):
                yield key
