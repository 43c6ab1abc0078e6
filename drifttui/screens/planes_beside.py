"""The planes of one resource, with panes beside them where there is room."""

from __future__ import annotations

from textual.containers import Container

from drifttui.widgets.planes_pane import PlanesPane

from .prompting import Prompting


class PlanesBeside(Prompting):
    """The first of `PANES` is the planes; the others stand in `#side`."""

    @property
    def planes(self) -> PlanesPane:
        return self.query_one(PlanesPane)

    def place_panes(self) -> None:
        if not self.ready:
            return
        alone = self.zoomed or self.stacked
        for view in self.panes:
            view.display = not alone or view.id == self.wanted
            view.boxed = not self.stacked
        self.planes.styles.width = "17fr"
        side = self.query_one("#side", Container)
        side.display = not alone or self.wanted != "planes"
        side.styles.width = "10fr"

    def action_turn(self) -> None:
        self.planes.turn()
        self.tell(f"planes: {self.planes.shape}", "muted")

    def action_jump(self, by: int) -> None:
        self.planes.jump(by)
