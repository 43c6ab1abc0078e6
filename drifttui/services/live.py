"""A collector on live systems, for the screen and for the commands."""

from __future__ import annotations

import argparse

from drifttui.core.board import Mode
from drifttui.store.rows import RowCache

from .collect import Collector
from .judge import Judgement
from .look import Looker
from .session import Settings, build_sources, settings_from, utc_now


def live_collector(options: argparse.Namespace) -> tuple[Collector, Settings]:
    """Not started. Raises `InputError`."""
    settings = settings_from(options)
    sources = build_sources(settings, utc_now)
    judgement = Judgement(settings.policy)
    cached = getattr(options, "no_cache", True) is False
    collector = Collector(
        sources,
        Looker(sources, judgement, utc_now),
        utc_now,
        mode=Mode.LIVE,
        cache=RowCache(source.name for source in sources) if cached else None,
        incident=options.incident,
        read_only=settings.read_only,
    )
    return collector, settings
