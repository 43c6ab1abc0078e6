"""The screen on a recorded incident: about 200 units in 12 clusters. No account, no cluster, no network."""

from __future__ import annotations

import argparse
from importlib.resources import as_file, files

from .options import add_session_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=1.0, metavar="TIMES", help="play this many times as fast")
    add_session_arguments(parser, screen=True)


def run(options: argparse.Namespace) -> int:
    from .screen import quicken, refuse_what_is_no_terminal

    refuse_what_is_no_terminal()
    quicken()
    from drifttui.app import DriftApp
    from drifttui.core.board import Mode
    from drifttui.core.link_refs import read_ref
    from drifttui.screens.feed import Options
    from drifttui.services.collect import Collector
    from drifttui.services.judge import Judgement
    from drifttui.services.look import Looker
    from drifttui.sources.replay import ReplayClock, ReplaySource
    from drifttui.store.recordings import read_recording

    with as_file(files("drifttui") / "assets" / "demo.jsonl.gz") as path:
        recording = read_recording(path)
    clock = ReplayClock(recording, rate=options.speed, lead=recording.lead)
    sources = [ReplaySource(recording, clock, "demo")]
    incident = read_ref(options.incident or "INC-9127").text
    looker = Looker(sources, Judgement(), clock)
    collector = Collector(sources, looker, clock, mode=Mode.DEMO, incident=incident, read_only=True)
    app = DriftApp(
        collector,
        Options(theme=options.theme, filter=options.filter, incident=incident, read_only=True, keys={}),
    )
    return app.run_to_exit()
