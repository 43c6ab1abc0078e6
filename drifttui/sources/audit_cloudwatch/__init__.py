"""The audit log of EKS in CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class CloudWatchAuditFactory:
    """One source for each cluster."""

    system = "EKS audit log"
    option_help = "EKS audit logs in CloudWatch Logs ([[aws.cluster]] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.aws`, `.aws_client` and `.redaction_key`."""
        if not getattr(settings, "aws", ()):
            return []
        from .source import CloudWatchAudit

        return [
            CloudWatchAudit(settings.aws_client(entry), cluster, clock, key=settings.redaction_key)
            for entry in settings.aws
            for cluster in entry.cluster
        ]


SOURCE = CloudWatchAuditFactory()
