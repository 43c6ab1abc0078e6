"""A film as a feed of boards, with a clock that the operator moves: play, stop, rate, step, jump."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from drifttui.core.board import Board, Mode
from drifttui.core.identity import UnitId

if TYPE_CHECKING:
    from .replay import Film, Mark

RATES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0)
_REPAINT = timedelta(milliseconds=500)
"""While it plays, ages move on twice a second even where nothing happens."""


class ReplayFeed:
    """Nothing in it opens a socket. `prepare` reads the bundle in a thread; what it raises comes out of `drain`."""

    def __init__(
        self,
        prepare: Callable[[Callable[[int], None]], Film],
        *,
        mode: Mode = Mode.REPLAY,
        rate: float = 1.0,
        playing: bool = True,
        begin: Callable[[Film], datetime | None] = lambda film: film.since,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.film: Film | None = None
        self.frames_read = 0
        self.rate, self.playing = rate, playing
        self._prepare, self._begin, self._mode, self._monotonic = prepare, begin, mode, monotonic
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._at = datetime.now(UTC)
        self._mark = monotonic()
        self._version = 0
        self._shown: datetime | None = None
        self._told = False

    # A feed.

    def start(self) -> None:
        threading.Thread(target=self._read, name="drifttui-replay", daemon=True).start()

    def stop(self) -> None:
        self.playing = False

    def _read(self) -> None:
        try:
            film = self._prepare(self._progress)
        except BaseException as error:
            self._failure = error
            return
        with self._lock:
            self.film = film
            self._at = self._begin(film) or film.since or self._at
            self._mark = self._monotonic()
            self._shown = None

    def _progress(self, frames: int) -> None:
        self.frames_read = frames

    def drain(self) -> Board | None:
        if self._failure is not None:
            error, self._failure = self._failure, None
            raise error
        with self._lock:
            if self.film is None:
                if self._told:
                    return None
                self._told = True
                return Board(mode=self._mode, read_only=True, version=0, at=self._at)
            self._advance()
            if self._shown is not None and not self._due(self._shown):
                return None
            self._shown = self._at
            self._version += 1
            return self.film.board(self._at, self._version)

    def _due(self, shown: datetime) -> bool:
        assert self.film is not None
        if self._at == shown:
            return False
        following = self.film.next_frame(shown) if self._at > shown else None
        return self._at < shown or (following is not None and following <= self._at) or self._at - shown >= _REPAINT

    def open(self, unit: UnitId | None) -> None:
        """Everything was read already."""

    def refresh(self, unit: UnitId | None) -> None:
        """What was seen stays what was seen."""

    def read_directly(self, unit: UnitId, address: str, *, stop: bool = False) -> None:
        """A replay asks nobody."""

    def now(self) -> datetime:
        with self._lock:
            self._advance()
            return self._at

    # The scrubber.

    def _advance(self) -> None:
        now = self._monotonic()
        passed, self._mark = now - self._mark, now
        if not self.playing or self.film is None or self.film.until is None:
            return
        self._at = self._at + timedelta(seconds=passed * self.rate)
        if self._at >= self.film.until:
            self._at, self.playing = self.film.until, False

    def seek(self, at: datetime) -> None:
        """To a moment, bounded by the record."""
        with self._lock:
            self._advance()
            if self.film is not None and self.film.since is not None and self.film.until is not None:
                self._at = min(max(at, self.film.since), self.film.until)

    def toggle(self) -> None:
        """Play or stop; at the end, play from the beginning."""
        with self._lock:
            self._advance()
            film = self.film
            if not self.playing and film is not None and film.until is not None and self._at >= film.until:
                self._at = film.since or self._at
            self.playing = not self.playing

    def faster(self, by: int) -> None:
        """The next rate of `RATES`, or the one before for a negative number."""
        with self._lock:
            self._advance()
            place = min(range(len(RATES)), key=lambda place: abs(RATES[place] - self.rate))
            self.rate = RATES[min(len(RATES) - 1, max(0, place + by))]

    def step(self, by: int) -> None:
        """To the next thing that happened, or the one before; it stops there."""
        with self._lock:
            self._advance()
            self.playing = False
            if self.film is not None:
                found = self.film.next_frame(self._at) if by > 0 else self.film.previous_frame(self._at)
                self._at = found or self._at

    def jump(self, by: int) -> Mark | None:
        """To the next mark, or the one before; gives it."""
        with self._lock:
            self._advance()
            if self.film is None:
                return None
            mark = self.film.next_mark(self._at) if by > 0 else self.film.previous_mark(self._at)
            if mark is not None:
                self._at = mark.at
            return mark
