"""The screen on a recorded incident: about 200 units in 12 clusters. No account, no cluster, no network.

It is a replay of a bundle that comes with drifttui: `drifttui export --demo -o FILE` gives it to you.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drifttui.services.replay import Film

BEGINS_AFTER = timedelta(seconds=60)
"""The record begins with a session that starts: lists come in, and every unit is looked into once. A showing begins
when that is over."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=1.0, metavar="TIMES", help="play this many times as fast")
    parser.add_argument("--filter", default="", metavar="TERMS", help="as typed after `/`")
    parser.add_argument("--theme", default="", metavar="NAME", help="drift-dark, drift-light, drift-safe, …")


def prepared(progress: Callable[[int], None]) -> Film:
    """Takes about a second: it is for the thread of a feed."""
    from drifttui.core.board import Mode
    from drifttui.services.opened import open_demo
    from drifttui.services.replay import film

    with open_demo() as opened:
        return film(opened, mode=Mode.DEMO, progress=progress)


def begin(film: Film) -> datetime | None:
    return film.since + BEGINS_AFTER if film.since is not None else None


def run(options: argparse.Namespace) -> int:
    from .screen import quicken, refuse_what_is_no_terminal

    refuse_what_is_no_terminal()
    quicken()
    from drifttui.app_replay import ReplayApp
    from drifttui.core.board import Mode
    from drifttui.screens.feed import Options
    from drifttui.services.replay_feed import ReplayFeed

    feed = ReplayFeed(prepared, mode=Mode.DEMO, rate=options.speed, begin=begin)
    return ReplayApp(feed, Options(theme=options.theme, filter=options.filter, read_only=True)).run_to_exit()
