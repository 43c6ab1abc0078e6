"""What screens may ask of the record. A Protocol: the screens know neither disk nor ledger, and tests fake both.

Nothing here waits. Each ask is answered through `then`, which `drain` calls on the thread that asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from drifttui.core.asks import Answer
from drifttui.core.draft_asks import Ahead, Drafts, OpenedAll
from drifttui.core.evidence_asks import Decision, Order, Previewed, Reviewed, Subject, Written
from drifttui.widgets.cells import Line


class Evidence(Protocol):
    @property
    def progress(self) -> tuple[str, int]:
        """What is being done right now and how far it is, such as ("reading", 4200); an empty phase: nothing is."""
        ...

    def drain(self) -> bool:
        """Calls what came in as an answer. True where the progress is another one. Asked ten times a second."""
        ...

    def preview(self, subject: Subject, then: Callable[[Previewed], None]) -> None:
        """Gathers a bundle in a private folder; writes nothing else. The one before is dropped."""
        ...

    def export(self, order: Order, then: Callable[[Written], None]) -> None:
        """Writes what was previewed last, whole or not at all."""
        ...

    def cancel(self) -> None:
        """Nobody waits for an answer any more, and what was gathered goes. What is being written leaves nothing."""
        ...

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None: ...

    def settle(self, incident: str, decision: Decision, then: Callable[[Answer], None]) -> None: ...

    def close_out(self, incident: str, then: Callable[[Answer], None]) -> None:
        """Records the checklist in the ledger, where nothing of it blocks."""
        ...

    def stop(self) -> None: ...


@runtime_checkable
class Drafting(Protocol):
    """Evidence that can draft what brings Git, or a state file, up to what runs."""

    @property
    def progress(self) -> tuple[str, int]: ...

    def drafts(self, incident: str, clone: str, then: Callable[[Drafts], None]) -> None:
        """Of the findings that still differ, in `clone`, else in those of the settings. Writes nothing."""
        ...

    def write_drafts(self, findings: Sequence[str], folder: str, then: Callable[[Answer], None]) -> None:
        """A patch and a description for each of those that were drafted last."""
        ...

    def look_ahead(
        self, incident: str, findings: Sequence[str], repo: str, target: str, then: Callable[[Ahead], None]
    ) -> None:
        """What opening requests for these would do; `repo` and `target` empty: those of the clone and of the host."""
        ...

    def open_requests(self, incident: str, then: Callable[[OpenedAll], None]) -> None:
        """Opens what was looked at last, one by one, each written down before and after."""
        ...


def reading_words(progress: tuple[str, int]) -> Line:
    """How far the record is read."""
    phase, count = progress
    return [(f"{phase or 'reading'} the record" + (f", {count:,}" if count else ""), "muted")]
