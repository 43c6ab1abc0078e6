"""What the rules are told of incidents and changes, and which units are judged again when that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from drifttui.core.board import Look
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId

if TYPE_CHECKING:
    from drifttui.core.acts import Acts
    from drifttui.core.case import ChangeLink

    from .acts_watch import ActsWatch


class LinksTold:
    """Of one session. `incident` is what everything done in it is linked to, and may change while it lasts."""

    def __init__(self, watch: ActsWatch, incident: str) -> None:
        self._watch = watch
        self.incident = incident
        self.heard = watch.answered
        """What the ledger says was taken in, or there is none."""
        self._before: tuple[Acts | None, str] = None, incident

    def __call__(self, finding: Finding) -> Sequence[ChangeLink] | None:
        """The records on a finding; None while no ledger can be read, empty where one was and holds none."""
        from drifttui.core.link_standing import change_links

        return change_links(self._watch.read, str(finding.unit), finding.id, self.incident)

    def outdated(self, looks: Mapping[UnitId, Look]) -> Iterator[UnitId]:
        """Units with findings about which other links are told than at the last call."""
        from drifttui.core.link_standing import units_judged_anew

        (before, incident), after = self._before, self._watch.read
        if before is after and incident == self.incident:
            return
        self._before = after, self.incident
        touched: frozenset[str] | None = None
        if before is not None and after is not None and incident == self.incident:
            unit_of = {found.id: str(key) for key, look in looks.items() for found in look.findings}
            touched = units_judged_anew(before, after, unit_of, incident)
        for key, look in list(looks.items()):
            if look.findings and (touched is None or str(key) in touched):
                yield key
