"""`python -m tests.screens.picture FILE.svg`: the triage screen of the demo as a picture, for the README."""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from drifttui.app import DriftApp
from drifttui.core.board import Mode
from drifttui.screens.feed import Options
from drifttui.services.collect import Collector
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.sources.replay import ReplayClock, ReplaySource
from drifttui.store.recordings import read_recording

DEMO = Path(__file__).parents[2] / "drifttui" / "assets" / "demo.jsonl.gz"


async def picture(path: Path, size: tuple[int, int], keys: list[str], theme: str) -> None:
    recording = read_recording(DEMO)
    clock = ReplayClock(recording, lead=recording.lead + 100)
    sources = [ReplaySource(recording, clock, "demo")]
    collector = Collector(
        sources, Looker(sources, Judgement(), clock), clock, mode=Mode.DEMO, incident="INC-9127", read_only=True
    )
    app = DriftApp(collector, Options(incident="INC-9127", read_only=True, theme=theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(6)
        if keys:
            await pilot.press(*keys)
            await pilot.pause(1)
        drawn = app.export_screenshot(title="drifttui")
        # Fonts of the reader's own machine: a picture in a page fetches nothing.
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))
    collector.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", default="140x40")
    parser.add_argument("--keys", nargs="*", default=[])
    parser.add_argument("--theme", default="drift-dark")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))
    asyncio.run(picture(chosen.file, (width, height), chosen.keys, chosen.theme))


if __name__ == "__main__":
    main()
