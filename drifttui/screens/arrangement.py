"""Where the four panes stand: two by two, one above one on a small terminal, or one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container

if TYPE_CHECKING:
    from .triage import TriageScreen

_SMALL = 26
"""Lines below which the units get exactly nine rows."""

_WIDE = 180

_ONE_BELOW = 16
"""Lines below which a second pane would be nothing but its frame."""


def place_triage(screen: TriageScreen, lower: str) -> None:
    """`lower` is the pane under the units where only one has room."""
    width, height = screen.app.size
    stacked, zoomed = screen.stacked, screen.zoomed or height < _ONE_BELOW
    if zoomed:
        seen = {screen.wanted}
    elif stacked:
        seen = {"units", lower}
    else:
        seen = set(screen.PANES)
    for pane in screen.panes:
        pane.display = pane.id in seen
        pane.boxed = not stacked
    top, bottom = screen.query_one("#upper", Container), screen.query_one("#lower", Container)
    top.display = bool(seen & {"units", "findings"})
    bottom.display = bool(seen & {"planes", "who"})
    top.set_class(stacked, "-stack")
    split = stacked and not zoomed
    units = 11 if height <= _SMALL else height * 2 // 5
    screen.units.styles.height = units if split else "1fr"
    top.styles.height = units if split and bottom.display else "1fr"
    screen.planes.styles.width = "2fr" if width >= _WIDE else "13fr"
    screen.who.styles.width = "1fr" if width >= _WIDE else "10fr"
