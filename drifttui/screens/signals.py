"""A killed program leaves the terminal as it found it. Textual restores it only when the app ends by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT") if hasattr(signal, name)
)


def leave_on_signals(leave: Callable[[int], None]) -> None:
    """Calls `leave(128 + n)` in the running loop, once; a second signal of the same kind kills as usual."""
    loop = asyncio.get_running_loop()

    def on(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        leave(128 + number)

    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, on, number)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # Not the main thread, as in a test of widgets: whoever owns it owns the signals.
