"""The Kubernetes audit log as files: `[audit] paths`, `--audit PATH`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drifttui.clients.audit_settings import AuditSettings

from ...core.ports import Clock, Source


class AuditLogFactory:
    system = "Kubernetes audit log"
    option_help = "--audit PATH: audit log files, or folders with rotated ones"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        chosen = getattr(settings, "audit", None)
        if not isinstance(chosen, AuditSettings) or not chosen.paths:
            return ()
        from .source import AuditLogSource

        return (AuditLogSource(chosen.paths, clock, key=settings.redaction_key, covers=frozenset(chosen.clusters)),)


SOURCE = AuditLogFactory()
