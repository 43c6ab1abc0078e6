"""The checklist of a close-out at the moment that a replay shows: made of what was seen until then, never recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from drifttui.core.acts import NOTHING
from drifttui.core.acts_fold import fold
from drifttui.core.asks import Answer
from drifttui.core.closeout import Closeout
from drifttui.core.evidence_asks import Decision, Order, Previewed, Reviewed, Subject, Written
from drifttui.core.scope import incident_scope
from drifttui.store.journal import Kept

from .closing import review
from .evidence import Material
from .export import began_under
from .recording import look_body
from .replay import Film
from .replay_feed import ReplayFeed

REFUSED = "A replay records nothing"


class ReplayClosing:
    """Implements `screens.evidence.Evidence`, of which a replay only reviews."""

    progress = ("", 0)

    def __init__(self, feed: ReplayFeed) -> None:
        self._feed = feed

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None:
        film = self._feed.film
        if film is None:
            then(Reviewed(problem="the bundle is still being opened"))
        else:
            then(Reviewed(_reviewed(film, incident, self._feed.now())))

    def drain(self) -> bool:
        return False

    def preview(self, subject: Subject, then: Callable[[Previewed], None]) -> None:
        then(Previewed(problem=REFUSED))

    def export(self, order: Order, then: Callable[[Written], None]) -> None:
        then(Written(problem=REFUSED))

    def settle(self, incident: str, decision: Decision, then: Callable[[Answer], None]) -> None:
        then(Answer(REFUSED, True))

    def close_out(self, incident: str, then: Callable[[Answer], None]) -> None:
        then(Answer(REFUSED, True))

    def cancel(self) -> None:
        """Nothing is under way."""

    def stop(self) -> None:
        """Nothing runs."""


def _reviewed(film: Film, incident: str, now: datetime) -> Closeout:
    events = [frame.event for frame in film.frames if frame.event is not None and frame.at <= now]
    acts = fold(NOTHING, events)
    kept = list(_kept(film, now))
    seen = began_under(incident, film.since or now, film.incident, (record for _, record in kept))
    scope = incident_scope(acts, incident, seen)
    return review(incident, scope, Material((), lambda _: iter(kept)), events, acts, now)


def _kept(film: Film, until: datetime) -> Iterator[tuple[datetime, Kept]]:
    """Frames as a session keeps what it sees."""
    for frame in film.frames:
        if frame.at > until:
            return
        if frame.batch is not None:
            yield frame.at, Kept(0.0, frame.batch)
        if frame.unit is not None and frame.look is not None:
            yield frame.at, Kept(0.0, None, look_body(frame.unit, frame.look, frame.at))
