"""Audit logs as files: the cluster's (`[audit] paths`, `--audit PATH`) and CloudTrail's (`[audit] cloudtrail`)."""

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
        if not isinstance(chosen, AuditSettings):
            return ()
        found: list[Source] = []
        if chosen.paths:
            from .source import AuditLogSource

            covers = frozenset(chosen.clusters)
            found.append(AuditLogSource(chosen.paths, clock, key=settings.redaction_key, covers=covers))
        if chosen.cloudtrail:
            from .cloudtrail import CloudTrailLog

            found.append(CloudTrailLog(chosen.cloudtrail, clock, key=settings.redaction_key))
        return tuple(found)


SOURCE = AuditLogFactory()
