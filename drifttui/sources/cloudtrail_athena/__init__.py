"""CloudTrail's log files through Athena."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class CloudTrailAthenaFactory:
    """One source for each account with a table."""

    system = "Athena"
    option_help = "CloudTrail's log files through Athena ([aws.athena] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.aws`, `.aws_client` and `.redaction_key`."""
        if not getattr(settings, "aws", ()):
            return []
        from .source import CloudTrailAthena

        return [
            CloudTrailAthena(settings.aws_client(entry), entry.athena, clock, key=settings.redaction_key)
            for entry in settings.aws
            if entry.athena is not None
        ]


SOURCE = CloudTrailAthenaFactory()
