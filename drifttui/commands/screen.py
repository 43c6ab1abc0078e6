"""The screen on live systems."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from typing import TYPE_CHECKING

from drifttui.core.errors import InputError

if TYPE_CHECKING:
    from drifttui.services.acting import LiveActing
    from drifttui.services.exporting import LiveEvidence


def refuse_what_is_no_terminal() -> None:
    """Raises `InputError` where a full screen cannot be drawn."""
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise InputError("This terminal cannot show a screen", "TERM=dumb", "Use `drifttui scan`.")
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        # The screen is drawn on stderr, so that the last one has to be a terminal too.
        raise InputError("No terminal here", "stdin, stdout or stderr is not one", "Use `drifttui scan --json`.")


def quicken() -> None:
    """Before the first import of Textual, which reads the environment once."""
    # Imports leave no garbage, and looking for it costs a tenth of them. The app turns this on again.
    gc.disable()
    # Textual paints in frames: with its 60 a second, a key just after a repaint waits for 17 ms. Nothing here is
    # animated, so that more of them cost nothing.
    os.environ.setdefault("TEXTUAL_FPS", "250")


def run(options: argparse.Namespace) -> int:
    refuse_what_is_no_terminal()
    quicken()
    from drifttui.app import DriftApp
    from drifttui.screens.feed import Options
    from drifttui.services.live import live_collector

    collector, settings = live_collector(options, ledger=True)

    def acting() -> LiveActing:
        from drifttui.services.acting import LiveActing
        from drifttui.services.session import utc_now

        return LiveActing(settings, utc_now, collector.reread_acts, collector.under)

    def evidence() -> LiveEvidence:
        from drifttui.services.exporting import LiveEvidence
        from drifttui.services.session import utc_now

        return LiveEvidence(
            settings, utc_now, lambda: collector.recorder is None or collector.recorder.flush(), collector.reread_acts
        )

    app = DriftApp(
        collector,
        Options(
            theme=settings.theme,
            filter=settings.filter,
            incident=settings.incident,
            read_only=settings.read_only,
            keys=settings.keys,
        ),
        acting,
        evidence,
    )
    return app.run_to_exit()
