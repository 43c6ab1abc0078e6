"""Textual's command palette: the same commands and places as `:`, found by parts of their names."""

from __future__ import annotations

from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape

from drifttui.core.words import clean

from .base import DriftScreen
from .commands import COMMANDS, go, places, run

_MOST = 50
"""Hits are mounted one by one: ten thousand would freeze the screen."""


class DriftProvider(Provider):
    @property
    def _drift(self) -> DriftScreen:
        return cast(DriftScreen, self.screen)

    async def discover(self) -> Hits:
        for name, command in COMMANDS.items():
            yield DiscoveryHit(name, partial(run, self._drift, name), help=command.help)

    async def search(self, query: str) -> Hits:
        wanted = query.strip().lower()
        for name, command in COMMANDS.items():
            if wanted in name:
                yield Hit(1.0, name, partial(run, self._drift, name), help=command.help)
        for number, (name, place) in enumerate(places(self._drift, wanted)):
            if number == _MOST:
                return
            kind = f"cluster {clean(place, 120)}" if isinstance(place, str) else f"unit of {clean(place.source, 60)}"
            # The palette reads markup: a name must not be taken for any.
            yield Hit(0.9, escape(name), partial(go, self._drift, place), text=name, help=escape(kind))
