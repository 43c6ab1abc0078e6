"""What must never be overlooked: production, blind sources, pauses, and whether this is live at all."""

from __future__ import annotations

from datetime import datetime

from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

from drifttui.core.ages import Times
from drifttui.core.board import Board, Mode
from drifttui.core.deeds import NO_DEEDS, Deeds, link_state
from drifttui.core.health import Standing
from drifttui.core.tally import Tally
from drifttui.core.words import clean

from .cells import Line, Piece, cut, joined, line_width, strip_of
from .palette import palette

TWO_LINES_BELOW = 136


class Header(Widget):
    """One line on a wide terminal, two on a narrow one."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="header")
        self._board = Board()
        self._tally = Tally()
        self._deeds: Deeds = NO_DEEDS
        self._times: Times | None = None
        self._started: datetime | None = None
        self._shown: tuple[Line, Line] = ((), ())
        self._worded_for = -1
        """The width; the first frame is painted before the first resize is told."""

    def show(self, board: Board, tally: Tally, times: Times, deeds: Deeds = NO_DEEDS) -> None:
        self._board, self._tally, self._times, self._deeds = board, tally, times, deeds
        self._started = self._started or times.now
        lines = self._worded()
        if lines != self._shown:
            self._shown = lines
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def on_resize(self) -> None:
        self._shown = self._worded()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._worded_for != self.size.width:
            self._shown = self._worded()
        return strip_of(self._shown[min(y, 1)], self.size.width, palette(self.app.current_theme))

    @property
    def text(self) -> str:
        return "\n".join("".join(text for text, _ in line) for line in self._shown)

    def _worded(self) -> tuple[Line, Line]:
        """Alarms are never cut; what gives way first is the incident's title, then counts, then names of sources."""
        width = self._worded_for = self.size.width
        alarms, mode = self._alarms(), self._mode()
        if width >= TWO_LINES_BELOW:
            for blind in (self._blind(), self._blind(short=True)):
                for counts in (self._counts(), self._counts(short=True), ()):
                    left = joined([self._program(), self._place(), counts, alarms], "   ")
                    right = joined([blind, mode], "   ")
                    if line_width(left) + line_width(right) < width:
                        return _spread(left, right, width), ()
            rest, right = joined([self._place(), alarms], "   "), joined([self._blind(short=True), mode], "   ")
            room = width - line_width(rest) - line_width(right) - line_width(self._program(bare=True)) - 6
            return _spread(joined([self._program(incident=room), rest], "   "), right, width), ()
        program = self._program()
        if line_width(joined([program, self._place(), mode])) >= width:
            room = width - line_width(joined([self._program(bare=True), self._place(), mode])) - 3
            program = self._program(incident=room)
        first = _spread(joined([program, self._place()]), mode, width)
        for blind in (self._blind(), self._blind(short=True)):
            for counts in (self._counts(), self._counts(short=True), [(" ", "text")]):
                second = joined([counts, alarms])
                if line_width(second) + line_width(blind) < width:
                    return first, _spread(second, blind, width)
        return first, _spread(alarms, self._blind(short=True), width)

    def _program(self, *, bare: bool = False, incident: int = 80) -> Line:
        line: list[Piece] = [(" drifttui", "strong")]
        if self._board.incident and not bare and incident > 4:
            line.append(("  ", "text"))
            words, role = self._incident()
            line.append((cut(words, incident), role))
        return line

    def _incident(self) -> Piece:
        """`INC-9127 payments latency (triggered)`, as far as its tracker was read."""
        ref, acts = self._board.incident, self._deeds.acts
        if not acts.links or self._times is None:
            return clean(ref, 200), "text"
        # Costs milliseconds to import, and the first frame knows of no link.
        from drifttui.core.link_standing import incident_words, link_by_ref

        link = link_by_ref(ref, acts)
        over = link is not None and link_state(link, self._times.now)
        return clean(incident_words(ref, acts, self._times), 240), "warn" if over else "text"

    def _place(self) -> Line:
        return [(" prod ", "prod")] if self._tally.production else []

    def _counts(self, *, short: bool = False) -> Line:
        tally = self._tally
        lead = " " if self.size.width < TWO_LINES_BELOW else ""
        if not tally.units:
            return [(f"{lead}no units yet", "muted")]
        clusters = "" if short else f"{tally.clusters:,} cluster{'' if tally.clusters == 1 else 's'} · "
        return [(f"{lead}{clusters}{tally.units:,} unit{'' if tally.units == 1 else 's'}", "muted")]

    def _alarms(self) -> Line:
        tally = self._tally
        paused = self._paused()
        if not tally.units:
            # Nothing read is not nothing drifted.
            return joined([paused, [("drift ?", "unknown")]])
        groups: list[Line] = [
            paused,
            [("drift ", "muted"), (f"{tally.drifted:,}", "high" if tally.drifted else "ok")],
            [("unknown ", "muted"), (f"{tally.unsure:,}", "unknown" if tally.unsure else "ok")],
        ]
        return joined(groups, "   " if self.size.width >= TWO_LINES_BELOW else "  ")

    def _paused(self) -> Line:
        """What stands suspended, and what should no longer: the first of all alarms."""
        count = self._tally.paused
        if not count:
            return []
        overdue = self._deeds.overdue(self._times.now) if self._times is not None else 0
        if overdue:
            return [(f" PAUSED {count:,} ({overdue:,} overdue) ", "overdue")]
        return [(f" PAUSED {count:,} ", "paused")]

    def _blind(self, *, short: bool = False) -> Line:
        times = self._times
        blind = self._board.blind
        if not blind or times is None:
            return []
        first = blind[0]
        since = first.blind_since or first.newest_answer
        more = f" +{len(blind) - 1}" if len(blind) > 1 else ""
        age = f" {times.short(since)}" if since else ""
        if short:
            return [(f" {len(blind)} blind{age} ", "blind")]
        name = cut(clean(first.name, 200), 26, middle=True)
        return [(f" blind: {name}{age}{more} ", "blind")]

    def _mode(self) -> Line:
        times, board = self._times, self._board
        if times is None:
            return []
        locked: Line = [("read-only", "locked")] if board.read_only else []
        if board.mode is not Mode.LIVE:
            # The moment that is shown, by the session's own clock, which goes on between boards.
            at = times.full(times.now) if board.sources else "opening"
            return joined([locked, [(f" {board.mode.value.upper()} ", board.mode.value), (f" {at} ", "muted")]])
        return joined([locked, [*self._live(times), (" ", "text")]])

    def _live(self, times: Times) -> Line:
        sources = self._board.sources.values()
        answers = [health.newest_answer for health in sources if health.newest_answer]
        if not sources:
            return [("starting", "warn")]
        if all(health.standing in (Standing.BLIND, Standing.OFF) for health in sources):
            return [("nothing answers", "bad")]
        waiting = sum(1 for health in sources if health.standing is Standing.STARTING)
        if waiting == len(sources) and self._started is not None:
            return [(f"starting {times.short(self._started)}", "warn")]
        parts: list[Piece] = [("live ", "ok"), (times.short(max(answers)) if answers else "?", "ok")]
        if waiting:
            parts.append((f", {waiting} starting", "warn"))
        return parts


def _spread(left: Line, right: Line, width: int) -> Line:
    """`right` keeps its place at the edge: it says whether anything can be believed."""
    gap = width - line_width(left) - line_width(right)
    if gap >= 1:
        return [*left, (" " * gap, "text"), *right]
    room = width - line_width(right) - 1
    kept: list[Piece] = []
    for text, role in left:
        text = cut(text, room)
        if text:
            kept.append((text, role))
        room -= len(text)
        if room <= 0:
            break
    return [*kept, (" " * (width - line_width(kept) - line_width(right)), "text"), *right]
