"""A collector on live systems, for the screen and for the commands."""

from __future__ import annotations

import argparse
import os
from functools import cache, partial
from typing import TYPE_CHECKING

from drifttui.core.board import Mode

from .collect import Collector
from .session import Settings, settings_from, utc_now

if TYPE_CHECKING:
    from drifttui.store.ledger import Ledger

    from .collect import Reading
    from .judge import Found, Links, Who
    from .look import Judge
    from .recording import Recording
    from .undoing import Undoing


def live_collector(options: argparse.Namespace, *, ledger: bool = False) -> tuple[Collector, Settings]:
    """Not started; with `ledger` its boards say what operators did.

    Raises `InputError` for the settings; what is wrong with the sources comes out of `drain`.
    Sources, and all that they import, are made in the collector's thread: the first frame does not wait for them.
    """
    settings = settings_from(options)

    def prepare() -> Reading:
        from drifttui.core.ports import AuditSource, HistorySource

        from .look import Looker
        from .session import build_sources

        sources = build_sources(settings, utc_now)
        attribution = None
        if audit := [source for source in sources if isinstance(source, AuditSource)]:
            from .attribution import Attribution  # Without a log it is made with the first look, behind the list.

            attribution = Attribution(audit, utc_now)

        history = None
        if git := [source for source in sources if isinstance(source, HistorySource)]:
            from .history import History

            history = History(git, utc_now)

        judge = judging(
            settings,
            attribution.known if attribution else None,
            collector.links,
            history.known if history else None,
        )

        def undoing() -> Undoing:
            from .undoing import Undoing

            return Undoing(attribution, history, utc_now)

        return sources, Looker(sources, judge, utc_now, attribution, history, undoing)

    rows = None
    if getattr(options, "no_cache", True) is False:
        from drifttui.store.rows import RowCache

        rows = RowCache(_what_is_read(settings))
    collector = Collector(
        (),
        None,
        utc_now,
        prepare=prepare,
        mode=Mode.LIVE,
        cache=rows,
        incident=settings.incident,
        read_only=settings.read_only,
        ledger=partial(_ledger, settings.ledger) if ledger else None,
        recorder=partial(_recorder, settings) if ledger and settings.record else None,
    )
    return collector, settings


def _recorder(settings: Settings) -> Recording:
    from .recording import Recorder

    return Recorder(utc_now, incident=settings.incident, limit=settings.record * 1024 * 1024)


def _ledger(target: str) -> Ledger:
    from drifttui.store.ledger import open_ledger

    return open_ledger(target, clock=utc_now, create=False)


def judging(
    settings: Settings, who: Who | None = None, links: Links | None = None, merges: Found | None = None
) -> Judge:
    """Reads the policy and the ids of findings with the first look, so that the list does not wait for them. Raises
    `InputError` then for a policy that cannot be used."""

    @cache
    def judgement() -> Judge:
        from drifttui.store.findings import FindingStore

        from .judge import Judgement

        store = FindingStore()
        store.load(utc_now())
        return Judgement(settings.policy, store, who, links, merges)

    return lambda unit, inspection, previous, now: judgement()(unit, inspection, previous, now)


def _what_is_read(settings: Settings) -> list[str]:
    """What decides which sources there will be, before they are there."""
    kubernetes = settings.kubernetes
    return [
        *(f"argocd {entry.name} {entry.server} {entry.context} {entry.config_file}" for entry in settings.argocd),
        *(f"crd {context}" for context in settings.argocd_crd_contexts),
        f"flux {settings.flux.enabled} {' '.join(settings.flux.contexts)}",
        f"kubernetes {kubernetes.enabled} {kubernetes.kubeconfig or os.environ.get('KUBECONFIG', '')}",
        *(f"context {context}" for context in kubernetes.contexts),
    ]
