"""Is every source, and every incident tracker, reachable, authenticated and permitted?

Exits 0 when all are, 3 when one is blind or lacks a permission, 1 on errors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from .options import add_json_argument, add_session_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.health import SourceHealth, Standing
    from drifttui.core.ports import Source
    from drifttui.services import answers
    from drifttui.services.session import build_sources, settings_from, utc_now
    from drifttui.sources.trackers import build_trackers

    settings = settings_from(options)
    sources: list[Source] = [*build_sources(settings, utc_now), *build_trackers(settings, utc_now)]

    async def check() -> list[SourceHealth]:
        try:
            return await asyncio.gather(*(source.check() for source in sources))
        finally:
            await asyncio.gather(*(source.close() for source in sources), return_exceptions=True)

    found = asyncio.run(check())
    healthy = all(
        health.standing in (Standing.OK, Standing.OFF)
        and all(right.allowed is not False for right in health.permissions)
        for health in found
    )
    if options.json:
        document = {
            "schema": answers.DOCTOR,
            "healthy": healthy,
            "sources": [answers.source(health) for health in found],
        }
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        from drifttui.commands.show import show_sources

        show_sources(found)
    return 0 if healthy else 3
