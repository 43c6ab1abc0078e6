"""The sources of an application, as the places that it is rendered from."""

from __future__ import annotations

from collections.abc import Callable

from ...core.origins import Origin, Stated, origins
from .wire_detail import ApplicationInFull, SourceInFull


def origins_of(application: ApplicationInFull, clean: Callable[[str], str]) -> tuple[Origin, ...]:
    """Empty for one source without files of values, and for a hydrated one: the row says all about these."""
    spec, status = application.spec, application.status
    if spec.source_hydrator is not None and spec.source_hydrator.dry_source.repo_url:
        return ()
    sources = spec.sources or ([spec.source] if spec.source is not None and _value_files(spec.source) else [])
    if not sources:
        return ()
    sync, state = status.sync, status.operation_state
    wanted = sync.revisions or [sync.revision]
    applied = _applied(application)
    if state is not None and state.phase == "Succeeded" and state.sync_result is not None:
        result = state.sync_result
        applied = result.revisions or ([result.revision] if result.revision else applied)
    return origins([_stated(source, clean) for source in sources], wanted, applied)


def _applied(application: ApplicationInFull) -> list[str]:
    newest = max(application.status.history or (), key=lambda entry: entry.id, default=None)
    if newest is None:
        return []
    return newest.revisions or [newest.revision]


def _stated(source: SourceInFull, clean: Callable[[str], str]) -> Stated:
    return Stated(
        clean(source.repo_url),
        source.path,
        bool(source.chart),
        source.target_revision,
        source.ref,
        tuple(_value_files(source)),
    )


def _value_files(source: SourceInFull) -> list[str]:
    return (source.helm.value_files or []) if source.helm is not None else []
