"""The Kubernetes audit log in Loki."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class LokiAuditFactory:
    """One source for each `[[loki]]` table."""

    system = "Loki"
    option_help = "Audit logs in Loki ([[loki]] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.loki`, `.access` and `.redaction_key`."""
        if not getattr(settings, "loki", ()):
            return []
        from .source import loki_source

        return [
            loki_source(entry, clock, key=settings.redaction_key, access=settings.access) for entry in settings.loki
        ]


SOURCE = LokiAuditFactory()
