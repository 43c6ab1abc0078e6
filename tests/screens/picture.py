"""`python -m tests.screens.picture FILE.svg`: the triage screen of the demo as a picture, for the README."""

from __future__ import annotations

import argparse
import asyncio
import re
from datetime import timedelta
from pathlib import Path

from drifttui.app_replay import ReplayApp
from drifttui.commands.demo import BEGINS_AFTER, prepared
from drifttui.core.board import Mode
from drifttui.screens.feed import Options
from drifttui.services.replay_feed import ReplayFeed

LATER = timedelta(seconds=100)
"""What the picture shows happened that long after a showing begins."""


async def picture(path: Path, size: tuple[int, int], keys: list[str], theme: str) -> None:
    film = prepared(lambda frames: None)
    assert film.since is not None
    at = film.since + BEGINS_AFTER + LATER
    feed = ReplayFeed(lambda progress: film, mode=Mode.DEMO, begin=lambda film: at)
    app = ReplayApp(feed, Options(read_only=True, theme=theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(2)
        if keys:
            await pilot.press(*keys)
            await pilot.pause(1)
        drawn = app.export_screenshot(title="drifttui")
        # Fonts of the reader's own machine: a picture in a page fetches nothing.
        path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))
    feed.stop()


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
