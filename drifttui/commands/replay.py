"""Walk through a bundle in the same screens, read-only, with a scrubber over its time."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drifttui.services.replay import Film


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="a .tar.gz made by `drifttui export`")
    parser.add_argument("--key", metavar="PUB", type=Path, help="the public key that must have signed it")
    parser.add_argument("--speed", type=float, default=1.0, metavar="TIMES", help="play this many times as fast")
    parser.add_argument(
        "--notes", metavar="FILE", type=Path, help="presenter notes (default: BUNDLE.notes.json beside it)"
    )
    parser.add_argument("--filter", default="", metavar="TERMS", help="as typed after `/`")
    parser.add_argument("--theme", default="", metavar="NAME", help="drift-dark, drift-light, drift-safe, …")


def run(options: argparse.Namespace) -> int:
    from .screen import quicken, refuse_what_is_no_terminal

    refuse_what_is_no_terminal()
    quicken()
    from drifttui.app_replay import ReplayApp
    from drifttui.screens.feed import Options
    from drifttui.services.replay_feed import ReplayFeed

    key = None
    if options.key is not None:
        from drifttui.clients.signing import public_key

        key = public_key(options.key)
    held: list[ReplayApp] = []

    def prepare(progress: Callable[[int], None]) -> Film:
        from drifttui.core.errors import BundleError
        from drifttui.services.opened import open_evidence
        from drifttui.services.replay import film
        from drifttui.services.verify import Outcome
        from drifttui.store.notes import Notes

        with open_evidence(options.bundle, key) as opened:
            if key is not None and opened.verified.outcome is not Outcome.SIGNED:
                raise BundleError(f"{options.bundle} is not signed", "and --key asks for a signature")
            beside = options.notes or options.bundle.with_name(f"{options.bundle.name}.notes.json")
            held[0].notes = Notes(beside, opened.verified.digest)
            return film(opened, progress=progress)

    feed = ReplayFeed(prepare, rate=options.speed)
    app = ReplayApp(feed, Options(theme=options.theme, filter=options.filter, read_only=True), bundle=options.bundle)
    held.append(app)
    return app.run_to_exit()
