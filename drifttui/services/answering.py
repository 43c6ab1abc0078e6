"""Answers from a thread of its own, for a screen that neither waits for the disk nor reads it.

Made before it is needed: the thread starts with the first ask.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from drifttui.core.errors import DriftError, inert

STOP_WAITS = 5.0
"""Seconds that leaving waits for a half written bundle to be taken back."""


class Answering:
    """Jobs one after another. `progress` is what is being done right now, and how far it is."""

    def __init__(self, name: str) -> None:
        self.progress: tuple[str, int] = ("", 0)
        self._name = name
        self._told: tuple[str, int] = ("", 0)
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._now = threading.Event()
        """Set: what is under way is not wanted any more."""
        self._thread: threading.Thread | None = None

    def drain(self) -> bool:
        """Calls what came in as an answer, in the thread that asks. True where the progress is another one."""
        with suppress(queue.Empty):
            while True:
                self._answers.get_nowait()()
        moved, self._told = self.progress != self._told, self.progress
        return moved

    def cancel(self) -> None:
        """Nobody waits for an answer any more, and `dropped` follows."""
        self._now.set()
        self._now = threading.Event()
        if self._thread is not None:
            self._jobs.put(self.dropped)

    def stop(self) -> None:
        if self._thread is not None:
            self.cancel()
            self._jobs.put(None)
            self._thread.join(STOP_WAITS)

    def ask(
        self,
        job: Callable[[threading.Event], Any],
        then: Callable[[Any], None],
        failed: Callable[[str], Any],
        after_bug: str = "Nothing was written.",
    ) -> None:
        """`then` gets what `job` gives, or what `failed` makes of the one line that says why there is nothing."""
        now = self._now
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

        def run() -> None:
            if now.is_set():
                return
            try:
                answer = job(now)
            except DriftError as error:
                answer = failed(error.one_line())
            except OSError as error:
                answer = failed(f"The disk refused: {inert(error.strerror or str(error), 200)}.")
            except Exception as error:
                from .evidence import Cancelled

                # Told where it was asked: a thread that dies in silence would leave the operator waiting.
                if isinstance(error, Cancelled):
                    return
                answer = failed(f"This went wrong inside drifttui: {type(error).__name__}. {after_bug}")
            finally:
                self.progress = ("", 0)
            self._answers.put(lambda: None if now.is_set() else then(answer))

        self._jobs.put(run)

    def tell(self, phase: str, count: int) -> None:
        self.progress = (phase, count)

    # In the thread.

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def dropped(self) -> None:
        """What was gathered goes."""
